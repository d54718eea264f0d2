package channeltest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
)

// DistantWorld is TCPWorld with ranks so far apart that every byte takes delay.
func DistantWorld(t testing.TB, n int, limit, delay time.Duration) World {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	g := task.NewGroup(context.Background())
	t.Cleanup(func() { _ = g.Wait() }) // the world is closed by then
	end := func() (rank, inside net.Conn) {
		rank, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		inside, err = listener.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { _ = inside.Close() }) // ahead of the wait
		return rank, inside
	}
	return Over(t, n, limit, func(int, int) (net.Conn, net.Conn) {
		endA, insideA := end()
		endB, insideB := end()
		carry(g, insideA, insideB, delay)
		carry(g, insideB, insideA, delay)
		return endA, endB
	})
}

// carry copies one direction of a line until its beginning is closed.
func carry(g *task.Group, from, to net.Conn, delay time.Duration) {
	type piece struct {
		bytes []byte
		due   time.Time
	}
	pieces := make(chan piece, 256)
	g.Go(func(context.Context) error {
		defer close(pieces)
		for {
			buffer := make([]byte, 16<<10)
			n, err := from.Read(buffer)
			if err != nil {
				return nil
			}
			pieces <- piece{buffer[:n], time.Now().Add(delay)}
		}
	})
	g.Go(func(context.Context) error {
		for p := range pieces {
			time.Sleep(time.Until(p.due))
			_, _ = to.Write(p.bytes) // fails where the other end is closed
		}
		return to.(*net.TCPConn).CloseWrite()
	})
}
