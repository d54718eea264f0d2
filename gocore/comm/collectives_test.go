package comm

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// fabrics are the channels that the collectives are tested over, and the worlds.
var fabrics = []struct {
	name   string
	open   func(testing.TB, int) []channel.Channel
	worlds []int
}{
	{"local", overLocal, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}},
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
