package connect

import (
	"context"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/trust"
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

// Board is where a rank leaves data for all others, in the first of Options.Stores. It is opened at its first use.
type Board struct {
	joiner *joiner
	at     *office
	once   sync.Once
	opened *store.Board
	err    error
}

// Path returns the store's name as a path.
func (b *Board) Path() string { return b.at.server.Path().String() }

// Put leaves data under a name that is used once.
func (b *Board) Put(ctx context.Context, name string, data []byte) error {
	opened, err := b.open(ctx)
	if err != nil {
		return err
	}
	return opened.Put(ctx, name, data)
}

// Get waits for what is left under a name and reads it: as many bytes as into has.
func (b *Board) Get(ctx context.Context, name string, into []byte) error {
	opened, err := b.open(ctx)
	if err != nil {
		return err
	}
	return opened.Get(ctx, name, into)
}

func (b *Board) open(ctx context.Context) (*store.Board, error) {
	b.once.Do(func() {
		var o *store.Office
		if o, b.err = b.at.open(ctx, b.joiner); b.err == nil {
			b.opened, b.err = o.Board(b.joiner.token.Derive(trust.StoreKeys), b.joiner.epoch)
		}
	})
	return b.opened, b.err
}

// storable tells whether a pair may use a store: on one host only where that is all it may use.
func (j *joiner) storable(server store.Server, self, peer *wire.Entry) bool {
	return j.allowed[server.Path()] && !(sameHost(self, peer) && j.allowed[wire.Loopback])
}

// stored connects a pair through a store. There is one connection per pair, so one attempt.
func (j *joiner) stored(ctx context.Context, p *pair, at *office) {
	c := candidate{path: at.server.Path()}
	if j.others() {
		pause(p.ctx, time.Until(j.start.Add(storeAfter)))
	}
	if p.giveWay(); p.ctx.Err() != nil {
		return
	}
	j.track(p, c, "dial", nil)
	var r *racer
	o, err := at.open(ctx, j)
	if err == nil {
		r, err = j.prove(p, o.Conn(p.peer), p.lower, c.path)
	}
	j.conclude(ctx, p, c, r, err)
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
