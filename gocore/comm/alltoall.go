package comm

import (
	"context"
	"errors"
	"io"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// Alltoallv sends parts[i] to rank i and returns what each rank sent here, by rank, its own part as it is: an Exchange
// of one message per pair. Each rank starts with its right neighbour, so that no rank is everyone's first.
func (o *Operation) Alltoallv(ctx context.Context, parts [][]byte) ([][]byte, error) {
	n, r := o.c.size, o.c.rank
	if len(parts) != n {
		return nil, status.Errorf(status.Invalid, "alltoallv takes one part per rank: %d, not %d", n, len(parts))
	}
	x, err := o.Exchange(ctx)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	got := make([][]byte, n)
	got[r] = parts[r]
	g := task.NewGroup(ctx)
	g.Go(func(ctx context.Context) error {
		for i := range n - 1 {
			dst := (r + 1 + i) % n
			if err := x.Send(ctx, dst, parts[dst]); err != nil {
				return err
			}
		}
		return x.CloseSend(ctx)
	})
	g.Go(func(ctx context.Context) error {
		for {
			m, err := x.Recv(ctx)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			got[m.Src] = m.Bytes
			o.keep(m.Buffer)
		}
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return got, nil
}
