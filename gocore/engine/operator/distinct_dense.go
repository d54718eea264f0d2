package operator

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// distinctDense matches rows whose codes are few: a set of codes is a bitmap.
//
//	1  the own rows are cut into a stripe per worker; each marks the rows whose code is the first in its stripe
//	2  what a stripe must leave out, as another set: the codes seen in the stripes before it, joined with those that
//	   the other input has, or hasn't; for onlyOfKey, the codes seen twice anywhere
//	3  the marks of rows with such a code are taken back
type distinctDense struct {
	*distinct
	stripes []denseStripe
	others  []uint64 // codes of the other input
	owners  []*memory.Buffer
}

// denseStripe is a run of batches, and its sets.
type denseStripe struct {
	from, to int
	seen     []uint64 // then, what to leave out
	twice    []uint64
	quiet    bool // the last codes were none of them new
}

func (d *distinct) matchDense() error {
	m := &distinctDense{distinct: d}
	if err := m.prepare(); err != nil {
		return err
	}
	if err := m.seeOthers(); err != nil {
		return err
	}
	err := m.query.For(len(m.stripes), func(w *exec.Worker, i int) error {
		s := &m.stripes[i]
		for j := range s.to - s.from {
			batch := s.from + j
			if m.rule == lastOfKey {
				batch = s.to - 1 - j
			}
			m.eachBlock(s, batch, m.mark)
			if err := w.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.exclude(); err != nil {
		return err
	}
	if err := m.unmarkAll(); err != nil {
		return err
	}
	for _, b := range m.owners {
		b.Release()
	}
	return nil
}

// set returns an empty set of codes.
func (m *distinctDense) set() ([]uint64, error) {
	bits, owner, err := m.bitmap(1 << m.keys.bits())
	if err == nil {
		m.owners = append(m.owners, owner)
	}
	return bits, err
}

// prepare cuts the stripes: as many as workers, but no more than keep their sets to a few bytes per row.
func (m *distinctDense) prepare() error {
	kept, owner, err := m.bitmap(m.rows())
	if err != nil {
		return err
	}
	m.kept, m.owner = kept, owner
	n := max(1, min(m.query.Threads, 64*m.rows()>>m.keys.bits()))
	own := m.rows() - m.otherRows()
	at := m.other
	for i := range n {
		s := denseStripe{from: at}
		for at < len(m.batches) && m.starts[at]-m.otherRows() < (i+1)*own/n {
			at++
		}
		s.to = at
		if s.seen, err = m.set(); err != nil {
			return err
		}
		if m.rule == onlyOfKey {
			if s.twice, err = m.set(); err != nil {
				return err
			}
		}
		m.stripes = append(m.stripes, s)
	}
	return nil
}

// seeOthers fills in the other input's codes.
func (m *distinctDense) seeOthers() error {
	if m.other == 0 && m.rule != firstInOther {
		return nil
	}
	sets := make([][]uint64, len(m.stripes))
	for i := range sets {
		var err error
		if sets[i], err = m.set(); err != nil {
			return err
		}
	}
	err := m.query.For(len(sets), func(w *exec.Worker, i int) error {
		var codes [blockRows]uint64
		for batch := i; batch < m.other; batch += len(sets) {
			for from := 0; from < m.batches[batch].Len; from += blockRows {
				n := min(blockRows, m.batches[batch].Len-from)
				m.keys.codes(batch, from, codes[:n], nil)
				for _, code := range codes[:n] {
					sets[i][code>>6] |= 1 << (code & 63)
				}
			}
			if err := w.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.others = sets[0]
	return m.union(sets)
}

// eachBlock calls f with each block of a batch's codes, in order (for lastOfKey in reverse), and the words of kept that
// are its rows'.
func (m *distinctDense) eachBlock(s *denseStripe, batch int, f func(s *denseStripe, codes, kept []uint64)) {
	var codes [blockRows]uint64
	length := m.batches[batch].Len
	blocks := (length + blockRows - 1) / blockRows
	for b := range blocks {
		if m.rule == lastOfKey {
			b = blocks - 1 - b
		}
		from := b * blockRows
		n := min(blockRows, length-from)
		m.keys.codes(batch, from, codes[:n], nil)
		f(s, codes[:n], m.kept[(m.starts[batch]+from)/64:])
	}
}

// mark keeps the rows whose code is new in the stripe.
func (m *distinctDense) mark(s *denseStripe, codes, kept []uint64) {
	switch m.rule {
	case onlyOfKey:
		seen, twice := s.seen, s.twice
		for i, code := range codes {
			bit := uint64(1) << (code & 63)
			twice[code>>6] |= seen[code>>6] & bit
			seen[code>>6] |= bit
			kept[i>>6] |= 1 << (i & 63)
		}
	case lastOfKey:
		seen := s.seen
		for i := len(codes) - 1; i >= 0; i-- {
			code := codes[i]
			word := seen[code>>6]
			seen[code>>6] = word | 1<<(code&63)
			kept[i>>6] |= (^word >> (code & 63) & 1) << (i & 63)
		}
	default:
		for i := 0; i < len(codes); i += 64 {
			if word := codes[i:min(i+64, len(codes))]; s.quiet && allSeen(s.seen, word) {
				kept[i>>6] = 0
			} else {
				kept[i>>6] = see(s.seen, word)
				s.quiet = kept[i>>6] == 0
			}
		}
	}
}

// see adds up to 64 codes to a set and returns which of them are new, a bit each.
func see(seen, codes []uint64) uint64 {
	fresh := uint64(0)
	for i, code := range codes {
		word := seen[code>>6]
		seen[code>>6] = word | 1<<(code&63)
		fresh |= (^word >> (code & 63) & 1) << (i & 63)
	}
	return fresh
}

// allSeen tells whether a set has all codes. Where it mostly has, as few codes repeat, that is several times faster than
// see, whose writes and reads of the same words wait for each other.
func allSeen(seen, codes []uint64) bool {
	all := ^uint64(0)
	for _, code := range codes {
		all &= seen[code>>6] >> (code & 63)
	}
	return all&1 != 0
}

// exclude turns what the stripes have seen into what each must leave out.
func (m *distinctDense) exclude() error {
	words := len(m.stripes[0].seen)
	return m.query.For((words+orWords-1)/orWords, func(_ *exec.Worker, i int) error {
		for at := i * orWords; at < min((i+1)*orWords, words); at++ {
			before, twice := uint64(0), uint64(0)
			switch m.rule {
			case firstInOther:
				before = ^m.others[at]
			case firstNotOther:
				if m.others != nil {
					before = m.others[at]
				}
			}
			for j := range m.stripes {
				s := &m.stripes[j]
				if m.rule == lastOfKey {
					s = &m.stripes[len(m.stripes)-1-j]
				}
				seen := s.seen[at]
				s.seen[at] = before
				if m.rule == onlyOfKey {
					twice |= s.twice[at] | before&seen
				}
				before |= seen
			}
			for j := range m.stripes {
				if m.rule == onlyOfKey {
					m.stripes[j].seen[at] = twice
				}
			}
		}
		return nil
	})
}

// unmarkAll has all rows looked at again whose stripe has something to leave out.
func (m *distinctDense) unmarkAll() error {
	var stripes []*denseStripe // by batch
	var batches []int
	for i := range m.stripes {
		first := i
		if m.rule == lastOfKey {
			first = len(m.stripes) - 1 - i
		}
		if first == 0 && (m.rule == firstOfKey || m.rule == lastOfKey) {
			continue
		}
		for batch := m.stripes[i].from; batch < m.stripes[i].to; batch++ {
			stripes, batches = append(stripes, &m.stripes[i]), append(batches, batch)
		}
	}
	return m.query.For(len(batches), func(_ *exec.Worker, i int) error {
		m.eachBlock(stripes[i], batches[i], m.unmark)
		return nil
	})
}

// unmark drops the rows whose code is in the stripe's set.
func (m *distinctDense) unmark(s *denseStripe, codes, kept []uint64) {
	for i := 0; i < len(codes); i += 64 {
		out := uint64(0)
		for j, code := range codes[i:min(i+64, len(codes))] {
			out |= (s.seen[code>>6] >> (code & 63) & 1) << (j & 63)
		}
		kept[i>>6] &^= out
	}
}

// keptOf returns the bits of a batch's rows.
func (d *distinct) keptOf(batch int) column.Bitmap {
	return column.Bitmap{Bits: memory.BytesOf(d.kept)[d.starts[batch]/8:]}
}
