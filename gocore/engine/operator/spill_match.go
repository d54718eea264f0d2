package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/encoding"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// fileMatcher finds the rows of a part that stay by a distinctRule, as they are read, on one worker. It keeps distinct
// keys only: a key may be in any number of rows.
//
//	slots   an open-addressed table: 32 bits of the hash, and the first row that has the key
//	kept    batches of such rows, the whole batch that was read where most of it is new; the number's cell of a kept
//	        row is the key's state
//
//	rule                        state                                               stays
//	firstOfKey                  -                                                   a row whose key is new
//	lastOfKey                   the number of the last row                          the state, in the end
//	onlyOfKey                   the number of the only row, manyRows beyond one     the state, in the end
//	firstInOther                otherRow, ownRow beyond the first own one           an own row, where it is otherRow
//	firstNotOther               otherRow or ownRow                                  an own row whose key is new
//	eachInOther, eachNotOther   how many of the other's rows are unmatched          an own row, where that is more, is 0
type fileMatcher struct {
	worker *exec.Worker
	rule   distinctRule
	keys   []int
	schema *arrow.Schema
	number int // the number's column
	own    bool
	slots  []matchSlot
	owner  *memory.Buffer
	used   int
	kept   []*table.Batch
	fresh  []uint32 // rows of the batch whose keys are new
	at     []uint32 // their slots
	found  *foundNumbers
}

// matchSlot is a key: address is 1 more than its row's among all kept ones, 0 if the slot is free.
type matchSlot struct{ hash, address uint32 }

const (
	matchBytes = 24 // that a row of a part takes, if its key is a new one
	keptBits   = 17 // of an address are the row's in its batch: table.MaxRows
	mostKept   = 1<<(32-keptBits) - 1

	otherRow = 0
	ownRow   = 1
	manyRows = ^uint64(0)
)

// matchFiles pushes the numbers of the rows of the first file that stay; another's rows are what they are compared with.
func matchFiles(w *exec.Worker, rule distinctRule, keys []int, files []*spillFile, to exec.Sink) error {
	m := &fileMatcher{worker: w, rule: rule, keys: keys, schema: files[0].schema, number: files[0].schema.NumFields() - 1, found: &foundNumbers{worker: w, to: to}}
	for i := len(files) - 1; i >= 0; i-- {
		m.own = i == 0
		for k := range files[i].batches() {
			b, err := files[i].read(w, k)
			if err != nil {
				return err
			}
			err = m.match(b)
			b.Release()
			if err == nil {
				err = w.Yield()
			}
			if err != nil {
				return err
			}
		}
	}
	if rule == lastOfKey || rule == onlyOfKey {
		for _, b := range m.kept {
			for _, number := range column.Of[uint64](&b.Cols[m.number]) {
				if number == manyRows {
					continue
				}
				if err := m.found.add(number); err != nil {
					return err
				}
			}
		}
	}
	return m.found.flush()
}

