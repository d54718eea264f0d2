package comm

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// fabrics are the channels that the collectives are tested over, and the worlds.
var fabrics = []struct {
	name   string
	open   func(testing.TB, int) []channel.Channel
	worlds []int
}{
	{"local", overLocal, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17}},
	{"tcp", overTCP, []int{1, 2, 3, 4}},
}

// sizes are lengths of data about every limit of the algorithms.
var sizes = []int{0, 1, 8, 1000, maxBlock, maxBlock + 1, 16 << 10, 16<<10 + 1, 64 << 10, 300_000}

// pattern is where content is cut from: it repeats only after 64 KiB - 1, no multiple of any frame.
var pattern = func() []byte {
	random := rand.NewChaCha8([32]byte{7})
	b := make([]byte, 64<<10-1)
	_, _ = random.Read(b)
	return bytes.Repeat(b, 6)
}()

// content is what rank r sends in a test: recognisable, and different on each rank.
func content(r, n int) []byte { return pattern[r*131%1000:][:n:n] }

func onEveryFabric(t *testing.T, f func(t *testing.T, world []*Communicator)) {
	for _, fabric := range fabrics {
		for _, n := range fabric.worlds {
			t.Run(fmt.Sprintf("%s/%d", fabric.name, n), func(t *testing.T) {
				leak.Check(t)
				world := openWorld(t, fabric.open(t, n), Options{})
				f(t, world)
				closeWorld(t, world)
			})
		}
	}
}

func TestCollectives(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		for i, size := range sizes {
			if n > 4 && i%3 != n%3 { // larger worlds take turns
				continue
			}
			operate(t, world, func(ctx context.Context, o *Operation) error {
				r := o.c.rank
				if err := o.Barrier(ctx); err != nil {
					return err
				}
				for root := range n {
					got, err := o.Bcast(ctx, root, content(r, size))
					if err != nil {
						return err
					}
					require.Equal(t, content(root, size), append([]byte{}, got...))
					all, err := o.Gather(ctx, root, content(r, size+r))
					if err != nil {
						return err
					}
					if r != root {
						require.Nil(t, all)
						continue
					}
					for src := range n {
						require.Equal(t, content(src, size+src), append([]byte{}, all[src]...))
					}
				}
				for _, length := range []func(int) int{
					func(src int) int { return size },
					func(src int) int { return size + src },
					func(src int) int { return size * (src % 2) },
				} {
					all, err := o.Allgather(ctx, content(r, length(r)))
					if err != nil {
						return err
					}
					require.Len(t, all, n)
					for src := range n {
						require.Equal(t, content(src, length(src)), append([]byte{}, all[src]...))
					}
				}
				parts := make([][]byte, n)
				for dst := range n {
					parts[dst] = content(r*n+dst, size+dst)
				}
				got, err := o.Alltoallv(ctx, parts)
				if err != nil {
					return err
				}
				for src := range n {
					require.Equal(t, content(src*n+r, size+r), append([]byte{}, got[src]...))
				}
				return nil
			})
		}
	})
}

// TestAllgatherOfWrongSizes has a rank announce long data and send short data, which its neighbour would not pass on.
func TestAllgatherOfWrongSizes(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 3), Options{})
	errs := each(world, inOperation("merge", 1, func(ctx context.Context, o *Operation) error {
		if o.c.rank > 0 {
			_, err := o.Allgather(ctx, content(o.c.rank, 10))
			return err
		}
		_, tag := o.choose(allgather, 0)
		announced := binary.AppendUvarint(nil, 10_000)
		for _, to := range []int{2, 1} {
			if _, err := o.swap(ctx, to, 3-to, tag, announced); err != nil {
				return err
			}
		}
		if err := o.send(ctx, 1, o.begin(allgather, ring), content(0, 100)).await(); err != nil {
			return err
		}
		_, err := o.recv(ctx, 2, tag) // which never comes
		return err
	}))
	require.ErrorContains(t, errs[1], "rank 0 announced 10000 bytes and 100 came")
	for _, r := range []int{0, 2} {
		require.Equal(t, status.Remote, status.CodeOf(errs[r]), "%v", errs[r])
	}
	closeWorld(t, world)
}

