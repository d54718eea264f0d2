package comm

import (
	"context"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Reduce returns the elementwise reduction of every rank's data on root, as Allreduce does on all; nil elsewhere. Short
// data climbs a binomial tree; long data is reduced in shares, which root then collects.
func (o *Operation) Reduce(ctx context.Context, root int, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	a, tag := o.choose(reduce, len(data))
	k, size, err := o.kernel(op, t, data)
	if err != nil {
		return nil, err
	}
	if err := o.checkRank(root); err != nil {
		return nil, err
	}
	acc, err := o.clone(data)
	if err != nil {
		return nil, err
	}
	switch a {
	case ring:
		s := shares(acc, size, evenly(len(acc)/size, o.c.size))
		if err := o.reduceRing(ctx, tag, k, s); err != nil {
			return nil, err
		}
		return o.collect(ctx, root, tag, s)
	case halving:
		power := powerOf(o.c.size)
		s := shares(acc, size, evenly(len(acc)/size, power))
		goesOn, err := o.foldIn(ctx, tag, k, acc, power)
		if err == nil && goesOn {
			err = o.reduceHalving(ctx, tag, k, s)
		}
		if err != nil {
			return nil, err
		}
		return o.collect(ctx, root, tag, s)
	}
	return o.reduceTree(ctx, root, tag, k, acc)
}

// collect gives root the shares of the ranks that have one each.
func (o *Operation) collect(ctx context.Context, root int, tag uint32, s shared) ([]byte, error) {
	n, r := len(s.starts)-1, o.c.rank
	if r != root {
		if r >= n {
			return nil, o.failure()
		}
		return nil, o.awaitAll([]done{o.send(ctx, root, tag, s.at(r))})
	}
	for i := range n {
		if src := (root + i) % n; src != root {
			if err := o.recvEqual(ctx, src, tag, len(s.at(src)), func(got []byte) { copy(s.at(src), got) }); err != nil {
				return nil, err
			}
		}
	}
	return s.acc, o.failure()
}

// reduceTree combines acc with those of the ranks below in a binomial tree of the ranks in their order, whose top, rank
// 0, gives the result to root: so its bits don't depend on root.
func (o *Operation) reduceTree(ctx context.Context, root int, tag uint32, k kernel, acc []byte) ([]byte, error) {
	r, t := o.c.rank, o.tree(0)
	children := t.children()
	for i := len(children) - 1; i >= 0; i-- {
		if err := o.recvEqual(ctx, children[i], tag, len(acc), func(got []byte) { k(acc, got) }); err != nil {
			return nil, err
		}
	}
	if r != 0 {
		if err := o.awaitAll([]done{o.send(ctx, t.parent(), tag, acc)}); err != nil {
			return nil, err
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
// other's. Short data is reduced whole on every rank; of long data each share goes once around the ring.
func (o *Operation) ReduceScatter(ctx context.Context, op ReduceOp, t ElemType, counts []int, data []byte) ([]byte, error) {
	a, tag := o.choose(reduceScatter, len(data))
	k, size, err := o.kernel(op, t, data)
	if err != nil {
		return nil, err
	}
	starts := make([]int, len(counts)+1)
	for i, count := range counts {
		if count < 0 || count > maxMessage { // their sum shall not overflow
			return nil, status.Errorf(status.Invalid, "reduce_scatter of %d elements for rank %d", count, i)
		}
		starts[i+1] = starts[i] + count
	}
	if len(counts) != o.c.size || starts[len(counts)]*size != len(data) {
		return nil, status.Errorf(status.Invalid, "reduce_scatter: %d counts of %d elements in all for %d ranks and %d elements: "+
			"give every rank's count", len(counts), starts[len(counts)], o.c.size, len(data)/size)
	}
	acc, err := o.clone(data)
	if err != nil {
		return nil, err
	}
	s := shares(acc, size, starts)
	if a == ring {
		if err := o.reduceRing(ctx, tag, k, s); err != nil {
			return nil, err
		}
		return s.at(o.c.rank), o.failure()
	}
	power := powerOf(o.c.size)
	goesOn, err := o.foldIn(ctx, tag, k, acc, power)
	if err == nil && goesOn {
		err = o.reduceDoubling(ctx, tag, k, acc, power)
	}
	if err != nil {
		return nil, err
	}
	return s.at(o.c.rank), o.foldOut(ctx, tag, acc, power)
}
