package connect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/holepunch"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// racer is an authenticated connection that may become the pair's.
type racer struct {
	conn   net.Conn
	path   wire.Path
	client bool      // of TLS: on a listening port, this rank dialled
	at     time.Time // when it was authenticated
	once   sync.Once
	done   chan struct{} // closed with the connection
}

// await waits until the racer is closed, or the context ends, as the pair's does when it settles.
func (r *racer) await(ctx context.Context) {
	select {
	case <-r.done:
	case <-ctx.Done():
	}
}

// close closes the connection. It may be called more than once.
func (r *racer) close() {
	r.once.Do(func() {
		close(r.done)
		holepunch.Abandon(tcp.Raw(r.conn))
	})
}

// pair is this rank and one other. The lower rank of the two nominates; the higher obeys, also when a later
// nomination takes the place of an earlier one whose acknowledgement was lost.
type pair struct {
	peer   int
	lower  bool // this rank is the lower one
	all    bool // every path is wanted, not the best
	racers chan *racer
	list   []candidate     // that this rank dials, best first
	ctx    context.Context // of the attempts to connect; ends when the pair settles
	stop   context.CancelFunc

	mu      sync.Mutex
	live    map[*racer]bool
	settled *racer
	setup   time.Duration
	closed  bool
	dialled int                 // connections by TCP that are still to prove themselves
	errs    map[candidate]error // the last failure
}

func newPair(ctx context.Context, self, peer int) *pair {
	p := &pair{peer: peer, lower: self < peer, racers: make(chan *racer), live: map[*racer]bool{}, errs: map[candidate]error{}}
	p.ctx, p.stop = context.WithCancel(ctx)
	return p
}

// enter registers an authenticated connection, and returns false if it comes too late.
func (p *pair) enter(r *racer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || (p.lower && p.settled != nil) {
		return false
	}
	p.live[r] = true
	return true
}

// drop closes a connection that lost or broke.
func (p *pair) drop(r *racer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, r)
	if p.settled != r {
		r.close()
	}
}

// settle makes r the pair's connection and closes all others. ok is false if the pair is closed; first tells whether
// the pair had none yet.
func (p *pair) settle(r *racer, setup time.Duration) (ok, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false, false
	}
	first = p.settled == nil
	if !first {
		p.settled.close()
	}
	p.settled, p.setup = r, setup
	p.stop()
	delete(p.live, r)
	for other := range p.live {
		other.close()
	}
	clear(p.live)
	return true, first
}

// close ends the racing; the settled connection stays open if keep.
func (p *pair) close(keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.stop()
	for r := range p.live {
		r.close()
	}
	clear(p.live)
	if !keep && p.settled != nil {
		p.settled.close()
	}
}

func (p *pair) isSettled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settled != nil
}

// hopes tells whether a better path than the given one has not failed yet.
func (p *pair) hopes(path wire.Path) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.list, func(c candidate) bool { return c.path < path && p.errs[c] == nil })
}

// busy tells whether a connection has been made that may still prove itself.
func (p *pair) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.all && (p.dialled > 0 || len(p.live) > 0)
}

func (p *pair) proving(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialled += n
}

// failed notes why a candidate has not worked so far.
func (p *pair) failed(c candidate, err error) {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // without the addresses, which are in the report anyway
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errs[c] = err
}

// failures lists the last failure of each candidate, for an error.
func (p *pair) failures() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for c, err := range p.errs {
		list = append(list, fmt.Sprintf("%s: %v", c, err))
	}
	if len(list) == 0 {
		return "no path is possible with these settings"
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

var errNoAnswer = errors.New("no answer")
