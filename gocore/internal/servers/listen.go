package servers

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
)

// Listen serves connections at a port of this machine, each in a goroutine of g, until the test ends, and returns the address.
// A connection is serve's to close.
func Listen(t testing.TB, serve func(g *task.Group, c net.Conn) error) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	t.Cleanup(func() {
		_ = listener.Close()
		require.NoError(t, g.Wait())
	})
	g.Go(func(context.Context) error {
		for {
			c, err := listener.Accept()
			if err != nil {
				return nil
			}
			g.Go(func(context.Context) error { return serve(g, c) })
		}
	})
	return listener.Addr().String()
}
