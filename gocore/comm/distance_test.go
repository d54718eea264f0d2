package comm

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
)

// TestThirtyTwoRanksDilated runs 32 ranks that are 0.35 ms apart, in time that is 16 times as long: so that on two cores
// each has as much of a processor as one that has one to itself.
func TestThirtyTwoRanksDilated(t *testing.T) {
	long(t, "it measures times, 16-fold")
	const (
		dilation = 16
		rounds   = 41
		limit    = 3 * time.Millisecond
	)
	lines := channeltest.DistantWorld(t, 32, dilation*2*time.Second, dilation*350*time.Microsecond)
	world := openWorld(t, lines.Channels, Options{})
	for name, step := range map[string]func(context.Context, *Operation) error{
		"barrier": func(ctx context.Context, o *Operation) error { return o.Barrier(ctx) },
		"allreduce of 8 bytes": func(ctx context.Context, o *Operation) error {
			_, err := o.Allreduce(ctx, Sum, Int64, make([]byte, 8))
			return err
		},
	} {
		var took []time.Duration
		operate(t, world, func(ctx context.Context, o *Operation) error {
			for range rounds {
				began := time.Now()
				if err := step(ctx, o); err != nil {
					return err
				}
				if o.c.rank == 0 {
					took = append(took, time.Since(began)/dilation)
				}
			}
			return nil
		})
		slices.Sort(took)
		t.Logf("%s, 32 ranks 0.35 ms apart: %v", name, took[rounds/2].Round(time.Microsecond))
		require.LessOrEqual(t, took[rounds/2], limit, name)
	}
	closeWorld(t, world)
}
