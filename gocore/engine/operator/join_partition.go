package operator

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

const (
	// maxPartRows bounds a partition: row numbers are 32 bits, and 0 ends a chain.
	maxPartRows = 1<<32 - 2
)

// scatterScratch is what a worker needs to scatter blocks of rows.
type scatterScratch struct {
	digits    []uint16
	positions []uint32
	keys      []byte
	elements  []byte
}

func newScatterScratch() *scatterScratch {
	return &scatterScratch{make([]uint16, radix.Block), make([]uint32, radix.Block), make([]byte, 8*radix.Block), make([]byte, 32*radix.Block)}
}

// partition spreads the rows over radix.Parts partitions.
func (s *joinSide) partition(q *exec.Query, limits *joinLimits) error {
	scratch := make([]*scatterScratch, q.Threads)
	for i := range scratch {
		scratch[i] = newScatterScratch()
	}
	if !s.exact {
		var err error
		if s.hashes, s.buffer, err = memory.Make[uint64](q.Scope, s.in.rows); err != nil {
			return err
		}
	}
	counts, buffer, err := memory.Make[radix.Counts](q.Scope, len(s.chunks))
	if err != nil {
		return err
	}
	defer buffer.Release()
	err = q.For(len(s.chunks), func(w *exec.Worker, i int) error {
		counts[i] = radix.Counts{}
		if !s.exact {
			for b := s.chunks[i].from; b < s.chunks[i].to; b++ {
				s.hash(b, s.hashes[s.first[b]:])
			}
		}
		return s.blocks(w, i, func(batch, from, n int) { s.count(scratch[w.ID], &counts[i], batch, from, n) })
	})
	if err != nil {
		return err
	}
	bases, err := s.allocate(q, limits, radix.Plan(counts))
	if err != nil {
		return err
	}
	err = q.For(len(s.chunks), func(w *exec.Worker, i int) error {
		return s.blocks(w, i, func(batch, from, n int) { s.scatter(scratch[w.ID], bases, &counts[i], batch, from, n) })
	})
	if err != nil {
		return err
	}
	if s.buffer != nil {
		s.buffer.Release()
		s.buffer, s.hashes = nil, nil
	}
	s.in.releaseBatches()
	return nil
}

