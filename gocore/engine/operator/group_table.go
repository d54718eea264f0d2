package operator

import (
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// groupTable is a hash table of groups: open addressing with linear probing over groups, and their records. A group
// is a number: of the first word of its record.
//
//	slots    | 0 | 28 | 0 | 12 | ...     the group whose hash (after the skipped bits) leads here or before; 0 = none
//	record   | hash | key words | state words |     8 bytes each; record 0 takes the values of rows that have none
//
// Slots are chosen by the hash's upper bits, so a walk over them finds the groups nearly in the order of their hashes:
// the order of the output, which depends neither on the order of the input nor on how many workers read it.
type groupTable struct {
	layout  *groupLayout
	scope   *memory.Scope
	skip    uint // upper bits that the hashes of all groups share
	shift   uint // of the bits below them that choose a slot
	mask    uint64
	slots   []uint32
	records unsafe.Pointer
	n       int // records in use
	limit   int // records that fit
	initial []uint64
	slotBuf *memory.Buffer
	recBuf  *memory.Buffer
	sums    groupHeap // exactSums; records that leave the table keep pointing to them
}

const (
	minSlots = 4096
	// slotsPerGroup keeps most searches to one slot: a mispredicted branch costs more than the cache that slots take.
	slotsPerGroup = 4
)

// newGroupTable returns a table with room for about groups groups.
func newGroupTable(l *groupLayout, scope *memory.Scope, skip uint, groups int) (*groupTable, error) {
	t := &groupTable{layout: l, scope: scope, skip: skip, initial: make([]uint64, l.recWords), sums: groupHeap{scope: scope}}
	for i := range l.states {
		s := &l.states[i]
		state := s.op.initial()
		copy(t.initial[s.word:s.word+s.words()], state[:])
	}
	if err := t.resize(max(minSlots, 1<<bits.Len(uint(slotsPerGroup*groups)))); err != nil {
		return nil, err
	}
	t.reset()
	return t, nil
}

// reset empties the table. The single group is there from the start.
func (t *groupTable) reset() {
	clear(t.slots)
	copy(t.record(0), t.initial)
	t.n = 1
	for range t.layout.stripes() {
		t.add(0)
	}
}

func (t *groupTable) groups() int { return t.n - 1 }

// record returns the words of group g.
func (t *groupTable) record(g uint32) []uint64 {
	return unsafe.Slice((*uint64)(t.at(g)), t.layout.recWords)
}

func (t *groupTable) at(g uint32) unsafe.Pointer { return unsafe.Add(t.records, 8*uintptr(g)) }

// words returns how many words the records in use have: groups are the multiples of recWords below it, from the second.
func (t *groupTable) words() uint32 { return uint32(t.n * t.layout.recWords) }

// slot returns where the search for hash h begins.
func (t *groupTable) slot(h uint64) uint64 { return h >> (t.shift & 63) & t.mask }

func (t *groupTable) hash(g uint32) uint64 { return *(*uint64)(t.at(g)) }

// resize makes room for slots/slotsPerGroup groups and finds the groups' slots anew.
func (t *groupTable) resize(slots int) error {
	size := 8 * t.layout.recWords
	records, err := t.scope.Alloc((slots/slotsPerGroup + 1) * size)
	if err != nil {
		return err
	}
	copy(records.Bytes(), unsafe.Slice((*byte)(t.records), t.n*size))
	if t.recBuf != nil { // before there are more slots: all at once would be the most that a table ever takes
		t.recBuf.Release()
	}
	t.recBuf, t.records = records, unsafe.Pointer(unsafe.SliceData(records.Bytes()))
	t.freeSlots()
	slotBuf, err := t.scope.Zeroed(4 * slots)
	if err != nil {
		return err
	}
	t.slotBuf, t.slots = slotBuf, memory.As[uint32](slotBuf.Bytes())
	t.limit = slots/slotsPerGroup + 1
	t.shift = uint(64-bits.TrailingZeros(uint(slots))) - t.skip
	t.mask = uint64(slots - 1)
	for g := uint32(t.layout.recWords); g < t.words(); g += uint32(t.layout.recWords) {
		s := t.slot(t.hash(g))
		for t.slots[s] != 0 {
			s = (s + 1) & t.mask
		}
		t.slots[s] = g
	}
	return nil
}

// grow makes room for more groups.
func (t *groupTable) grow() error {
	factor := 2
	if t.n < 1<<16 {
		factor = 4
	}
	return t.resize(factor * len(t.slots))
}

// free gives the table's memory back.
func (t *groupTable) free() {
	if t.recBuf != nil {
		t.freeSlots()
		t.recBuf.Release()
		t.recBuf, t.records = nil, nil
	}
}

// freeSlots gives back what finds groups: from now on they are only read.
func (t *groupTable) freeSlots() {
	if t.slotBuf != nil {
		t.slotBuf.Release()
		t.slotBuf, t.slots = nil, nil
	}
}

// lookup writes the groups of the chunk's rows from row i on to ids and returns the row it stopped at: the chunk's
// end, or the first whose group would be one too many. New groups' strings are copied to heap, if there is one.
func (t *groupTable) lookup(c *groupChunk, i int, ids []uint32, heap *groupHeap) (int, error) {
	if t.layout.single() {
		t.lookupSingle(ids[:c.n])
		return c.n, nil
	}
	if t.layout.exact {
		return t.lookupExact(c, i, ids), nil
	}
	from := i
	for {
		i += t.probe(c.hash.from(i), ids[i:c.n])
		if i == c.n || t.n == t.limit {
			return t.verify(c, from, i, ids, heap)
		}
		if _, err := t.find(c, i, heap); err != nil {
			return i, err
		}
	}
}

// verify compares the keys of rows [from, to) with those of the groups that have their hashes, and finds the group of a
// row anew where they differ. It returns the row it stopped at, like lookup.
func (t *groupTable) verify(c *groupChunk, from, to int, ids []uint32, heap *groupHeap) (int, error) {
	check := func(same func(i int) int) error {
		for i := from; ; i++ {
			i = same(i)
			if i == to {
				return nil
			}
			if t.n == t.limit {
				to = i
				return nil
			}
			g, err := t.find(c, i, heap)
			if err != nil {
				return err
			}
			ids[i] = g
		}
	}
	for j := range t.layout.nullWords {
		err := check(func(i int) int { return i + t.sameWords(1+j, c.keys[j].from(i), ids[i:to]) })
		if err != nil {
			return from, err
		}
	}
	for _, k := range t.layout.keys {
		err := check(func(i int) int {
			if k.kind == column.String {
				return i + t.sameStrings(k.word, c.keys[k.word-1].from(i), c.keys[k.word].from(i), ids[i:to])
			}
			return i + t.sameWords(k.word, c.keys[k.word-1].from(i), ids[i:to])
		})
		if err != nil {
			return from, err
		}
	}
	return to, nil
}

// sameWords returns the first row whose word isn't that of its group.
func (t *groupTable) sameWords(word int, key groupVec, ids []uint32) int {
	words := unsafe.Add(t.records, 8*word)
	for i, g := range ids {
		if *(*uint64)(unsafe.Add(words, 8*uintptr(g))) != key.at(i) {
			return i
		}
	}
	return len(ids)
}

// sameStrings returns the first row whose string isn't that of its group.
func (t *groupTable) sameStrings(word int, first, second groupVec, ids []uint32) int {
	words := unsafe.Add(t.records, 8*word)
	for i, g := range ids {
		have := (*[2]uint64)(unsafe.Add(words, 8*uintptr(g)))
		a, b := first.at(i), second.at(i)
		if (have[0]^a)|(have[1]^b) != 0 && !equalStrings(have[0], have[1], a, b) {
			return i
		}
	}
	return len(ids)
}

// find returns the group of row i, which it makes if it isn't there. There is room for one.
func (t *groupTable) find(c *groupChunk, i int, heap *groupHeap) (uint32, error) {
	h := c.hash.at(i)
	s := t.slot(h)
	for g := t.slots[s]; g != 0; g = t.slots[s] {
		if r := t.at(g); *(*uint64)(r) == h && t.equal(r, c, i) {
			return g, nil
		}
		s = (s + 1) & t.mask
	}
	g, err := t.insert(h, c, i, heap)
	if err == nil {
		t.slots[s] = g
	}
	return g, err
}

// lookupSingle is lookup where all rows are one group: they take turns at its records.
func (t *groupTable) lookupSingle(ids []uint32) {
	words, last := uint32(t.layout.recWords), uint32(t.layout.stripes()-1)
	for i := range ids {
		ids[i] = words * (1 + uint32(i)&last)
	}
}

// lookupExact is lookup where equal hashes are equal keys.
func (t *groupTable) lookupExact(c *groupChunk, i int, ids []uint32) int {
	for {
		i += t.probe(c.hash.from(i), ids[i:c.n])
		if i == c.n || t.n == t.limit {
			return i
		}
		h := c.hash.at(i)
		s := t.slot(h)
		for t.slots[s] != 0 {
			s = (s + 1) & t.mask
		}
		t.slots[s] = t.add(h)
	}
}

// probe writes the groups of rows with the given hashes to ids and returns the first row whose group is new. It calls
// nothing, so that everything stays in registers: this is the loop that most rows spend their time in.
func (t *groupTable) probe(hash groupVec, ids []uint32) int {
	slots, records, shift, mask := unsafe.Pointer(unsafe.SliceData(t.slots)), t.records, t.shift, t.mask
	for i := range ids {
		h := hash.at(i)
		s := h >> (shift & 63) & mask
		g := *(*uint32)(unsafe.Add(slots, 4*s))
		for *(*uint64)(unsafe.Add(records, 8*uintptr(g))) != h {
			if g == 0 {
				return i
			}
			s = (s + 1) & mask
			g = *(*uint32)(unsafe.Add(slots, 4*s))
		}
		if g == 0 {
			return i // record 0 has a hash like any other
		}
		ids[i] = g
	}
	return len(ids)
}

// add makes the next record, with the states of no values, and returns its group.
func (t *groupTable) add(h uint64) uint32 {
	g := uint32(t.n * t.layout.recWords)
	t.n++
	r := t.record(g)
	copy(r, t.initial)
	r[0] = h
	return g
}

// insert makes the next record for row i and returns its group.
func (t *groupTable) insert(h uint64, c *groupChunk, i int, heap *groupHeap) (uint32, error) {
	g := t.add(h)
	r := t.record(g)
	for j, k := range c.keys {
		r[1+j] = k.at(i)
	}
	if heap != nil && t.layout.strings {
		for _, k := range t.layout.keys {
			if k.kind != column.String {
				continue
			}
			if err := heap.keep((*[2]uint64)(r[k.word:])); err != nil {
				return 0, err
			}
		}
	}
	return g, nil
}

// equal compares the keys of a record and of row i.
func (t *groupTable) equal(r unsafe.Pointer, c *groupChunk, i int) bool {
	record := unsafe.Slice((*uint64)(r), t.layout.recWords)
	for j := range t.layout.nullWords {
		if record[1+j] != c.keys[j].at(i) {
			return false
		}
	}
	for _, k := range t.layout.keys {
		a, b := record[k.word], c.keys[k.word-1].at(i)
		if a != b || k.kind == column.String && !equalStrings(a, record[k.word+1], b, c.keys[k.word].at(i)) {
			return false
		}
	}
	return true
}
