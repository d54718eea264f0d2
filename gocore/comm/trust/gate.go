package trust

import (
	"container/list"
	"context"
	"net"
	"sync"
	"time"
)

// Gate bounds the connections on a listening port that have not proved themselves yet. When it is full, the oldest
// is closed to let a new one in: strangers who connect and wait can't keep out those who belong.
type Gate struct {
	mu    sync.Mutex
	limit int
	stay  time.Duration
	order list.List // of *guest, oldest first
	ended int       // guests who had to give way
}

type guest struct {
	conn net.Conn
	came time.Time
}

// NewGate returns a gate for limit connections, each of which has at least stay to prove itself.
func NewGate(limit int, stay time.Duration) *Gate { return &Gate{limit: limit, stay: stay} }

// Enter registers a connection, if need be after waiting until the oldest has had its time. The caller calls leave
// when the connection has proved itself or ended; when the context ends while waiting, the connection is closed.
func (g *Gate) Enter(ctx context.Context, c net.Conn) (leave func()) {
	for {
		leave, wait := g.tryEnter(c)
		if leave != nil {
			return leave
		}
		select {
		case <-time.After(min(wait, 5*time.Millisecond)):
		case <-ctx.Done():
			_ = c.Close()
			return func() {}
		}
	}
}

func (g *Gate) tryEnter(c net.Conn) (leave func(), wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.order.Len() >= g.limit {
		oldest := g.order.Front().Value.(*guest)
		if had := time.Since(oldest.came); had < g.stay {
			return nil, g.stay - had
		}
		g.giveWay()
	}
	e := g.order.PushBack(&guest{c, time.Now()})
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.order.Remove(e) // no effect on an element that was removed already
	}, 0
}

// giveWay closes the oldest.
func (g *Gate) giveWay() {
	_ = g.order.Remove(g.order.Front()).(*guest).conn.Close()
	g.ended++
}

// GiveWay closes the oldest connection in the gate, if there is one, for what it holds to be used otherwise.
func (g *Gate) GiveWay() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.order.Len() > 0 {
		g.giveWay()
	}
}

// Ended returns how many connections were closed to let others in.
func (g *Gate) Ended() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended
}

// Len returns the number of connections in the gate.
func (g *Gate) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.order.Len()
}