// blocks calls f for each block of rows of chunk number i.
func (s *joinSide) blocks(w *exec.Worker, i int, f func(batch, from, n int)) error {
	for batch := s.chunks[i].from; batch < s.chunks[i].to; batch++ {
		rows := s.in.batches[batch].Len
		for from := 0; from < rows; from += radix.Block {
			f(batch, from, min(radix.Block, rows-from))
			if err := w.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}

// count adds a block of rows to counts.
func (s *joinSide) count(x *scatterScratch, counts *radix.Counts, batch, from, n int) {
	keys := memory.As[uint64](s.elements(0, batch, from, n, x.keys))
	if !s.hasNullKeys(batch) {
		radix.CountKeys(keys, 0, counts)
		return
	}
	s.digits(x, keys, batch, from)
	radix.Count(x.digits[:n], counts)
}

// scatter moves a block of rows to the partitions.
func (s *joinSide) scatter(x *scatterScratch, bases []radix.Bases, next *radix.Counts, batch, from, n int) {
	keys := memory.As[uint64](s.elements(0, batch, from, n, x.keys))
	switch {
	case s.hasNullKeys(batch):
		s.digits(x, keys, batch, from)
		radix.Positions(x.digits[:n], next, x.positions)
		radix.Scatter(&bases[0], x.digits, x.positions, keys)
	case len(s.slots) == 2 && s.slots[1].width == 8:
		values := memory.As[uint64](s.elements(1, batch, from, n, x.elements))
		radix.ScatterPairs(&bases[0], &bases[1], keys, values, 0, next)
		return
	default:
		radix.ScatterKeys(&bases[0], keys, 0, next, x.digits, x.positions)
	}
	for slot := 1; slot < len(s.slots); slot++ {
		scatterElements(&bases[slot], x, s.slots[slot].width, s.elements(slot, batch, from, n, x.elements))
	}
}

// hasNullKeys tells whether a batch has rows for the partition of null keys. Hashes hold nulls like other values.
func (s *joinSide) hasNullKeys(batch int) bool {
	return s.exact && s.in.batches[batch].Cols[s.in.keys[0]].Nulls > 0
}

// digits writes the digits of a block of rows, some of whose keys are null.
func (s *joinSide) digits(x *scatterScratch, keys []uint64, batch, from int) {
	radix.Digits(keys, 0, x.digits)
	key := &s.in.batches[batch].Cols[s.in.keys[0]]
	for r := range keys {
		if key.IsNull(from + r) {
			x.digits[r] = radix.Ways
		}
	}
}

// allocate makes the partitions, of the given lengths, and returns where each slot of each starts.
func (s *joinSide) allocate(q *exec.Query, limits *joinLimits, lengths [radix.Parts]int) ([]radix.Bases, error) {
	bases := make([]radix.Bases, len(s.slots))
	s.parts = make([]joinPart, radix.Parts)
	s.groups = make([]*memory.Buffer, limits.groups())
	for g := range s.groups {
		from, to := limits.groupOf(g)
		size := 0
		for p := from; p < to; p++ {
			if lengths[p] > maxPartRows {
				return nil, status.Errorf(status.Unsupported,
					"%d rows of the %s side have keys that fall into one partition, which takes at most %d: use more ranks", lengths[p], s.in.name, maxPartRows)
			}
			for _, slot := range s.slots {
				size += alignedSize(lengths[p] * slot.width)
			}
		}
		if size == 0 {
			size = 1
		}
		stagger := g * 320 // groups start at like addresses: without it their write streams fall into one cache set
		buffer, err := q.Scope.Alloc(size + stagger)
		if err != nil {
			return nil, err
		}
		s.groups[g] = buffer
		rest := buffer.Bytes()[stagger:]
		for p := from; p < to; p++ {
			s.parts[p] = joinPart{rows: lengths[p], slots: make([][]byte, len(s.slots))}
			for i, slot := range s.slots {
				n := lengths[p] * slot.width
				s.parts[p].slots[i], bases[i][p] = rest[:n:n], pointer(rest)
				rest = rest[alignedSize(n):]
			}
		}
	}
	return bases, nil
}

// sharedBits is how many bits of their hashes the keys of partition p share.
func sharedBits(p int) uint {
	if p == radix.Ways {
		return 0
	}
	return radix.Bits
}

// concatenate makes the side one partition.
func (s *joinSide) concatenate(q *exec.Query) error {
	if s.in.rows > maxPartRows {
		return status.Errorf(status.Unsupported, "%d rows of the %s side are too many for a join by sorted keys, which takes at most %d on a rank: use more ranks",
			s.in.rows, s.in.name, maxPartRows)
	}
	size := 0
	for _, slot := range s.slots {
		size += alignedSize(s.in.rows * slot.width)
	}
	buffer, err := q.Scope.Alloc(max(size, 1))
	if err != nil {
		return err
	}
	s.groups = []*memory.Buffer{buffer}
	part, rest := joinPart{rows: s.in.rows}, buffer.Bytes()
	for _, slot := range s.slots {
		part.slots = append(part.slots, rest[:s.in.rows*slot.width])
		rest = rest[alignedSize(s.in.rows*slot.width):]
	}
	s.parts = []joinPart{part}
	return q.For(len(s.in.batches), func(w *exec.Worker, i int) error {
		for slot, elements := range part.slots {
			at := elements[s.first[i]*s.slots[slot].width:]
			copy(at, s.elements(slot, i, 0, s.in.batches[i].Len, at))
			if err := w.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
}

// alignedSize rounds n up to a cache line.
func alignedSize(n int) int { return (n + 63) &^ 63 }

func scatterElements(dst *radix.Bases, x *scatterScratch, width int, elements []byte) {
	switch width {
	case 1:
		radix.Scatter(dst, x.digits, x.positions, elements)
	case 2:
		radix.Scatter(dst, x.digits, x.positions, memory.As[uint16](elements))
	case 4:
		radix.Scatter(dst, x.digits, x.positions, memory.As[uint32](elements))
	case 8:
		radix.Scatter(dst, x.digits, x.positions, memory.As[uint64](elements))
	case 16:
		radix.Scatter(dst, x.digits, x.positions, memory.As[column.View](elements))
	case 32:
		radix.Scatter(dst, x.digits, x.positions, memory.As[column.Decimal](elements))
	}
}
