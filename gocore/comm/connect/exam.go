package connect

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// examTime is how long after the punches' start ways are tried.
const examTime = 3 * time.Second

// Way is one way to connect two ranks, and what came of it.
type Way struct {
	Path      string     `json:"path"`
	From      int        `json:"from"`    // the rank that dials; the lower, where both do
	Address   string     `json:"address"` // that it dials
	Works     bool       `json:"works"`
	Setup     float64    `json:"setup_ms"` // from the roster to the authenticated connection
	RTT       float64    `json:"rtt_ms"`
	MegaBytes [2]float64 `json:"mb_per_s"` // from rank 0 to 1, and from 1 to 0
	Reason    string     `json:"reason"`   // why it doesn't work
}

// Examination is what Examine found out about two ranks.
type Examination struct {
	Rank  int       `json:"rank"`
	Peers [2]Outset `json:"ranks"`
	Ways  []Way     `json:"ways"` // best first, as far as it is known here
	Best  string    `json:"best"` // the path that Join would end on; "": none
}

// Outset is how a rank is connected, as far as it and the server know.
type Outset struct {
	Public  string   `json:"public"` // as the server sees it
	Own     []string `json:"own"`    // its addresses
	Mapping string   `json:"mapping"`
}

// Examine opens a job of two ranks like Join, but tries every way to connect them instead of the best, measures each,
// and ends: the token is good for another opening. Both ranks call it.
func Examine(ctx context.Context, token trust.Token, opt Options) (*Examination, error) {
	j := &joiner{opt: opt, token: token, network: system{}, began: time.Now(), exam: make(chan *racer, 64)}
	var e *Examination
	err := j.opening(ctx, "the ways between the ranks to be tried", func(ctx context.Context) (err error) {
		if len(j.pairs) != 2 {
			return status.Errorf(status.Invalid, "ways are examined between two ranks, and the token is for %d: make one with --world-size 2", len(j.pairs))
		}
		e, err = j.examine(ctx)
		j.client.Fail(errExamined)
		return err
	})
	if err != nil {
		return nil, status.In("examine", err)
	}
	return e, nil
}

var errExamined = status.Errorf(status.Cancelled, "the examination has ended")

// examine tries every way, and then measures those that work.
func (j *joiner) examine(ctx context.Context) (*Examination, error) {
	g := task.NewGroup(ctx)
	ctx = g.Context()
	p := newPair(ctx, j.rank, 1-j.rank)
	p.all = true
	j.pairs[p.peer] = p
	if j.listener != nil {
		stop := context.AfterFunc(ctx, func() { _ = j.listener.Close() })
		defer stop()
		g.Go(func(ctx context.Context) error { return j.accept(ctx, g) })
	}
	if j.quic != nil {
		g.Go(func(ctx context.Context) error { return j.serveQUIC(ctx, g) })
	}
	j.race(g, p)
	var racers []*racer
	timer := time.NewTimer(time.Until(j.start.Add(examTime)))
	defer timer.Stop()
	for trying := true; trying; {
		select {
		case r := <-j.exam:
			racers = append(racers, r)
		case <-timer.C:
			trying = false
		case <-ctx.Done():
			trying = false
		}
	}
	p.stop() // the attempts: what they have made stays
	slices.SortStableFunc(racers, func(a, b *racer) int { return int(a.path) - int(b.path) })
	e := &Examination{Rank: j.rank}
	for rank := range j.roster.Entries {
		e.Peers[rank] = outset(&j.roster.Entries[rank])
	}
	rows := j.rows(p)
	ways, err := j.measure(ctx, p, racers, rows)
	p.close(false)
	g.Fail(errDone)
	_ = g.Wait()
	if err != nil {
		return nil, err
	}
	e.Ways = ways
	slices.SortStableFunc(e.Ways, func(a, b Way) int { return int(pathOf(a)) - int(pathOf(b)) })
	if i := slices.IndexFunc(e.Ways, func(w Way) bool { return w.Works }); i >= 0 {
		e.Best = e.Ways[i].Path
	}
	return e, nil
}

