package operator

import (
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

const (
	// minDistinctSlots is the least a table has, maxFirstSlots the most it starts with: keys may repeat.
	minDistinctSlots = 1 << 8
	maxFirstSlots    = 1 << 15
	// matchedRows is how many rows go through a table between two Yields: comparing long strings takes the longest.
	matchedRows = 1 << 13
)

// distinctParts are the rows' codes and numbers by the partition of their code, each partition's in their order.
type distinctParts struct {
	codes  []uint64
	rows   []uint32
	starts [radix.Parts + 1]int
	owners [2]*memory.Buffer
}

// matchPartitions spreads the rows over partitions and matches those of each.
func (d *distinct) matchPartitions() error {
	parts, err := d.partition()
	if err != nil {
		return err
	}
	tables := make([]*distinctTable, d.query.Threads)
	kept := make([][]uint64, d.query.Threads)
	err = d.query.For(radix.Ways, func(w *exec.Worker, i int) error {
		from, to := parts.starts[i], parts.starts[i+1]
		if from == to {
			return nil
		}
		if kept[w.ID] == nil {
			bits, owner, err := d.bitmap(d.rows())
			if err != nil {
				return err
			}
			kept[w.ID] = bits
			tables[w.ID] = &distinctTable{distinct: d, kept: bits, keptOwner: owner}
		}
		return tables[w.ID].match(w, parts.codes[from:to], parts.rows[from:to])
	})
	if err != nil {
		return err
	}
	for _, b := range parts.owners {
		b.Release()
	}
	for _, t := range tables {
		switch {
		case t == nil:
			continue
		case d.kept == nil:
			d.kept, d.owner = t.kept, t.keptOwner
			err = d.union(append([][]uint64{d.kept}, kept...))
		default:
			t.keptOwner.Release()
		}
		t.owner.Release()
		t.pairs.release()
	}
	return err
}

// partition spreads the rows.
func (d *distinct) partition() (*distinctParts, error) {
	feed := newDistinctFeed(d)
	blocks := make([]*distinctBlock, d.query.Threads)
	counts := make([]radix.Counts, feed.chunks())
	err := d.query.For(feed.chunks(), func(w *exec.Worker, i int) error {
		if blocks[w.ID] == nil {
			blocks[w.ID] = &distinctBlock{}
		}
		return feed.each(w, i, blocks[w.ID], func(codes []uint64, _ []uint32) { radix.CountKeys(codes, 0, &counts[i]) })
	})
	if err != nil {
		return nil, err
	}
	parts := &distinctParts{}
	for i, n := range radix.Plan(counts) {
		parts.starts[i+1] = parts.starts[i] + n
	}
	rows := parts.starts[radix.Parts]
	if parts.codes, parts.owners[0], err = memory.Make[uint64](d.query.Scope, rows); err != nil {
		return nil, err
	}
	if parts.rows, parts.owners[1], err = memory.Make[uint32](d.query.Scope, rows); err != nil {
		return nil, err
	}
	var codeBases, rowBases radix.Bases
	for i := range radix.Parts {
		at := min(parts.starts[i], max(rows-1, 0)) // an empty partition at the end has no first row
		codeBases[i], rowBases[i] = unsafe.Pointer(&parts.codes[at]), unsafe.Pointer(&parts.rows[at])
	}
	return parts, d.query.For(feed.chunks(), func(w *exec.Worker, i int) error {
		if blocks[w.ID] == nil {
			blocks[w.ID] = &distinctBlock{}
		}
		return feed.each(w, i, blocks[w.ID], func(codes []uint64, rows []uint32) {
			radix.ScatterPairs(&codeBases, &rowBases, codes, rows, 0, &counts[i])
		})
	})
}

// distinctSlot is a key: a row that has it, and how many rows have it (of the other input, that none of this one has
// matched, under eachInOther and eachNotOther).
type distinctSlot struct {
	code uint64
	row  uint32 // 1 more than the number; 0: the slot is free
	n    uint32
}

// distinctTable is an open-addressed table of one partition's keys, on one worker.
//
// Where codes are hashes, rows of equal codes are taken for equal first and compared afterwards, many at a time: the
// memory that holds their keys is read while others are waited for. If two differ, which is next to impossible, the
// partition is matched again, carefully.
type distinctTable struct {
	*distinct
	slots     []distinctSlot
	shift     uint
	used      int
	room      []distinctSlot // what slots is cut from
	owner     *memory.Buffer
	kept      []uint64
	keptOwner *memory.Buffer
	careful   bool
	pairs     rowPairs // taken for equal
}

// match marks the rows of a partition that stay.
func (t *distinctTable) match(w *exec.Worker, codes []uint64, rows []uint32) error {
	t.careful = false
	differ, err := t.matchRows(w, codes, rows)
	if !differ || err != nil {
		return err
	}
	for _, row := range rows {
		t.kept[row>>6] &^= 1 << (row & 63)
	}
	t.careful = true
	_, err = t.matchRows(w, codes, rows)
	return err
}

// matchRows is match, and tells whether rows that were taken for equal differ.
func (t *distinctTable) matchRows(w *exec.Worker, codes []uint64, rows []uint32) (differ bool, err error) {
	slots := minDistinctSlots
	for slots < maxFirstSlots && 4*slots < 5*len(codes) {
		slots *= 2
	}
	if err := t.reset(slots); err != nil {
		return false, err
	}
	if err := t.pairs.prepare(w.Scope(), t.keys.words == nil && !t.careful); err != nil {
		return false, err
	}
	other := uint32(t.otherRows())
	for from := 0; from < len(codes); {
		n := min(matchedRows, len(codes)-from, len(t.slots)*3/4-t.used) // as many as there is room for
		if n == 0 {
			if err := t.grow(); err != nil {
				return false, err
			}
			continue
		}
		part, numbers := codes[from:from+n], rows[from:from+n]
		if t.keys.words != nil && (t.rule == firstOfKey || t.rule == lastOfKey) {
			t.matchFirst(part, numbers)
		} else {
			for i, code := range part {
				t.matchRow(code, numbers[i], other)
			}
		}
		if from += n; !t.keys.equalPairs(&t.pairs) {
			return true, nil
		}
		if err := w.Yield(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// matchFirst keeps the rows whose exact code is new. Whether one is can't be foreseen, so that is no branch: only the
// search goes on in one, if another key lies in the slot.
func (t *distinctTable) matchFirst(codes []uint64, rows []uint32) {
	rows = rows[:len(codes)]
	slots, shift, mask, kept, used := t.slots, t.shift&63, uint64(len(t.slots)-1), t.kept, 0
	for i, code := range codes {
		at := radix.Hash(code) << radix.Bits >> shift
		s := &slots[at&mask]
		for s.row != 0 && s.code != code {
			at++
			s = &slots[at&mask]
		}
		row, fresh := rows[i], 0
		if s.row == 0 {
			fresh = 1
		}
		kept[row>>6] |= uint64(fresh) << (row & 63)
		used += fresh
		s.code, s.row = code, row+1
	}
	t.used += used
}

// find returns the slot of a row's key, or the free one where it belongs.
func (t *distinctTable) find(code uint64, row uint32) *distinctSlot {
	mask := uint64(len(t.slots) - 1)
	for at := radix.Hash(code) << radix.Bits >> (t.shift & 63); ; at++ {
		s := &t.slots[at&mask]
		if s.row == 0 || s.code == code && (!t.careful || t.keys.equal(s.row-1, row)) {
			return s
		}
	}
}

// matchRow decides on one row; the first other rows are the other input's.
func (t *distinctTable) matchRow(code uint64, row, other uint32) {
	s := t.find(code, row)
	fresh := s.row == 0
	if !fresh {
		t.pairs.add(s.row-1, row)
	}
	stays := false
	switch {
	case row < other:
		s.n++
	case t.rule == firstInOther:
		stays = s.n > 0
		s.n = 0
	case t.rule == eachInOther:
		if stays = s.n > 0; stays {
			s.n--
		}
	case t.rule == eachNotOther:
		if stays = s.n == 0; !stays {
			s.n--
		}
	case t.rule == onlyOfKey && !fresh:
		first := s.row - 1
		t.kept[first>>6] &^= 1 << (first & 63)
	default:
		stays = fresh
	}
	if fresh && (row < other || t.rule == firstOfKey || t.rule == lastOfKey || t.rule == onlyOfKey || t.rule == firstNotOther) {
		s.code, s.row = code, row+1
		t.used++
	}
	if stays {
		t.kept[row>>6] |= 1 << (row & 63)
	}
}

// reset empties the table and gives it a number of slots.
func (t *distinctTable) reset(slots int) error {
	if slots > len(t.room) {
		if t.owner != nil {
			t.owner.Release()
			t.owner, t.room = nil, nil
		}
		room, owner, err := memory.Make[distinctSlot](t.query.Scope, slots)
		if err != nil {
			return err
		}
		t.room, t.owner = room, owner
	}
	t.use(t.room[:slots])
	return nil
}

// use takes slots as the empty table.
func (t *distinctTable) use(slots []distinctSlot) {
	clear(slots)
	t.slots, t.used = slots, 0
	t.shift = 64
	for n := len(slots); n > 1; n /= 2 {
		t.shift--
	}
}

// grow doubles the table.
func (t *distinctTable) grow() error {
	old := t.slots
	room, owner, err := memory.Make[distinctSlot](t.query.Scope, 2*len(old))
	if err != nil {
		return err
	}
	used := t.used
	t.use(room)
	t.used = used
	mask := uint64(len(room) - 1)
	for _, s := range old {
		if s.row == 0 {
			continue
		}
		at := radix.Hash(s.code) << radix.Bits >> (t.shift & 63)
		for room[at&mask].row != 0 {
			at++
		}
		room[at&mask] = s
	}
	t.owner.Release()
	t.room, t.owner = room, owner
	return nil
}
