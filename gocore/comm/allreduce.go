package comm

import (
	"context"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// maxDoubling is the longest data that recursive doubling reduces: above, the ring moves less.
const maxDoubling = 64 << 10

// Allreduce returns the elementwise reduction of every rank's data: elements of type t in the machine's order, equally
// many on every rank. All ranks get the same bits, in every run: the order of combination depends on the world alone.
func (o *Operation) Allreduce(ctx context.Context, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	kind := allreduce
	if len(data) > maxDoubling {
		kind = allreduceRing
	}
	tag := o.begin(kind)
	k, size, err := o.kernel(op, t, data)
	if err != nil {
		return nil, err
	}
	acc := slices.Clone(data)
	if kind == allreduce {
		return o.reduceDoubling(ctx, tag, k, acc)
	}
	share := shares(acc, size, evenly(len(acc)/size, o.c.size))
	if err := o.reduceShares(ctx, tag, k, share); err != nil {
		return nil, err
	}
	if err := o.spreadShares(ctx, tag, share); err != nil {
		return nil, err
	}
	return acc, o.failure()
}

// kernel returns what combines elements of type t, and their size, if data is such elements.
func (o *Operation) kernel(op ReduceOp, t ElemType, data []byte) (kernel, int, error) {
	if CanReduce(op, t) && len(data)%elemTypes[t].size == 0 {
		return elemTypes[t].kernels[op], elemTypes[t].size, nil
	}
	return nil, 0, status.Errorf(status.Invalid, "%s: %d bytes are no elements of type %d for reduction %d", o.call.Name, len(data), t, op)
}

// reduceDoubling combines with partners at distance 1, 2, 4, ... The ranks beyond the largest power of two add theirs
// to a partner's before and hear from it afterwards.
func (o *Operation) reduceDoubling(ctx context.Context, tag uint32, k kernel, acc []byte) ([]byte, error) {
	n, r := o.c.size, o.c.rank
	power := 1
	for power*2 <= n {
		power *= 2
	}
	if r >= power {
		d := o.send(ctx, r-power, tag, acc)
		if err := o.awaitAll([]done{d}); err != nil {
			return nil, err
		}
		return acc, o.recvEqual(ctx, r-power, tag, len(acc), func(got []byte) { copy(acc, got) })
	}
	if r+power < n {
		if err := o.recvEqual(ctx, r+power, tag, len(acc), func(got []byte) { k(acc, got) }); err != nil {
			return nil, err
		}
	}
	for d := 1; d < power; d *= 2 {
		sending := o.send(ctx, r^d, tag, slices.Clone(acc))
		err := o.recvEqual(ctx, r^d, tag, len(acc), func(got []byte) {
			if r&d == 0 {
				k(acc, got)
			} else {
				k(got, acc)
				copy(acc, got)
			}
		})
		if sendErr := sending.await(); err == nil {
			err = sendErr
		}
		if err != nil {
			return nil, err
		}
	}
	if r+power < n {
		return acc, o.awaitAll([]done{o.send(ctx, r+power, tag, acc)})
	}
	return acc, o.failure()
}

// recvEqual receives as many bytes as this rank reduces and lends them to use.
func (o *Operation) recvEqual(ctx context.Context, src int, tag uint32, n int, use func(got []byte)) error {
	l, err := o.recvLetter(ctx, src, tag)
	if err != nil {
		return err
	}
	defer l.free()
	got := l.bytes()
	if len(got) != n {
		m := o.c.members
		e := status.AtRank(status.CollectiveMismatch, m[src], "%s (operation %d): rank %d reduces %d bytes and rank %d %d: they must be equally many",
			o.call, o.sequence, m[o.c.rank], n, m[src], len(got))
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
