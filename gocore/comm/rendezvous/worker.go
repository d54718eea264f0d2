package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// worker is one registered connection on the server.
type worker struct {
	conn     *tls.Conn
	request  *wire.Register
	observed netip.AddrPort
	deadline time.Time // when the worker's own patience ends
	job      *job
	rank     int // assigned when the job is sealed; -1 before, unless asked for

	out  chan [][]byte // encoded messages, in parts that are written one after the other
	last chan struct{} // closed when nothing is to follow what is in out

	ended    bool // last is closed; under the job's lock, as all below
	reported bool // connected to all others
}

const (
	maxPings     = 16               // of one worker
	outMessages  = maxPings + 4     // more than a worker can make the server owe it
	writePiece   = 64 << 10         // of a message: a roster for 20,000 workers takes a while for all of them
	writeTimeout = 10 * time.Second // of a piece
)

func newWorker(conn *tls.Conn, m *wire.Register, maxWait time.Duration) *worker {
	return &worker{conn: conn, request: m, deadline: time.Now().Add(min(m.Patience, maxWait)), rank: m.Rank,
		observed: addrOf(conn.RemoteAddr()),
		out:      make(chan [][]byte, outMessages), last: make(chan struct{})}
}

// send queues a message. The job's lock is held: it never blocks, and never happens after end.
func (w *worker) send(parts ...[]byte) {
	select {
	case w.out <- parts:
	default: // more than any worker may be owed: it doesn't read
		_ = w.conn.NetConn().Close()
	}
}

// run serves the connection until it ends.
func (w *worker) run(ctx context.Context) {
	g := task.NewGroup(ctx)
	g.Go(w.write)
	w.job.left(w, task.Recovered(w.read))
	_ = g.Wait()
	drain(w.conn)
}

// write sends what is queued; after the last message it lets the worker close first.
func (w *worker) write(ctx context.Context) error {
	put := func(parts [][]byte) error {
		for _, part := range parts {
			for piece := range slices.Chunk(part, writePiece) {
				_ = w.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
				if _, err := w.conn.Write(piece); err != nil {
					return err
				}
			}
		}
		w.job.sent(wire.JoinType(parts[0][0]))
		return nil
	}
	for {
		select {
		case parts := <-w.out:
			if put(parts) != nil {
				_ = w.conn.NetConn().Close()
				return nil
			}
		case <-w.last:
			for len(w.out) > 0 {
				if put(<-w.out) != nil {
					break
				}
			}
			_ = w.conn.CloseWrite()
			_ = w.conn.SetReadDeadline(time.Now().Add(lingerTime))
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// read handles the worker's messages until the connection ends or breaks a rule; nil after a closed connection.
func (w *worker) read() error {
	_ = w.conn.SetReadDeadline(w.deadline)
	for pings := 0; ; {
		kind, body, err := wire.ReadJoin(w.conn, wire.MaxControl)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return status.Errorf(status.Timeout, "the deadline passed")
		case err != nil:
			return err
		}
		w.job.server.counters.count(func(c *Stats) { c.Received++ })
		switch kind {
		case wire.TypePing:
			if pings++; len(body) != 8 || pings > maxPings {
				return errRules
			}
			w.job.pong(w, body)
		case wire.TypeConnected:
			if len(body) != len(wire.Epoch{}) || !w.job.connected(w, wire.Epoch(body)) {
				return errRules
			}
		case wire.TypeFail:
			m, err := wire.ParseFail(body)
			if err != nil {
				return errRules
			}
			return m.Err()
		default:
			return errRules
		}
	}
}

var errRules = status.Errorf(status.Malformed, "the worker sent a message that the protocol does not allow")
