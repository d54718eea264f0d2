package comm

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkExchange moves 1 MiB messages from rank 0 to rank 1 over loopback with TLS: MB/s is one direction.
func BenchmarkExchange(b *testing.B) {
	world := openWorld(b, overTCP(b, 2), Options{})
	data := make([]byte, 1<<20)
	b.SetBytes(int64(len(data)))
	operate(b, world, func(ctx context.Context, o *Operation) error {
		x, err := o.Exchange(ctx)
		if err != nil {
			return err
		}
		if err := o.Barrier(ctx); err != nil {
			return err
		}
		if o.c.rank == 0 {
			b.ResetTimer()
		}
		return both(ctx, x, func(ctx context.Context) error {
			if o.c.rank == 1 {
				return nil
			}
			for range b.N {
				if err := x.Send(ctx, 1, data); err != nil {
					return err
				}
			}
			return nil
		}, func(Message) error { return nil })
	})
	b.StopTimer()
	closeWorld(b, world)
}

// BenchmarkPingPong is the round trip of 8 bytes between two ranks over loopback with TLS.
func BenchmarkPingPong(b *testing.B) {
	world := openWorld(b, overTCP(b, 2), Options{})
	var took []time.Duration
	operate(b, world, func(ctx context.Context, o *Operation) error {
		tag := o.begin(bcast, linear)
		for i := range b.N + 100 {
			start := time.Now()
			if o.c.rank == 0 {
				require.NoError(b, o.send(ctx, 1, tag, make([]byte, 8)).await())
			}
			if _, err := o.recv(ctx, 1-o.c.rank, tag); err != nil {
				return err
			}
			if o.c.rank == 1 {
				require.NoError(b, o.send(ctx, 0, tag, make([]byte, 8)).await())
			} else if i >= 100 {
				took = append(took, time.Since(start))
			}
		}
		return nil
	})
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-us")
	closeWorld(b, world)
}

// BenchmarkOperation is a whole operation with one 8-byte allreduce.
func BenchmarkOperation(b *testing.B) {
	world := openWorld(b, overTCP(b, 2), Options{})
	for r, err := range each(world, func(ctx context.Context, c *Communicator) error {
		for range b.N {
			err := inOperation("sum", 1, func(ctx context.Context, o *Operation) error {
				_, err := o.Allreduce(ctx, Sum, Int64, make([]byte, 8))
				return err
			})(ctx, c)
			if err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(b, err, "rank %d", r)
	}
	closeWorld(b, world)
}
