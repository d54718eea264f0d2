package operator

import "unsafe"

// groupUpdate is a chunk's part that goes into a table's states: rows [from, to), whose groups are ids[from:to].
type groupUpdate struct {
	chunk    *groupChunk
	ids      []uint32
	scratch  []uint32
	from, to int
	heap     *groupHeap // for the strings that states keep
}

// aggregate adds the values of rows.
func (t *groupTable) aggregate(u groupUpdate) error {
	masked, ids := -1, u.ids[u.from:u.to]
	for i := range t.layout.states {
		s := &t.layout.states[i]
		if s.op == opHeld || s.together {
			continue
		}
		if t.layout.single() {
			if done, err := t.reduceState(s, u); done || err != nil {
				if err != nil {
					return err
				}
				continue
			}
			t.lookupSingle(u.ids[u.from:u.to])
		}
		rows := u.ids[u.from:u.to]
		if s.op == opMissing {
			if u.chunk.masked {
				countMasked(t.cells(s), rows, u.chunk.masks[s.mask/64].from(u.from), s.mask%64)
			}
			continue
		}
		some := u.chunk.masked && s.mask >= 0
		if some {
			if masked != s.mask {
				masked, ids = s.mask, present(rows, u.chunk.masks[s.mask/64].from(u.from), s.mask%64, u.scratch)
			}
			rows = ids
		}
		if u.chunk.rows != nil && len(s.operands) == 1 {
			if v := u.chunk.lying[s.operands[0]]; v.p != nil && s.op.reads() {
				if err := s.op.updateRows(t.cells(s), rows, v, u.chunk.rows[u.from:u.to], t.heapOf(s.op, u.heap)); err != nil {
					return err
				}
				continue
			}
		}
		in := groupOperands{ones, ones, ones, ones}
		for k, word := range s.operands {
			in[k] = u.chunk.word(word, u.from)
		}
		if s.top != nil {
			s.top.update(t.cells(s), rows, in[0])
			continue
		}
		if err := s.op.update(t.cells(s), rows, &in, t.heapOf(s.op, u.heap)); err != nil {
			return err
		}
	}
	for i := range t.layout.moments {
		if t.layout.single() {
			if done, err := t.reduceSums(&t.layout.moments[i], u); done || err != nil {
				if err != nil {
					return err
				}
				continue
			}
			t.lookupSingle(u.ids[u.from:u.to])
		}
		if err := t.updateSums(&t.layout.moments[i], u); err != nil {
			return err
		}
	}
	return nil
}

// merge adds states: the chunk's values are the state words of groups.
func (t *groupTable) merge(u groupUpdate) error {
	l := t.layout
	for i := range l.states {
		s := &l.states[i]
		if s.op == opHeld {
			continue
		}
		if s.top != nil {
			s.top.merge(t.cells(s), u.ids[u.from:u.to], u.chunk.values[s.word-1-l.keyWords].from(u.from))
			continue
		}
		in := groupOperands{ones, ones, ones, ones}
		for k := range s.op.words() {
			in[k] = u.chunk.values[s.word-1-l.keyWords+k].from(u.from)
		}
		if err := s.op.merge().update(t.cells(s), u.ids[u.from:u.to], &in, t.heapOf(s.op, u.heap)); err != nil {
			return err
		}
	}
	return nil
}

// heapOf returns where the states of op keep what they point to.
func (t *groupTable) heapOf(op groupOp, strings *groupHeap) *groupHeap {
	if op.isFloatSum() {
		return &t.sums
	}
	return strings
}

func (t *groupTable) cells(s *groupState) groupCells {
	return groupCells{unsafe.Add(t.records, 8*s.word)}
}

// present returns ids with 0 for the rows whose bit is set in mask.
func present(ids []uint32, mask groupVec, bit int, scratch []uint32) []uint32 {
	scratch = scratch[:len(ids)]
	for i, g := range ids {
		scratch[i] = g & (uint32(mask.at(i)>>bit&1) - 1)
	}
	return scratch
}

// countMasked counts the rows whose bit is set in mask.
func countMasked(cells groupCells, ids []uint32, mask groupVec, bit int) {
	for i, g := range ids {
		cells.at(g)[0] += mask.at(i) >> bit & 1
	}
}
