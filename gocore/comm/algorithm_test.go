package comm

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// always chooses one algorithm for a kind of collective, and for the others what costs least.
func always(kind collective, a algorithm) chooser {
	least := newCosts(Options{}).choose
	return func(k collective, n, bytes int) algorithm {
		if k == kind {
			return a
		}
		return least(k, n, bytes)
	}
}

// definitions say what each collective returns on rank r of n: bytes of size on every rank, or as many as want says.
var definitions = map[collective]func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error){
	barrier: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		return nil, nil, o.Barrier(ctx)
	},
	bcast: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		for root := range n {
			data, err := o.Bcast(ctx, root, content(o.c.rank, size))
			if err != nil {
				return nil, nil, err
			}
			got, want = append(got, data), append(want, content(root, size))
		}
		return got, want, nil
	},
	scatter: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		for root := range n {
			var parts [][]byte
			if o.c.rank == root {
				for dst := range n {
					parts = append(parts, content(root+dst, size*(dst%3)/2))
				}
			}
			part, err := o.Scatter(ctx, root, parts)
			if err != nil {
				return nil, nil, err
			}
			got, want = append(got, part), append(want, content(root+o.c.rank, size*(o.c.rank%3)/2))
		}
		return got, want, nil
	},
	gather: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		length := func(r int) int { return size * ((r + 1) % 3) / 2 }
		for root := range n {
			all, err := o.Gather(ctx, root, content(o.c.rank, length(o.c.rank)))
			if err != nil {
				return nil, nil, err
			}
			got = append(got, all...)
			for src := range n {
				if o.c.rank == root {
					want = append(want, content(src, length(src)))
				}
			}
		}
		return got, want, nil
	},
	allgather: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		for src := range n {
			want = append(want, content(src, size*(src%3)/2))
		}
		got, err = o.Allgather(ctx, want[o.c.rank])
		return got, want, err
	},
	alltoall:  exchanged((*Operation).Alltoall, func(size, src, dst int) int { return size }),
	alltoallv: exchanged((*Operation).Alltoallv, func(size, src, dst int) int { return size * ((src + 2*dst) % 3) / 2 }),
	reduce: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		for root := range n {
			sum, err := o.Reduce(ctx, root, Sum, Int64, addends(o.c.rank, size))
			if err != nil {
				return nil, nil, err
			}
			if o.c.rank == root {
				got, want = append(got, sum), append(want, added(n, size))
			} else if sum != nil {
				return nil, nil, status.Errorf(status.Internal, "a result elsewhere than on root")
			}
		}
		return got, want, nil
	},
	allreduce: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		sum, err := o.Allreduce(ctx, Sum, Int64, addends(o.c.rank, size))
		return [][]byte{sum}, [][]byte{added(n, size)}, err
	},
	reduceScatter: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		starts, counts := evenly(size/8, n), make([]int, n)
		for r := range n {
			counts[r] = starts[r+1] - starts[r]
		}
		share, err := o.ReduceScatter(ctx, Sum, Int64, counts, addends(o.c.rank, size))
		return [][]byte{share}, [][]byte{added(n, size)[8*starts[o.c.rank] : 8*starts[o.c.rank+1]]}, err
	},
	scan: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		sum, err := o.Scan(ctx, Sum, Int64, addends(o.c.rank, size))
		return [][]byte{sum}, [][]byte{added(o.c.rank+1, size)}, err
	},
	exscan: func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		sum, err := o.Exscan(ctx, Sum, Int64, addends(o.c.rank, size))
		if o.c.rank == 0 {
			return nil, nil, err
		}
		return [][]byte{sum}, [][]byte{added(o.c.rank, size)}, err
	},
}

// exchanged is the definition of an alltoall of parts of these lengths.
func exchanged(
	run func(*Operation, context.Context, [][]byte) ([][]byte, error), length func(size, src, dst int) int,
) func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
	return func(ctx context.Context, o *Operation, n, size int) (got, want [][]byte, err error) {
		var parts [][]byte
		r := o.c.rank
		for other := range n {
			parts = append(parts, content(r*n+other, length(size, r, other)))
			want = append(want, content(other*n+r, length(size, other, r)))
		}
		got, err = run(o, ctx, parts)
		return got, want, err
	}
}

