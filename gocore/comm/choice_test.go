package comm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/costmodel"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// TestChoices finds a known algorithm for every collective, world and size, and each chosen somewhere.
func TestChoices(t *testing.T) {
	k := newCosts(Options{})
	for kind, all := range algorithmsOf {
		require.Contains(t, definitions, kind)
		chosen := map[algorithm]bool{}
		for n := 1; n <= 1024; n += 1 + n/10 {
			for size := 0; size < 64<<20; size = 2*size + 100 {
				a := k.choose(kind, n, size)
				require.Contains(t, all, a, "%s, %d ranks, %d bytes", kind, n, size)
				chosen[a] = true
				found := 0
				for _, p := range k.explain(kind, n, size).Prospects {
					if p.Chosen {
						found++
						require.Equal(t, a.String(), p.Algorithm)
					}
				}
				require.Equal(t, 1, found)
			}
		}
		require.Len(t, chosen, len(all), "%s: %v", kind, chosen)
	}
}

// TestShapes counts the messages and bytes that the ranks really send, and holds the estimates against them.
func TestShapes(t *testing.T) {
	for _, n := range []int{2, 3, 4, 7, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, overLocal(t, n), Options{})
			for _, kind := range slices.Sorted(maps.Keys(algorithmsOf)) {
				for _, a := range algorithmsOf[kind] {
					for _, size := range []int{1680, 84_000} { // divisible by all worlds
						for _, c := range world {
							c.choose = always(kind, a)
						}
						before := trafficOf(world)
						operate(t, world, func(ctx context.Context, o *Operation) error { return calls[kind](ctx, o, size) })
						messages, bytes := counted(world, before)
						want := shapeOf(kind, a, n, size)
						name := fmt.Sprintf("%s by %s of %d bytes, %d ranks", kind, a, size, n)
						require.Equal(t, want.Messages, messages, name)
						// Headers of blocks come on top, and what disturbs others in an alltoall doesn't add bytes.
						require.InEpsilon(t, want.Bytes+1, bytes+1, 0.12, name)
					}
				}
			}
			closeWorld(t, world)
		})
	}
}

// calls does each collective once, rank 0 being root.
var calls = map[collective]func(ctx context.Context, o *Operation, size int) error{
	barrier: func(ctx context.Context, o *Operation, _ int) error { return o.Barrier(ctx) },
	bcast: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Bcast(ctx, 0, make([]byte, size))
		return err
	},
	scatter: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Scatter(ctx, 0, equalParts(o, size))
		return err
	},
	gather: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Gather(ctx, 0, make([]byte, size))
		return err
	},
	allgather: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Allgather(ctx, make([]byte, size))
		return err
	},
	alltoall: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Alltoall(ctx, equalParts(o, size))
		return err
	},
	alltoallv: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Alltoallv(ctx, equalParts(o, size))
		return err
	},
	reduce: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Reduce(ctx, 0, Sum, Int64, make([]byte, size))
		return err
	},
	allreduce: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Allreduce(ctx, Sum, Int64, make([]byte, size))
		return err
	},
	reduceScatter: func(ctx context.Context, o *Operation, size int) error {
		counts := make([]int, o.c.size)
		for r := range counts {
			counts[r] = size / 8 / o.c.size
		}
		_, err := o.ReduceScatter(ctx, Sum, Int64, counts, make([]byte, size/8/o.c.size*o.c.size*8))
		return err
	},
	scan: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Scan(ctx, Sum, Int64, make([]byte, size))
		return err
	},
	exscan: func(ctx context.Context, o *Operation, size int) error {
		_, err := o.Exscan(ctx, Sum, Int64, make([]byte, size))
		return err
	},
}

func equalParts(o *Operation, size int) [][]byte {
	parts := make([][]byte, o.c.size)
	for i := range parts {
		parts[i] = make([]byte, size)
	}
	return parts
}

// trafficOf returns messages and bytes that each rank has sent and got.
func trafficOf(world []*Communicator) (all [][3]uint64) {
	for _, c := range world {
		var sum [3]uint64
		for _, p := range c.Stats().Peers {
			if p.Rank != c.rank {
				sum[0] += p.MessagesSent
				sum[1] += p.BytesSent
				sum[2] += p.BytesReceived
			}
		}
		all = append(all, sum)
	}
	return all
}

// counted returns the messages of all ranks since before, and the bytes of the busiest one, the longer of the two ways.
func counted(world []*Communicator, before [][3]uint64) (messages int, bytes float64) {
	for r, now := range trafficOf(world) {
		messages += int(now[0] - before[r][0])
		bytes = max(bytes, float64(now[1]-before[r][1]), float64(now[2]-before[r][2]))
	}
	return messages, bytes
}

// TestCalibrate finds all ranks with the same values, in powers of two, and reductions unmoved by them.
func TestCalibrate(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 3), Options{})
	for r, err := range each(world, func(ctx context.Context, c *Communicator) error { return c.Calibrate(ctx) }) {
		require.NoError(t, err, "rank %d", r)
	}
	first := world[0].costs.measured
	require.Positive(t, first.Latency)
	require.Less(t, first.Latency, 0.1)
	require.Greater(t, first.Bandwidth, 1e6)
	for _, c := range world {
		require.Equal(t, first, c.costs.measured)
		for _, x := range []float64{first.Latency, first.Bandwidth} {
			require.InEpsilon(t, rounded(x), x, 1e-9)
		}
		e, err := c.Explain("allreduce", 100)
		require.NoError(t, err)
		require.Equal(t, costmodel.Default().Channels["punched"], e.Channel)
		e, err = c.Explain("alltoall", 100)
		require.NoError(t, err)
		require.Equal(t, first, e.Channel)
		require.Len(t, e.Prospects, 3+len(costmodel.Default().Channels)-1)
		_, err = c.Explain("all2all", 100)
		require.Equal(t, status.Invalid, status.CodeOf(err))
		require.ErrorContains(t, err, "reduce_scatter")
	}
	closeWorld(t, world)
}

// TestHint finds money to decide where it is asked to: messages that cost something.
func TestHint(t *testing.T) {
	model, err := costmodel.Parse([]byte(`{"channels": {"s3": {"latency": 0.01, "overhead": 0, "message": 0.001}}}`))
	require.NoError(t, err)
	choose := func(h costmodel.Hint) algorithm {
		return newCosts(Options{Model: model, Hint: h, Paths: []string{"s3"}}).choose(alltoall, 64, 8)
	}
	require.Equal(t, linear, choose(costmodel.Fast))
	require.Equal(t, bruck, choose(costmodel.Cheap), "6 messages of each rank, not 63")
}
