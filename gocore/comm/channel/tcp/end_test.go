package tcp

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// counted is a connection that counts what is written to it until its writing side is closed.
type counted struct {
	net.Conn
	bytes  atomic.Int64
	once   sync.Once
	closed chan struct{}
}

func (c *counted) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return len(p), nil
}

func (c *counted) CloseWrite() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *counted) SetDeadline(time.Time) error { return nil }

func (c *counted) Close() error { return c.CloseWrite() }

// TestLastWordIsHeard posts a frame and ends the link between two steps of its writer: when it has written all that
// there was, and lets go of the lock. The frame leaves nevertheless. A mutex hands itself to one who has waited for
// long in vain, and lets it run at once: so the test comes to act at that moment.
func TestLastWordIsHeard(t *testing.T) {
	leak.Check(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const long = 5 * time.Millisecond
	for range 5 {
		conn := &counted{closed: make(chan struct{})}
		l := newLink(1, conn, time.Second, &pulse{limit: time.Second, start: time.Now()}, nil)
		g := task.NewGroup(context.Background())
		l.writing.Lock()
		l.queue.Put(channel.Control(wire.ClassHeartbeat))
		g.Go(func(context.Context) error { l.writeQueued(); return nil })
		time.Sleep(long)
		g.Go(func(context.Context) error {
			l.writing.Lock()
			l.queue.Put(channel.Control(wire.ClassAbort))
			l.end()
			l.writing.Unlock()
			return nil
		})
		time.Sleep(long)
		l.writing.Unlock()
		l.writing.Lock() // before the writer, which was woken for it
		time.Sleep(long)
		l.writing.Unlock()
		<-conn.closed
		require.EqualValues(t, 2*wire.HeaderSize, conn.bytes.Load(), "the last word was never written")
		close(l.readerDone)
		require.NoError(t, g.Wait())
	}
}

// TestUnreadAnswers posts more than a peer that doesn't read may leave unread: the link is cut.
func TestUnreadAnswers(t *testing.T) {
	conn := &counted{closed: make(chan struct{})}
	m := &mesh{links: []*link{nil, newLink(1, conn, time.Second, &pulse{start: time.Now()}, nil)}}
	for range channel.MaxControl {
		m.Post(1, channel.Control(wire.ClassCredit))
	}
	require.Nil(t, m.links[1].cause.Load())
	m.Post(1, channel.Control(wire.ClassCredit))
	<-conn.closed
	require.Equal(t, status.PeerLost, m.links[1].cause.Load().Code)
	require.ErrorContains(t, m.links[1].cause.Load(), "unread")
	require.True(t, m.links[1].queue.Empty())
}