// addends are int64s, as many as size bytes hold.
func addends(r, size int) []byte {
	numbers := make([]int64, size/8)
	for i := range numbers {
		numbers[i] = int64(r*1000+i) << (i % 40)
	}
	return memory.BytesOf(numbers)
}

// added is their sum over the ranks before n.
func added(n, size int) []byte {
	sum := make([]int64, size/8)
	for r := range n {
		for i, v := range memory.As[int64](addends(r, size)) {
			sum[i] += v
		}
	}
	return memory.BytesOf(sum)
}

// TestAlgorithms compares every algorithm with its collective's definition, for worlds of 1 to 17 and sizes about every limit.
func TestAlgorithms(t *testing.T) {
	lengths := []int{0, 8, 136, maxBlock, maxBlock + 8, 16 << 10, 16<<10 + 8, 200_000}
	for n := 1; n <= 17; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, overLocal(t, n), Options{})
			for _, kind := range slices.Sorted(maps.Keys(algorithmsOf)) {
				for _, a := range algorithmsOf[kind] {
					for i, size := range lengths {
						if testing.Short() && n > 4 && (i+n)%3 != 0 {
							continue // larger worlds take turns
						}
						for _, c := range world {
							c.choose = always(kind, a)
						}
						for r, err := range each(world, inOperation("test", 1, func(ctx context.Context, o *Operation) error {
							got, want, err := definitions[kind](ctx, o, n, size)
							if err != nil {
								return err
							}
							if len(got) != len(want) {
								return status.Errorf(status.Internal, "%d results and not %d", len(got), len(want))
							}
							for i := range got {
								if !bytes.Equal(got[i], want[i]) {
									return status.Errorf(status.Internal, "result %d differs", i)
								}
							}
							return o.Barrier(ctx) // what follows on another rank comes to the right place
						})) {
							require.NoError(t, err, "%s by %s of %d bytes, rank %d of %d", kind, a, size, r, n)
						}
					}
				}
			}
			closeWorld(t, world)
		})
	}
}

// TestReductionsAreTheSameEverywhere adds floats whose sum depends on the order: all ranks get the same bits by every
// algorithm, in every run.
func TestReductionsAreTheSameEverywhere(t *testing.T) {
	leak.Check(t)
	const n, count = 7, 5000
	world := openWorld(t, overLocal(t, n), Options{})
	for _, a := range algorithmsOf[allreduce] {
		var first []byte
		for range 3 {
			results := make([][]byte, n)
			for _, c := range world {
				c.choose = always(allreduce, a)
			}
			operate(t, world, func(ctx context.Context, o *Operation) error {
				numbers := make([]float64, count)
				for i := range numbers {
					numbers[i] = 1 / float64(o.c.rank*count+i+1)
				}
				got, err := o.Allreduce(ctx, Sum, Float64, memory.BytesOf(numbers))
				results[o.c.rank] = bytes.Clone(got)
				return err
			})
			if first == nil {
				first = results[0]
			}
			for r := range n {
				require.True(t, bytes.Equal(first, results[r]), "%s, rank %d", a, r)
			}
		}
	}
	closeWorld(t, world)
}

// TestRanksWithDifferentArguments finds ranks told that they chose different algorithms, or gave different numbers of bytes.
func TestRanksWithDifferentArguments(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	for _, sizes := range [][2]int{{8, 16}, {8, 1 << 20}} {
		for name, run := range map[string]func(ctx context.Context, o *Operation) error{
			"allreduce": func(ctx context.Context, o *Operation) error {
				_, err := o.Allreduce(ctx, Sum, Int64, make([]byte, sizes[o.c.rank]))
				return err
			},
			"reduce": func(ctx context.Context, o *Operation) error {
				_, err := o.Reduce(ctx, 0, Sum, Int64, make([]byte, sizes[o.c.rank]))
				if err == nil {
					err = o.Barrier(ctx)
				}
				return err
			},
		} {
			codes := map[status.Code]bool{}
			for r, err := range each(world, inOperation(name, 1, run)) {
				require.Error(t, err, "%s on rank %d", name, r)
				codes[status.CodeOf(err)] = true
			}
			require.True(t, codes[status.CollectiveMismatch], "%s of %v: %v", name, sizes, codes)
			operate(t, world, busy)
		}
	}
	closeWorld(t, world)
}
