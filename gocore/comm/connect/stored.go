package connect

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	// storeAfter is how long after the punches' start a store is tried: the relay is better.
	storeAfter = relayAfter + 2*time.Second
	// officeTimeout bounds the last words to the server, and the removal of what is left there.
	officeTimeout = 5 * time.Second
)

// office is this rank's at one store, opened when the first pair needs it.
type office struct {
	server store.Server
	once   sync.Once
	opened *store.Office
	err    error
}

func (o *office) open(ctx context.Context, j *joiner) (*store.Office, error) {
	o.once.Do(func() { o.opened, o.err = store.Open(ctx, o.server, j.epoch, j.rank, len(j.roster.Entries)) })
	return o.opened, o.err
}

// closeOffices ends all connections through stores.
func (j *joiner) closeOffices() {
	ctx, cancel := context.WithTimeout(context.Background(), officeTimeout)
	defer cancel()
	for _, o := range j.offices {
		o.once.Do(func() {})
		if o.opened != nil {
			_ = o.opened.Close(ctx) // the job is over: what can't be removed expires
		}
	}
	j.offices = nil
}

// storable tells whether a pair may use a store: on one host only where that is all it may use.
func (j *joiner) storable(server store.Server, self, peer *wire.Entry) bool {
	return j.allowed[server.Path()] && !(sameHost(self, peer) && j.allowed[wire.Loopback])
}

// stored connects a pair through a store. There is one connection per pair, so one attempt.
func (j *joiner) stored(ctx context.Context, p *pair, at *office) {
	path := at.server.Path()
	if j.others() {
		pause(p.ctx, time.Until(j.start.Add(storeAfter)))
	}
	if p.giveWay(); p.ctx.Err() != nil {
		return
	}
	j.event(p.peer, path, "", "dial", nil)
	var r *racer
	o, err := at.open(ctx, j)
	if err == nil {
		r, err = j.prove(p, o.Conn(p.peer), p.lower, path)
	}
	switch {
	case err == nil:
		j.offer(ctx, p, r)
	case p.ctx.Err() == nil:
		p.failed(path, netip.AddrPort{}, err)
		j.event(p.peer, path, "", "refused", err)
	}
}

// others tells whether a path other than the stores is allowed.
func (j *joiner) others() bool {
	for other := range j.allowed {
		if j.allowed[other] && other < wire.Redis {
			return true
		}
	}
	return false
}
