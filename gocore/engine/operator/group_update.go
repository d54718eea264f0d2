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
	l, c := t.layout, u.chunk
	masked, ids := -1, u.ids[u.from:u.to]
	for _, s := range l.states {
		v := &l.values[s.value]
		rows := u.ids[u.from:u.to]
		if c.masked && v.mask >= 0 {
			if masked != v.mask {
				masked, ids = v.mask, present(rows, c.masks[v.mask/64].from(u.from), v.mask%64, u.scratch)
			}
			rows = ids
		}
		second := ones
		switch {
		case s.second >= 0:
			second = c.values[l.values[s.second].word].from(u.from)
		case v.words == 2:
			second = c.values[v.word+1].from(u.from)
		}
		var first groupVec
		if v.words > 0 {
			first = c.values[v.word].from(u.from)
		}
		if err := s.op.update(t.cells(s), rows, first, second, t.heapOf(s.op, u.heap)); err != nil {
			return err
		}
		if s.text >= 0 {
			word := l.values[s.text].word
			if err := addTexts(t.cells(s), rows, c.values[word].from(u.from), c.values[word+1].from(u.from), &t.sums); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge adds states: the chunk's values are the state words of groups.
func (t *groupTable) merge(u groupUpdate) error {
	l := t.layout
	for _, s := range l.states {
		v := u.chunk.values[s.word-1-l.keyWords:]
		second := ones
		if s.op.words() == 2 {
			second = v[1].from(u.from)
		}
		if err := s.op.merge().update(t.cells(s), u.ids[u.from:u.to], v[0].from(u.from), second, t.heapOf(s.op, u.heap)); err != nil {
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

func (t *groupTable) cells(s groupState) groupCells {
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
