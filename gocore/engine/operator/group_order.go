package operator

import (
	"bytes"
	"cmp"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// sorted returns the records in the order of their hashes, then keys, and frees the table.
func (t *groupTable) sorted() (*memory.Buffer, error) {
	order, orderBuf, err := t.order()
	if err != nil {
		return nil, err
	}
	defer orderBuf.Release()
	words := t.layout.recWords
	b, err := t.scope.Alloc(8 * words * max(len(order), 1))
	if err != nil {
		return nil, err
	}
	dst := memory.As[uint64](b.Bytes())
	for i, g := range order {
		copy(dst[i*words:(i+1)*words], t.record(g))
	}
	t.free()
	return b, nil
}

// order returns the groups in the order of their hashes, then keys.
func (t *groupTable) order() ([]uint32, *memory.Buffer, error) {
	b, err := t.scope.Alloc(4 * max(t.groups(), 1))
	if err != nil {
		return nil, nil, err
	}
	ids, n := memory.As[uint32](b.Bytes()), 0
	add := func(g uint32) {
		i := n
		for ; i > 0 && t.less(g, ids[i-1]); i-- {
			ids[i] = ids[i-1]
		}
		ids[i] = g
		n++
	}
	// Groups that were probed past the last slot are in the first ones: they come last.
	half := uint64(len(t.slots) / 2)
	end := 0
	for end < len(t.slots) && t.slots[end] != 0 {
		end++
	}
	wrapped := func(g uint32) bool { return t.slot(t.hash(g)) >= half }
	for _, g := range t.slots[:end] {
		if !wrapped(g) {
			add(g)
		}
	}
	for _, g := range t.slots[end:] {
		if g != 0 {
			add(g)
		}
	}
	for _, g := range t.slots[:end] {
		if wrapped(g) {
			add(g)
		}
	}
	return ids[:n], b, nil
}

// less orders groups by hash and, where those collide, by keys.
func (t *groupTable) less(a, b uint32) bool {
	if x, y := t.hash(a), t.hash(b); x != y {
		return x < y
	}
	ra, rb := t.record(a), t.record(b)
	for j := range t.layout.nullWords {
		if ra[1+j] != rb[1+j] {
			return ra[1+j] < rb[1+j]
		}
	}
	for _, k := range t.layout.keys {
		c := cmp.Compare(ra[k.word], rb[k.word])
		if k.kind == column.String {
			c = bytes.Compare(chars((*[2]uint64)(ra[k.word:])), chars((*[2]uint64)(rb[k.word:])))
		}
		if c != 0 {
			return c < 0
		}
	}
	return false
}
