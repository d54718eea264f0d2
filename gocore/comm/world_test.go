package comm

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/channel/local"
)

// patience bounds every test's operations: a hang fails rather than lasts.
const patience = 30 * time.Second

// overLocal makes the channels of a world in this process.
func overLocal(_ testing.TB, n int) []channel.Channel { return local.NewWorld(n) }

// overTCP makes the channels of a world over loopback with TLS.
func overTCP(t testing.TB, n int) []channel.Channel {
	return channeltest.TCPWorld(t, n, 10*time.Second).Channels
}

// openWorld makes the communicators of a world and closes them when the test ends.
func openWorld(t testing.TB, channels []channel.Channel, opt Options) []*Communicator {
	world := make([]*Communicator, len(channels))
	for r, ch := range channels {
		c, err := New(ch, opt)
		require.NoError(t, err)
		world[r] = c
	}
	return world
}

// closeWorld closes all ranks at once, and expects no memory to be left.
func closeWorld(t testing.TB, world []*Communicator) {
	each(world, func(ctx context.Context, c *Communicator) error { return c.Close(ctx) })
	for r, c := range world {
		require.Zero(t, c.scope.Held(), "rank %d still holds received bytes", r)
	}
}

// each runs f as every rank and returns their errors.
func each(world []*Communicator, f func(ctx context.Context, c *Communicator) error) []error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	errs := make([]error, len(world))
	g := task.NewGroup(ctx)
	for r, c := range world {
		g.Go(func(ctx context.Context) error {
			errs[r] = task.Recovered(func() error { return f(ctx, c) })
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		errs[0] = err
	}
	return errs
}

// operate runs f inside one operation on every rank and expects success.
func operate(t testing.TB, world []*Communicator, f func(ctx context.Context, o *Operation) error) {
	t.Helper()
	for r, err := range each(world, inOperation("test", 1, f)) {
		require.NoError(t, err, "rank %d of %d", r, len(world))
	}
}

func inOperation(name string, signature uint64, f func(ctx context.Context, o *Operation) error) func(context.Context, *Communicator) error {
	return func(ctx context.Context, c *Communicator) error {
		o, err := c.Begin(ctx, Call{Name: name, Site: fmt.Sprintf("rank%d.py:1", c.Rank()), Signature: signature})
		if err != nil {
			return err
		}
		return o.End(f(ctx, o))
	}
}

// long skips a test that takes long where only short ones are asked for.
func long(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: " + why)
	}
}
