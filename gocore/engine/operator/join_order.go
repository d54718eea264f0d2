package operator

import (
	"cmp"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

// comparer returns what orders a left row and a right one by a pair of keys, as a sort does: ascending, NaN after all
// numbers, nulls last.
func (p *keyPair) comparer(left, right *joinPart) func(l, r uint32) int {
	values := p.valueComparer(left.slots[p.value[leftSide]], right.slots[p.value[rightSide]])
	var present [2][]byte
	for side, part := range [2]*joinPart{left, right} {
		if p.valid[side] != noSlot {
			present[side] = part.slots[p.valid[side]]
		}
	}
	if present[leftSide] == nil && present[rightSide] == nil {
		return values
	}
	isNull := func(side int, row uint32) bool { return present[side] != nil && present[side][row] == 0 }
	return func(l, r uint32) int {
		switch nullL, nullR := isNull(leftSide, l), isNull(rightSide, r); {
		case nullL && nullR:
			return 0
		case nullL:
			return 1
		case nullR:
			return -1
		}
		return values(l, r)
	}
}

func (p *keyPair) valueComparer(a, b []byte) func(l, r uint32) int {
	switch p.kind {
	case column.Int8:
		return comparerOf[int8](a, b)
	case column.Int16:
		return comparerOf[int16](a, b)
	case column.Int32:
		return comparerOf[int32](a, b)
	case column.Int64:
		return comparerOf[int64](a, b)
	case column.Uint16:
		return comparerOf[uint16](a, b)
	case column.Uint32:
		return comparerOf[uint32](a, b)
	case column.Uint64:
		return comparerOf[uint64](a, b)
	case column.Float32:
		return floatComparer[float32](a, b)
	case column.Float64:
		return floatComparer[float64](a, b)
	case column.String:
		x, y := memory.As[column.View](a), memory.As[column.View](b)
		return func(l, r uint32) int {
			return column.CompareViews(&x[l], p.heaps[leftSide], &y[r], p.heaps[rightSide])
		}
	}
	return comparerOf[uint8](a, b) // bools, too
}

func comparerOf[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](a, b []byte) func(l, r uint32) int {
	x, y := memory.As[T](a), memory.As[T](b)
	return func(l, r uint32) int { return cmp.Compare(x[l], y[r]) }
}

func floatComparer[T float32 | float64](a, b []byte) func(l, r uint32) int {
	x, y := memory.As[T](a), memory.As[T](b)
	return func(l, r uint32) int { return -cmp.Compare(-x[l], -y[r]) } // cmp puts NaN first
}

// places returns the address of each row of a side, and what holds them.
func (s *joinSide) places(q *exec.Query) ([]uint64, *memory.Buffer, error) {
	out, buf, err := memory.Make[uint64](q.Scope, s.in.rows)
	if err != nil {
		return nil, nil, err
	}
	err = q.For(len(s.in.batches), func(_ *exec.Worker, i int) error {
		s.addresses(i, 0, out[s.first[i]:s.first[i]+s.in.batches[i].Len])
		return nil
	})
	return out, buf, err
}

// findGroups appends the first row of each run of rows of a side with equal keys, where the side is one part.
func (s *joinSource) findGroups(w *exec.Worker, side int, heads []uint32) ([]uint32, error) {
	x, part := newJoinWorker(s, w.Scope()), &s.sides[side].parts[0]
	x.build, x.parts = side, [2]*joinPart{part, part}
	keys := part.keys()
	for from := 0; from < part.rows; from += radix.Block {
		to := min(from+radix.Block, part.rows)
		n := 0 // rows that may have the keys of the row before
		for r := max(from, 1); r < to; r++ {
			x.lists[0][n], x.lists[1][n] = uint32(r-1), uint32(r)
			if keys[r-1] == keys[r] {
				n++
			}
		}
		same := x.lists[1][:x.verify(side, 0, n)]
		for r := from; r < to; r++ {
			if len(same) > 0 && int(same[0]) == r {
				same = same[1:]
			} else {
				heads = append(heads, uint32(r))
			}
		}
		if err := w.Yield(); err != nil {
			return nil, err
		}
	}
	return heads, nil
}
