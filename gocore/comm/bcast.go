package comm

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Bcast returns root's data on every rank. Only root knows how much it is: a first message down the binomial tree tells the
// size and the algorithm, and holds short data. Long data follows down the tree, or, where it is worth it, in a share per rank
// that then go around the ring: so no rank sends all of it twice.
func (o *Operation) Bcast(ctx context.Context, root int, data []byte) ([]byte, error) {
	if err := o.checkRank(root); err != nil {
		return nil, err
	}
	tag, t := o.begin(bcast, binomial), o.tree(root)
	var head []byte
	if t.rel == 0 {
		head = appendBlock([]byte{byte(o.c.choose(bcast, t.n, len(data)))}, data)
	} else {
		var err error
		if head, err = o.recv(ctx, t.parent(), tag); err != nil {
			return nil, err
		}
	}
	var sends []done
	for _, rel := range t.children() {
		sends = append(sends, o.send(ctx, t.rank(rel), tag, head))
	}
	if len(head) < 2 {
		return nil, o.damaged(t.parent(), status.Errorf(status.Malformed, "bcast: %d bytes", len(head)))
	}
	if _, err := blockEnd(head, 1); err != nil {
		return nil, o.damaged(t.parent(), err)
	}
	size, n := binary.Uvarint(head[1:])
	switch {
	case size <= maxBlock:
		if t.rel != 0 {
			data = head[1+n:]
		}
		return data, o.awaitAll(sends)
	case size > maxMessage:
		return nil, o.damaged(t.parent(), status.Errorf(status.Malformed, "bcast of %d bytes", size))
	case algorithm(head[0]) == posted:
		return o.bcastPosted(ctx, t, data, int(size), sends)
	case algorithm(head[0]) == spread:
		return o.bcastShares(ctx, t, data, int(size), sends)
	}
	if t.rel != 0 {
		var err error
		if data, err = o.recv(ctx, t.parent(), tag); err != nil {
			return nil, err
		}
	}
	for _, rel := range t.children() {
		sends = append(sends, o.send(ctx, t.rank(rel), tag, data))
	}
	return data, o.awaitAll(sends)
}

// bcastPosted leaves data in the store, where the others read it.
func (o *Operation) bcastPosted(ctx context.Context, t tree, data []byte, size int, sends []done) (_ []byte, err error) {
	tag := o.begin(bcast, posted)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(o.group.Context(), func() { stop(context.Cause(o.group.Context())) })()
	name := fmt.Sprintf("%x-%d-%d", o.c.id, o.sequence, tag)
	switch {
	case o.c.board == nil:
		err = status.Errorf(status.Invalid, "rank %d broadcasts through a store, and this rank has none: give all ranks the same stores", o.c.members[t.root])
	case t.rel == 0:
		err = o.c.board.Put(ctx, name, data)
	default:
		if data, err = o.alloc(size); err == nil {
			err = o.c.board.Get(ctx, name, data)
		}
	}
	if sent := o.awaitAll(sends); sent != nil {
		return nil, sent
	}
	return data, err
}

// bcastShares sends each subtree the shares of its ranks, and all shares around the ring.
func (o *Operation) bcastShares(ctx context.Context, t tree, data []byte, size int, sends []done) ([]byte, error) {
	tag := o.begin(bcast, spread)
	share := shares(nil, 1, evenly(size, t.n))
	if t.rel == 0 {
		share.acc = data
	} else {
		var err error
		if share.acc, err = o.alloc(size); err != nil {
			return nil, err
		}
		mine := share.span(t.rel, t.end(t.rel))
		if err := o.recvEqual(ctx, t.parent(), tag, len(mine), func(got []byte) { copy(mine, got) }); err != nil {
			return nil, err
		}
	}
	for _, rel := range t.children() {
		sends = append(sends, o.send(ctx, t.rank(rel), tag, share.span(rel, t.end(rel))))
	}
	// Around the ring every rank passes on what it has just got; what it had already is not sent to it. In step k the rank
	// that counts as rel gives share rel-k and gets rel-k-1.
	right, left := t.rank((t.rel+1)%t.n), t.rank((t.rel-1+t.n)%t.n)
	has := func(rel, i int) bool { return i >= rel && i < t.end(rel) }
	for k := range t.n - 1 {
		give, take := (t.rel-k+t.n)%t.n, (t.rel-k-1+t.n)%t.n
		var sending done
		if next := (t.rel + 1) % t.n; !has(next, give) {
			sending = o.send(ctx, right, tag, share.at(give))
		}
		if !has(t.rel, take) {
			part := share.at(take)
			if err := o.recvEqual(ctx, left, tag, len(part), func(got []byte) { copy(part, got) }); err != nil {
				_ = sending.await()
				return nil, err
			}
		}
		if err := sending.await(); err != nil {
			return nil, err
		}
	}
	return share.acc, o.awaitAll(sends)
}

// alloc returns memory for what a collective returns.
func (o *Operation) alloc(n int) ([]byte, error) {
	if n <= wire.MaxEager {
		return make([]byte, n), nil
	}
	b, err := o.c.scope.Alloc(n)
	if err != nil {
		o.c.mu.Lock()
		defer o.c.mu.Unlock()
		o.fail(err, false)
		return nil, err
	}
	o.keep(b)
	return b.Bytes(), nil
}

// clone returns a copy of data that a collective changes and returns.
func (o *Operation) clone(data []byte) ([]byte, error) {
	b, err := o.alloc(len(data))
	if err == nil {
		copy(b, data)
	}
	return b, err
}
