package operator

import (
	"bytes"
	"cmp"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// sorted returns the records in the order of their hashes, then keys, and how many they are, and frees the table.
func (t *groupTable) sorted() (*memory.Buffer, int, error) {
	order, orderBuf, err := t.order()
	if err != nil {
		return nil, 0, err
	}
	defer orderBuf.Release()
	t.freeSlots()
	rows, words := len(order), t.layout.recWords
	switch {
	case t.layout.ragged:
		rows = t.results()
	case rows >= t.limit*5/8: // a copy wouldn't be much smaller
		t.permute(order)
		b := t.recBuf
		t.recBuf, t.records = nil, nil
		return b, rows, nil
	}
	b, err := t.scope.Alloc(8 * words * max(rows, 1))
	if err != nil {
		return nil, 0, err
	}
	dst := memory.As[uint64](b.Bytes())
	for _, g := range order {
		if t.layout.ragged {
			dst = t.writeResults(dst, t.record(g))
		} else {
			dst = dst[copy(dst, t.record(g)):]
		}
	}
	t.free()
	return b, rows, nil
}

// permute moves the records of groups to the front, in their order, which it uses up: into the place of record 0 first, then
// into that of each record that has been moved, along the cycles.
func (t *groupTable) permute(order []uint32) {
	words := uint32(t.layout.recWords)
	first := make([]uint64, words) // of a cycle
	for start := range order {
		if order[start] == 0 {
			continue
		}
		copy(first, t.record(uint32(start)*words))
		for at := start; ; {
			g := order[at]
			order[at] = 0
			from := int(g / words)
			if from == start {
				copy(t.record(uint32(at)*words), first)
				break
			}
			copy(t.record(uint32(at)*words), t.record(g))
			if at = from; at == len(order) {
				break // the last record's place is nobody's
			}
		}
	}
}

// raggedState returns the state of a ragged aggregate, which is alone.
func (l *groupLayout) raggedState() *groupState { return &l.states[l.results[0].states[0]] }

// results returns how many results a ragged aggregate has of all groups.
func (t *groupTable) results() int {
	n, s := 0, t.layout.raggedState()
	count := s.word + 1
	if s.top != nil {
		count = s.word
	}
	for g := 1; g < t.n; g++ {
		n += int(t.record(uint32(g * t.layout.recWords))[count])
	}
	return n
}

// writeResults writes a record for each of a group's results and returns what is left of dst.
func (t *groupTable) writeResults(dst, r []uint64) []uint64 {
	s := t.layout.raggedState()
	var kept [mostTop]uint64
	var values []uint64
	if s.top != nil {
		values = s.top.values(r[s.word:], &kept)
	} else {
		at := r[s.word]
		values = unsafe.Slice(*(**uint64)(unsafe.Pointer(&at)), r[s.word+1])
	}
	for _, w := range values {
		n := copy(dst, r)
		dst[s.word] = w
		dst = dst[n:]
	}
	return dst
}

// order returns the groups in the order of their hashes, then keys.
func (t *groupTable) order() ([]uint32, *memory.Buffer, error) {
	b, err := t.scope.Alloc(4 * max(t.groups(), 1))
	if err != nil {
		return nil, nil, err
	}
	ids, n := memory.As[uint32](b.Bytes()), 0
	if t.layout.single() {
		ids[0] = uint32(t.layout.recWords)
		return ids[:1], b, nil
	}
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