// match takes in a batch, whose columns are the matcher's to write.
func (m *fileMatcher) match(b *table.Batch) error {
	if err := m.grow(b.Len); err != nil {
		return err
	}
	hashes, owner, err := memory.Make[uint64](m.worker.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	scratch, owner, err := memory.Make[uint32](m.worker.Scope(), 2*b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	cols := make([]*column.Column, len(m.keys))
	for i, k := range m.keys {
		cols[i] = &b.Cols[k]
	}
	if len(cols) == 0 {
		clear(hashes)
	} else {
		hashing.Columns(cols, hashes)
	}
	if len(m.kept) == mostKept {
		return status.Errorf(status.OutOfMemory, "a part has too many batches with new keys") // it is divided
	}
	base := uint32(len(m.kept)<<keptBits) + 1
	m.kept = append(m.kept, b)
	m.fresh, m.at = scratch[:0:b.Len], scratch[b.Len:b.Len:2*b.Len]
	mask, numbers := uint32(len(m.slots)-1), column.Of[uint64](&b.Cols[m.number])
	for i := range hashes {
		hash := uint32(radix.Hash(hashes[i]))
		at := hash & mask
		for m.slots[at].address != 0 && (m.slots[at].hash != hash || !m.equal(m.slots[at].address-1, cols, i)) {
			at = (at + 1) & mask
		}
		s, number := &m.slots[at], numbers[i]
		if s.address == 0 {
			*s = matchSlot{hash, base + uint32(i)}
			m.fresh, m.at = append(m.fresh, uint32(i)), append(m.at, at)
			err = m.first(&numbers[i])
		} else {
			numbers[i] = manyRows // nobody's state
			err = m.again(m.state(s.address-1), number)
		}
		if err != nil {
			return err
		}
	}
	return m.keep(b, base)
}

// equal tells whether a kept row has the key of row i.
func (m *fileMatcher) equal(address uint32, cols []*column.Column, i int) bool {
	kept := m.kept[address>>keptBits]
	for k, c := range cols {
		if !equalCells(&kept.Cols[m.keys[k]], int(address&(1<<keptBits-1)), c, i) {
			return false
		}
	}
	return true
}

// state returns the state of a kept row's key.
func (m *fileMatcher) state(address uint32) *uint64 {
	return &column.Of[uint64](&m.kept[address>>keptBits].Cols[m.number])[address&(1<<keptBits-1)]
}

// first decides on a row whose key is new; its number becomes the key's state.
func (m *fileMatcher) first(number *uint64) error {
	own, state := *number, uint64(otherRow)
	switch m.rule {
	case firstOfKey:
		return m.found.add(own)
	case lastOfKey, onlyOfKey:
		return nil
	case firstNotOther:
		if m.own {
			state = ownRow
		}
	case firstInOther:
		if m.own {
			state = ownRow
		}
	case eachInOther, eachNotOther:
		if !m.own {
			state = 1
		}
	}
	*number = state
	if m.own && (m.rule == firstNotOther || m.rule == eachNotOther) {
		return m.found.add(own)
	}
	return nil
}

// again decides on a row whose key has been there.
func (m *fileMatcher) again(state *uint64, number uint64) error {
	switch {
	case m.rule == lastOfKey:
		*state = number
	case m.rule == onlyOfKey:
		*state = manyRows
	case m.rule == eachInOther || m.rule == eachNotOther:
		if !m.own {
			*state++
			return nil
		}
		unmatched := *state > 0
		if unmatched {
			*state--
		}
		if unmatched == (m.rule == eachInOther) {
			return m.found.add(number)
		}
	case m.rule == firstInOther && m.own && *state == otherRow:
		*state = ownRow
		return m.found.add(number)
	}
	return nil
}

// keep keeps the rows of the last batch whose keys are new.
func (m *fileMatcher) keep(b *table.Batch, base uint32) error {
	m.used += len(m.fresh)
	switch {
	case len(m.fresh) == 0:
		m.kept = m.kept[:len(m.kept)-1]
	case len(m.fresh) > b.Len/2:
		b.Retain()
	default: // a copy, without the characters of the others
		encoded, err := encoding.Encode(m.worker.Scope(), b, m.fresh, 0)
		if err != nil {
			return err
		}
		defer encoded.Release()
		few, err := encoding.Decode(encoded, m.schema)
		if err != nil {
			return err
		}
		for i, at := range m.at {
			m.slots[at].address = base + uint32(i)
		}
		m.kept[len(m.kept)-1] = few
	}
	return nil
}

// grow makes room for n keys more.
func (m *fileMatcher) grow(n int) error {
	size := max(len(m.slots), minDistinctSlots)
	for size/4*3 < m.used+n {
		size *= 2
	}
	if size == len(m.slots) {
		return nil
	}
	slots, owner, err := memory.Make[matchSlot](m.worker.Scope(), size)
	if err != nil {
		return err
	}
	clear(slots)
	mask := uint32(size - 1)
	for _, s := range m.slots {
		if s.address == 0 {
			continue
		}
		at := s.hash & mask
		for slots[at].address != 0 {
			at = (at + 1) & mask
		}
		slots[at] = s
	}
	if m.owner != nil {
		m.owner.Release()
	}
	m.slots, m.owner = slots, owner
	return nil
}

// foundNumbers hands numbers on in batches.
type foundNumbers struct {
	worker *exec.Worker
	to     exec.Sink
	column column.Column
	n      int
}

// foundBatch is how many numbers are handed on at a time.
const foundBatch = 4 << 10

func (f *foundNumbers) add(number uint64) (err error) {
	if f.column.Len == 0 {
		if f.column, err = compute.New(f.worker.Scope(), numberField.Type, foundBatch); err != nil {
			return err
		}
	}
	column.Of[uint64](&f.column)[f.n] = number
	if f.n++; f.n == foundBatch {
		return f.flush()
	}
	return nil
}

func (f *foundNumbers) flush() error {
	n := f.n
	if f.n = 0; n == 0 {
		return nil
	}
	return f.to.Push(f.worker, &table.Batch{Cols: []column.Column{f.column.Slice(0, n)}, Len: n})
}