func TestAllreduce(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		for _, count := range []int{0, 1, 5, 20_000} {
			for _, c := range []struct {
				op   ReduceOp
				want func(i int) int64
			}{
				{Sum, func(i int) (v int64) {
					for r := range n {
						v += int64(r*3 + i - 4)
					}
					return v
				}},
				{Prod, func(i int) int64 {
					v := int64(1)
					for r := range n {
						v *= int64(r*3 + i - 4)
					}
					return v
				}},
				{Min, func(i int) int64 { return int64(i - 4) }},
				{Max, func(i int) int64 { return int64((n-1)*3 + i - 4) }},
			} {
				operate(t, world, func(ctx context.Context, o *Operation) error {
					var data, want []byte
					for i := range count {
						data = binary.NativeEndian.AppendUint64(data, uint64(int64(o.c.rank*3+i-4)))
						want = binary.NativeEndian.AppendUint64(want, uint64(c.want(i)))
					}
					got, err := o.Allreduce(ctx, c.op, Int64, data)
					require.Equal(t, want, append([]byte(nil), got...))
					return err
				})
			}
		}
	})
}

// reductionsOf are the integer reductions with their definitions.
var reductionsOf = map[ReduceOp]func(a, b int64) int64{
	Sum: func(a, b int64) int64 { return a + b }, Prod: func(a, b int64) int64 { return a * b },
	Min: func(a, b int64) int64 { return min(a, b) }, Max: func(a, b int64) int64 { return max(a, b) },
	BitAnd: func(a, b int64) int64 { return a & b }, BitOr: func(a, b int64) int64 { return a | b }, BitXor: func(a, b int64) int64 { return a ^ b },
	LogicalAnd: func(a, b int64) int64 { return int64(min(1, a*a) * min(1, b*b)) }, LogicalOr: func(a, b int64) int64 { return min(1, a*a+b*b) },
	LogicalXor: func(a, b int64) int64 { return min(1, a*a) ^ min(1, b*b) },
}

// folded is the reduction by its definition of element i of the ranks first to last.
func folded(f func(a, b int64) int64, first, last, i int) int64 {
	v := element(first, i)
	for r := first + 1; r <= last; r++ {
		v = f(v, element(r, i))
	}
	return v
}

// element is what rank r gives at i: small, with zeros.
func element(r, i int) int64 { return int64((r*3+i*5)%7 - 2) }

func encoded(count int, f func(i int) int64) []byte {
	b := []byte{}
	for i := range count {
		b = binary.NativeEndian.AppendUint64(b, uint64(f(i)))
	}
	return b
}

func TestReductions(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		for op, f := range reductionsOf {
			if n == 1 && op >= LogicalAnd && op <= LogicalXor {
				continue // one rank's data is the result as it is
			}
			for _, count := range []int{0, 1, 7, 10_000} {
				if count == 10_000 && op != Sum && op != BitXor {
					continue
				}
				operate(t, world, func(ctx context.Context, o *Operation) error {
					r := o.c.rank
					data := encoded(count, func(i int) int64 { return element(r, i) })
					all := encoded(count, func(i int) int64 { return folded(f, 0, n-1, i) })
					for root := range n {
						got, err := o.Reduce(ctx, root, op, Int64, data)
						if err != nil {
							return err
						}
						if r != root {
							require.Nil(t, got)
							continue
						}
						require.Equal(t, all, append([]byte{}, got...), "reduction %d on %d", op, root)
					}
					counts := make([]int, n) // rank 0 gets what the others leave
					for i := 1; i < n; i++ {
						counts[i] = count / (n + i)
					}
					counts[0] = count
					from := 0
					for i := 1; i < n; i++ {
						counts[0] -= counts[i]
					}
					for i := range r {
						from += counts[i]
					}
					got, err := o.ReduceScatter(ctx, op, Int64, counts, data)
					if err != nil {
						return err
					}
					require.Equal(t, all[8*from:8*(from+counts[r])], append([]byte{}, got...))
					if got, err = o.Scan(ctx, op, Int64, data); err != nil {
						return err
					}
					if r > 0 || op < LogicalAnd || op > LogicalXor {
						require.Equal(t, encoded(count, func(i int) int64 { return folded(f, 0, r, i) }), got)
					}
					if got, err = o.Exscan(ctx, op, Int64, data); err != nil {
						return err
					}
					switch {
					case r == 0:
						require.Nil(t, got)
					case r > 1 || op < LogicalAnd || op > LogicalXor:
						require.Equal(t, encoded(count, func(i int) int64 { return folded(f, 0, r-1, i) }), append([]byte{}, got...))
					}
					return nil
				})
			}
		}
	})
}

