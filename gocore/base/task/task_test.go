package task_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

var errFirst = errors.New("first")

// untilDone returns once its group's context has ended, with the cause.
func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestGroup(t *testing.T) {
	tests := []struct {
		name string
		run  func(g *task.Group)
		want error
	}{
		{"nothing", func(*task.Group) {}, nil},
		{"success", func(g *task.Group) { g.Go(func(context.Context) error { return nil }) }, nil},
		{"an error ends the others", func(g *task.Group) {
			g.Go(untilDone)
			g.Go(func(context.Context) error { return errFirst })
			g.Go(untilDone)
		}, errFirst},
		{"Fail ends the others", func(g *task.Group) {
			g.Go(untilDone)
			g.Fail(errFirst)
		}, errFirst},
		{"the first failure counts", func(g *task.Group) {
			g.Fail(errFirst)
			g.Fail(errors.New("second"))
		}, errFirst},
		{"started from inside", func(g *task.Group) {
			g.Go(func(context.Context) error {
				g.Go(func(context.Context) error { return errFirst })
				return nil
			})
		}, errFirst},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			leak.Check(t)
			g := task.NewGroup(context.Background())
			test.run(g)
			require.Equal(t, test.want, g.Wait())
			require.Error(t, g.Context().Err(), "the context ends with Wait")
		})
	}
}

func TestWaitJoinsAll(t *testing.T) {
	leak.Check(t)
	var returned atomic.Int32
	g := task.NewGroup(context.Background())
	for range 10 {
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			returned.Add(1)
			return nil
		})
	}
	g.Go(func(context.Context) error { return errFirst })
	require.Equal(t, errFirst, g.Wait())
	require.Equal(t, int32(10), returned.Load())
}

func TestParentCancels(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	g := task.NewGroup(ctx)
	g.Go(untilDone)
	cancel(errFirst)
	require.Equal(t, errFirst, g.Wait())
}

func TestPanicIsAnError(t *testing.T) {
	leak.Check(t)
	g := task.NewGroup(context.Background())
	g.Go(untilDone)
	g.Go(func(context.Context) error { panic("broken invariant") })
	err := g.Wait()
	require.Equal(t, status.Internal, status.CodeOf(err))
	require.ErrorContains(t, err, "broken invariant")
	require.ErrorContains(t, err, "TestPanicIsAnError", "the stack")
}
