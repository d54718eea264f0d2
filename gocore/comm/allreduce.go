package comm

import (
	"context"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Allreduce returns the elementwise reduction of every rank's data: elements of type t in the machine's order, equally
// many on every rank. All ranks get the same bits, in every run: the order of combination depends on the world and the size
// alone. Ranks beyond the largest power of two add theirs to a partner's before and hear from it afterwards, but on the ring.
func (o *Operation) Allreduce(ctx context.Context, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	a, tag := o.choose(allreduce, len(data))
	k, size, err := o.kernel(op, t, data)
	if err != nil {
		return nil, err
	}
	acc, err := o.clone(data)
	if err != nil {
		return nil, err
	}
	if a == ring {
		s := shares(acc, size, evenly(len(acc)/size, o.c.size))
		if err := o.reduceRing(ctx, tag, k, s); err != nil {
			return nil, err
		}
		if err := o.spreadRing(ctx, tag, s); err != nil {
			return nil, err
		}
		return acc, o.failure()
	}
	power := powerOf(o.c.size)
	goesOn, err := o.foldIn(ctx, tag, k, acc, power)
	if err != nil {
		return nil, err
	}
	switch {
	case !goesOn:
	case a == halving:
		s := shares(acc, size, evenly(len(acc)/size, power))
		if err = o.reduceHalving(ctx, tag, k, s); err == nil {
			err = o.spreadDoubling(ctx, tag, s)
		}
	default:
		err = o.reduceDoubling(ctx, tag, k, acc, power)
	}
	if err != nil {
		return nil, err
	}
	return acc, o.foldOut(ctx, tag, acc, power)
}

// kernel returns what combines elements of type t, and their size, if data is such elements.
func (o *Operation) kernel(op ReduceOp, t ElemType, data []byte) (kernel, int, error) {
	if CanReduce(op, t) && len(data)%elemTypes[t].size == 0 {
		return elemTypes[t].kernels[op], elemTypes[t].size, nil
	}
	return nil, 0, status.Errorf(status.Invalid, "%s: %d bytes are no elements of type %d for reduction %d", o.call.Name, len(data), t, op)
}

// reduceDoubling combines with partners at distance 1, 2, 4, ... among the first ranks, a power of two.
func (o *Operation) reduceDoubling(ctx context.Context, tag uint32, k kernel, acc []byte, power int) error {
	for d := 1; d < power; d *= 2 {
		partner := o.c.rank ^ d
		if err := o.swapEqual(ctx, partner, partner, tag, acc, len(acc), func(got []byte) { o.combine(k, d, acc, got) }); err != nil {
			return err
		}
	}
	return nil
}

// recvEqual receives as many bytes as this rank reduces and lends them to use.
func (o *Operation) recvEqual(ctx context.Context, src int, tag uint32, n int, use func(got []byte)) error {
	l, err := o.recvLetter(ctx, src, tag)
	if err != nil {
		return err
	}
	return o.useEqual(l, src, tag, n, use)
}

func (o *Operation) useEqual(l letter, src int, tag uint32, n int, use func(got []byte)) error {
	defer l.free()
	got := l.bytes()
	if len(got) != n {
		_, kind, _ := stepOf(tag)
		m := o.c.members
		e := status.AtRank(status.CollectiveMismatch, m[src], "%s (operation %d): rank %d gives %d bytes to a part of %s and rank %d %d: they must be equally many",
			o.call, o.sequence, m[o.c.rank], n, kind, m[src], len(got))
		o.c.mu.Lock()
		o.fail(e, false)
		o.c.mu.Unlock()
		return e
	}
	use(got)
	return nil
}

// checkRank refuses a root outside the world.
func (o *Operation) checkRank(root int) error {
	if root < 0 || root >= o.c.size {
		return status.Errorf(status.Invalid, "%s: rank %d is not in a world of %d", o.call, root, o.c.size)
	}
	return nil
}
