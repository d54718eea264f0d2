package comm

import "context"

// Scan returns the elementwise reduction of the data of this rank and those before it.
func (o *Operation) Scan(ctx context.Context, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	return o.scanAs(ctx, scan, op, t, data)
}

// Exscan returns the elementwise reduction of the data of the ranks before this one; nil on rank 0.
func (o *Operation) Exscan(ctx context.Context, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	upTo, err := o.scanAs(ctx, exscan, op, t, data)
	if err != nil {
		return nil, err
	}
	tag, n, r := o.begin(exscan, linear), o.c.size, o.c.rank
	var sends []done
	if r+1 < n {
		sends = append(sends, o.send(ctx, r+1, tag, upTo))
	}
	var before []byte
	if r > 0 {
		if before, err = o.alloc(len(data)); err == nil {
			err = o.recvEqual(ctx, r-1, tag, len(data), func(got []byte) { copy(before, got) })
		}
	}
	if sendErr := o.awaitAll(sends); err == nil {
		err = sendErr
	}
	return before, err
}

// scanAs is Scan by recursive doubling: before the step of distance d, acc is the reduction of the last d ranks up to this
// one. The ranks are combined in their order.
func (o *Operation) scanAs(ctx context.Context, kind collective, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	_, tag := o.choose(kind, len(data))
	n, r := o.c.size, o.c.rank
	k, _, err := o.kernel(op, t, data)
	if err != nil {
		return nil, err
	}
	acc, err := o.clone(data)
	if err != nil {
		return nil, err
	}
	given, err := o.clone(data) // what is on its way while acc changes
	if err != nil {
		return nil, err
	}
	for d := 1; d < n; d *= 2 {
		var sends []done
		if r+d < n {
			copy(given, acc)
			sends = append(sends, o.send(ctx, r+d, tag, given))
		}
		if r-d >= 0 {
			err = o.recvEqual(ctx, r-d, tag, len(acc), func(got []byte) {
				k(got, acc)
				copy(acc, got)
			})
		}
		if sendErr := o.awaitAll(sends); err == nil {
			err = sendErr
		}
		if err != nil {
			return nil, err
		}
	}
	return acc, nil
}