func TestScatter(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		for _, size := range sizes {
			operate(t, world, func(ctx context.Context, o *Operation) error {
				for root := range n {
					var parts [][]byte
					if o.c.rank == root {
						for dst := range n {
							parts = append(parts, content(root*n+dst, size+dst))
						}
					}
					got, err := o.Scatter(ctx, root, parts)
					if err != nil {
						return err
					}
					require.Equal(t, content(root*n+o.c.rank, size+o.c.rank), append([]byte{}, got...))
				}
				return nil
			})
		}
	})
}

func TestLocatedReductions(t *testing.T) {
	world := openWorld(t, overLocal(t, 3), Options{})
	values := [][]float64{{3, 1, math.NaN(), math.NaN()}, {2, 1, 5, math.NaN()}, {2, 4, math.NaN(), math.NaN()}}
	operate(t, world, func(ctx context.Context, o *Operation) error {
		var data []byte
		for _, v := range values[o.c.rank] {
			data = append(data, memory.BytesOf([]Located[float64]{{v, int64(o.c.rank)}})...)
		}
		least, err := o.Allreduce(ctx, MinLoc, Float64At, data)
		if err != nil {
			return err
		}
		greatest, err := o.Allreduce(ctx, MaxLoc, Float64At, data)
		if err != nil {
			return err
		}
		require.Equal(t, []Located[float64]{{2, 1}, {1, 0}, {5, 1}}, memory.As[Located[float64]](least)[:3])
		require.Equal(t, []Located[float64]{{3, 0}, {4, 2}, {5, 1}}, memory.As[Located[float64]](greatest)[:3])
		require.Equal(t, int64(0), memory.As[Located[float64]](least)[3].At, "all are NaN")
		return nil
	})
	closeWorld(t, world)
}

func TestReductionsRefuse(t *testing.T) {
	world := openWorld(t, overLocal(t, 1), Options{})
	operate(t, world, func(ctx context.Context, o *Operation) error {
		for _, run := range []func() error{
			func() error { _, err := o.Reduce(ctx, 0, BitAnd, Float64, make([]byte, 8)); return err },
			func() error { _, err := o.Reduce(ctx, 0, MinLoc, Int64, make([]byte, 8)); return err },
			func() error { _, err := o.Reduce(ctx, 0, Sum, Int64, make([]byte, 7)); return err },
			func() error { _, err := o.Reduce(ctx, 1, Sum, Int64, make([]byte, 8)); return err },
			func() error { _, err := o.Scan(ctx, reduceOps, Int64, nil); return err },
			func() error { _, err := o.Exscan(ctx, Sum, Float64At+1, nil); return err },
			func() error { _, err := o.ReduceScatter(ctx, Sum, Int64, []int{2}, make([]byte, 8)); return err },
			func() error { _, err := o.ReduceScatter(ctx, Sum, Int64, []int{-1}, nil); return err },
			func() error { _, err := o.ReduceScatter(ctx, Sum, Int64, []int{1 << 61}, nil); return err },
			func() error { _, err := o.Scatter(ctx, 0, nil); return err },
			func() error { _, err := o.Scatter(ctx, 7, nil); return err },
		} {
			require.Equal(t, status.Invalid, status.CodeOf(run()))
		}
		return nil
	})
	closeWorld(t, world)
}

// TestReductionsAreInTheBudget has reductions of more than the budget holds fail: what they compute in is memory of it.
func TestReductionsAreInTheBudget(t *testing.T) {
	for name, reduce := range map[string]func(*Operation, context.Context, ReduceOp, ElemType, []byte) ([]byte, error){
		"allreduce": (*Operation).Allreduce, "scan": (*Operation).Scan, "exscan": (*Operation).Exscan,
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, overLocal(t, 1), Options{Budget: memory.NewBudget(1 << 20)})
			err := inOperation(name, 1, func(ctx context.Context, o *Operation) error {
				_, err := reduce(o, ctx, Sum, Int64, make([]byte, 2<<20))
				return err
			})(t.Context(), world[0])
			require.Equal(t, status.OutOfMemory, status.CodeOf(err))
			closeWorld(t, world)
		})
	}
}