func pathOf(w Way) wire.Path {
	p, _ := wire.ParsePath(w.Path)
	return p
}

func outset(e *wire.Entry) Outset {
	o := Outset{Public: e.Observed.Addr().String(), Mapping: e.Member.Mapping.String()}
	for _, a := range e.Member.Addresses {
		o.Own = append(o.Own, a.String())
	}
	return o
}

// row is a way of which this rank knows what came of it.
type row struct {
	Way
	path wire.Path
	at   netip.AddrPort
}

// rows lists the ways that this rank dials and, the lower of the two, those that both do.
func (j *joiner) rows(p *pair) (list []*row) {
	self, peer := &j.roster.Entries[j.rank], &j.roster.Entries[p.peer]
	add := func(path wire.Path, at netip.AddrPort) {
		list = append(list, &row{Way: Way{Path: path.String(), From: j.rank, Address: at.String()}, path: path, at: at})
	}
	for _, c := range p.list {
		add(c.path, c.address)
	}
	if p.lower && j.allowed[wire.Punched] && !sameHost(self, peer) {
		remotes := punchable(self, peer, j.allowed)
		if len(remotes) == 0 {
			remotes = append(remotes, peer.Observed)
		}
		for _, remote := range remotes {
			add(wire.Punched, remote)
		}
	}
	if p.lower {
		for _, remote := range j.quicRemotes(self, peer) {
			add(wire.QUIC, remote)
		}
	}
	if relay, ok := j.relay(self, peer); ok && p.lower {
		add(wire.Relayed, relay)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range list {
		r.Reason = "no answer"
		if r.path == wire.Punched && len(punchable(self, peer, j.allowed)) == 0 {
			r.Reason = "the ranks have no family of addresses in common"
		}
		if err := p.errs[candidate{r.path, r.at}]; err != nil {
			r.Reason = err.Error()
		}
	}
	return list
}

// find returns the row that a connection of this rank's belongs to, or -1: the other rank dialled it.
func find(rows []*row, r *racer, lower bool) int {
	return slices.IndexFunc(rows, func(w *row) bool {
		switch {
		case w.path != r.path:
			return false
		case r.path == wire.Relayed:
			return lower
		case r.path == wire.Punched, r.path == wire.QUIC:
			return lower && addrPort(r.conn.RemoteAddr()) == w.at
		}
		return r.client && addrPort(r.conn.RemoteAddr()) == w.at
	})
}

func addrPort(a interface{ String() string }) netip.AddrPort {
	p, _ := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// note enters into its row that a connection was made.
func (j *joiner) note(w *Way, r *racer) {
	w.Works, w.Reason = true, ""
	w.Setup = milliseconds(r.at.Sub(j.sealed))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// encodeWays and decodeWays are the form of tables on the wire.
func encodeWays(rows []*row) ([]byte, error) {
	ways := make([]Way, len(rows))
	for i, r := range rows {
		ways[i] = r.Way
	}
	return json.Marshal(ways)
}

func decodeWays(text []byte) (ways []Way, err error) {
	if err := json.Unmarshal(text, &ways); err != nil {
		return nil, status.Errorf(status.Malformed, "the other rank's table: %w", err)
	}
	return ways, nil
}

// Advice says what an examination means, and what to change.
func Advice(e *Examination) []string {
	switch {
	case e == nil:
		return nil
	case e.Best == "":
		return []string{"No way leads from one rank to the other: let TCP pass between the two machines, or from both to the rendezvous server's relay."}
	case pathOf(Way{Path: e.Best}) >= wire.Relayed:
		return []string{"Only the " + e.Best + " connects the two ranks: all their data passes it. A public address or an open port on one " +
			"side, endpoint-independent mapping on both, or IPv6 would let them talk directly."}
	}
	return []string{"The ranks connect directly (" + e.Best + "): nothing to change."}
}
