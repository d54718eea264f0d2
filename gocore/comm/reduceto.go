package comm

import (
	"context"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Reduce returns the elementwise reduction of every rank's data on root, as Allreduce does on all; nil elsewhere. Short
// data climbs a binomial tree; long data is reduced in shares around the ring, which root then collects.
func (o *Operation) Reduce(ctx context.Context, root int, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	kind := reduceTo
	if len(data) > maxDoubling {
		kind = reduceToRing
	}
	tag := o.begin(kind)
	k, size, err := o.kernel(op, t, data)
	if err != nil {
		return nil, err
	}
	if err := o.checkRank(root); err != nil {
		return nil, err
	}
	acc := slices.Clone(data)
	if kind == reduceTo {
		return o.reduceTree(ctx, root, tag, k, acc)
	}
	n, r := o.c.size, o.c.rank
	share := shares(acc, size, evenly(len(acc)/size, n))
	if err := o.reduceShares(ctx, tag, k, share); err != nil {
		return nil, err
	}
	if r != root {
		return nil, o.awaitAll([]done{o.send(ctx, root, tag, share(r))})
	}
	for i := 1; i < n; i++ {
		src := (root + i) % n
		if err := o.recvEqual(ctx, src, tag, len(share(src)), func(got []byte) { copy(share(src), got) }); err != nil {
			return nil, err
		}
	}
	return acc, o.failure()
}

// reduceTree combines acc with those of the ranks below in a binomial tree of the ranks in their order, whose top, rank
// 0, gives the result to root: so its bits don't depend on root.
func (o *Operation) reduceTree(ctx context.Context, root int, tag uint32, k kernel, acc []byte) ([]byte, error) {
	n, r := o.c.size, o.c.rank
	for bit := 1; bit < n; bit *= 2 {
		if r&bit != 0 {
			if err := o.awaitAll([]done{o.send(ctx, r-bit, tag, acc)}); err != nil {
				return nil, err
			}
			break
		}
		if r+bit < n {
			if err := o.recvEqual(ctx, r+bit, tag, len(acc), func(got []byte) { k(acc, got) }); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case root == r && r == 0:
		return acc, o.failure()
	case r == 0:
		return nil, o.awaitAll([]done{o.send(ctx, root, tag, acc)})
	case root == r:
		return acc, o.recvEqual(ctx, 0, tag, len(acc), func(got []byte) { copy(acc, got) })
	}
	return nil, o.failure()
}

// ReduceScatter reduces as Allreduce does and leaves counts[r] elements of the result on rank r, one rank's after the
// other's. Each share goes once around the ring.
func (o *Operation) ReduceScatter(ctx context.Context, op ReduceOp, t ElemType, counts []int, data []byte) ([]byte, error) {
	tag := o.begin(reduceScatter)
	k, size, err := o.kernel(op, t, data)
	if err != nil {
		return nil, err
	}
	starts := make([]int, len(counts)+1)
	for i, count := range counts {
		if count < 0 {
			return nil, status.Errorf(status.Invalid, "reduce_scatter of %d elements for rank %d", count, i)
		}
		starts[i+1] = starts[i] + count
	}
	if len(counts) != o.c.size || starts[len(counts)]*size != len(data) {
		return nil, status.Errorf(status.Invalid, "reduce_scatter: %d counts of %d elements in all for %d ranks and %d elements: "+
			"give every rank's count", len(counts), starts[len(counts)], o.c.size, len(data)/size)
	}
	share := shares(slices.Clone(data), size, starts)
	if err := o.reduceShares(ctx, tag, k, share); err != nil {
		return nil, err
	}
	return share(o.c.rank), o.failure()
}

// evenly returns where the shares of n ranks of count elements start, and where the last ends.
func evenly(count, n int) []int {
	starts := make([]int, n+1)
	for i := range starts {
		starts[i] = count * i / n
	}
	return starts
}

// shares returns the function that cuts acc into a share per rank; ranks count around the ring.
func shares(acc []byte, size int, starts []int) func(i int) []byte {
	n := len(starts) - 1
	return func(i int) []byte {
		i = (i%n + n) % n
		return acc[starts[i]*size : starts[i+1]*size]
	}
}

// reduceShares sends each share once around the ring, combined with every rank's; rank r ends with its own complete.
func (o *Operation) reduceShares(ctx context.Context, tag uint32, k kernel, share func(i int) []byte) error {
	for step := range o.c.size - 1 {
		take := share(o.c.rank - step - 2)
		if err := o.turn(ctx, tag, share(o.c.rank-step-1), take, func(got []byte) { k(take, got) }); err != nil {
			return err
		}
	}
	return nil
}

// spreadShares sends each rank's complete share once around the ring.
func (o *Operation) spreadShares(ctx context.Context, tag uint32, share func(i int) []byte) error {
	for step := range o.c.size - 1 {
		take := share(o.c.rank - step - 1)
		if err := o.turn(ctx, tag, share(o.c.rank-step), take, func(got []byte) { copy(take, got) }); err != nil {
			return err
		}
	}
	return nil
}

// turn gives a share to the right neighbour and uses the one, as long as take, that comes from the left.
func (o *Operation) turn(ctx context.Context, tag uint32, give, take []byte, use func(got []byte)) error {
	n, r := o.c.size, o.c.rank
	sending := o.send(ctx, (r+1)%n, tag, give)
	err := o.recvEqual(ctx, (r-1+n)%n, tag, len(take), use)
	if sendErr := sending.await(); err == nil {
		err = sendErr
	}
	return err
}
