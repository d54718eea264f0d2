package operator

import (
	"math"
	"unsafe"
)

// The state of a float sum is exact, whatever is added in whatever order; only the result is rounded. Two words do as
// long as nothing is lost, which is nearly always; from then on they are exactMark and the address of an exactSum.
//
//	hi          lo                    the sum is hi + lo: lo collects what additions to hi round away
//	exactMark   address of exactSum

// updateFloats adds values to the states.
func updateFloats(cells groupCells, ids []uint32, v groupVec, heap *groupHeap) error {
	for i := 0; i < len(ids); i++ {
		if fastAdd && v.stride == 8 {
			if i += sumFloats(cells.base, ids[i:], v.from(i).p); i == len(ids) {
				return nil
			}
		}
		if err := updateFloat(cells, ids[i], v.float(i), heap); err != nil {
			return err
		}
	}
	return nil
}

// updateFloat adds a value, unless it is missing.
func updateFloat(cells groupCells, g uint32, x float64, heap *groupHeap) error {
	s := cells.floats(g)
	hi, lo, exact := addWords(s[0], s[1], x)
	if exact {
		s[0], s[1] = hi, lo
		return nil
	}
	if x == x {
		return addExact(cells.at(g), x, heap)
	}
	return nil
}

// addWords adds x to hi + lo and tells whether two words hold the sum: not if the state has an exactSum already, if
// x is infinite or NaN or if the addition overflows, for these make NaN of what is compared.
func addWords(hi, lo, x float64) (sum, low float64, exact bool) {
	sum, rest := twoSum(hi, x)
	low = lo + rest
	t := low - lo
	return sum, low, t == rest && low-t == lo
}

// addExact adds x to s, which has an exactSum afterwards.
func addExact(s *[2]uint64, x float64, heap *groupHeap) error {
	if s[0] != exactMark {
		e, err := newExactSum(heap)
		if err != nil {
			return err
		}
		e.hi, e.lo = math.Float64frombits(s[0]), math.Float64frombits(s[1])
		s[0], s[1] = exactMark, exactWord(e)
	}
	return exactAt(s[1]).add(x, heap)
}

// addFloat adds x to s.
func addFloat(s *[2]uint64, x float64, heap *groupHeap) error {
	sum, low, exact := addWords(math.Float64frombits(s[0]), math.Float64frombits(s[1]), x)
	if !exact {
		return addExact(s, x, heap)
	}
	s[0], s[1] = math.Float64bits(sum), math.Float64bits(low)
	return nil
}

// addParts adds hi + lo to s.
func addParts(s *[2]uint64, hi, lo float64, heap *groupHeap) error {
	if err := addFloat(s, hi, heap); err != nil {
		return err
	}
	return addFloat(s, lo, heap)
}

// addTerm adds what op makes of two values x and y:
//
//	opSumFloat, opSumPaired            x
//	opSumHigh, opSumLow                x*y, rounded, and what the rounding took away
//	opSumPairedHigh, opSumPairedLow    x*x likewise
func addTerm(op groupOp, s *[2]uint64, x, y float64, heap *groupHeap) error {
	if op >= opSumPairedHigh {
		y = x
	}
	term := x * y
	switch op {
	case opSumFloat, opSumPaired:
		term = x
	case opSumLow, opSumPairedLow:
		if term = math.FMA(x, y, -term); term-term != 0 {
			return nil // an infinite product is infinite in the other sum
		}
	default:
		if term != term { // infinity times 0 is no number, like the sum of both infinities
			return addParts(s, math.Inf(1), math.Inf(-1), heap)
		}
	}
	return addFloat(s, term, heap)
}

// addPartialFloats adds sums that came in columns.
func addPartialFloats(cells groupCells, ids []uint32, in *groupOperands, heap *groupHeap) error {
	for i, g := range ids {
		hi, lo := math.Float64frombits(in[0].at(i)), math.Float64frombits(in[1].at(i))
		text := [2]uint64{in[2].at(i), in[3].at(i)}
		if g == 0 {
			continue
		}
		if hi == hi && lo == lo {
			if err := addParts(cells.at(g), hi, lo, heap); err != nil {
				return err
			}
		}
		if stringSize(text[0]) == 0 {
			continue
		}
		e, err := parseExactSum(chars(&text), heap)
		if err != nil {
			return err
		}
		if err := mergeExact(cells.at(g), e, heap); err != nil {
			return err
		}
	}
	return nil
}

// mergeFloats adds the states of other groups, whose exactSums become theirs or are used up.
func mergeFloats(cells groupCells, ids []uint32, v, w groupVec, heap *groupHeap) error {
	for i, g := range ids {
		var err error
		if s := cells.at(g); v.at(i) == exactMark {
			err = mergeExact(s, exactAt(w.at(i)), heap)
		} else {
			err = addParts(s, math.Float64frombits(v.at(i)), math.Float64frombits(w.at(i)), heap)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func mergeExact(s *[2]uint64, e *exactSum, heap *groupHeap) error {
	if s[0] == exactMark {
		return exactAt(s[1]).merge(e, heap)
	}
	hi, lo := math.Float64frombits(s[0]), math.Float64frombits(s[1])
	s[0], s[1] = exactMark, exactWord(e)
	return addParts(s, hi, lo, heap)
}

// roundFloat returns the float64 nearest to a sum.
func roundFloat(w0, w1 uint64) float64 {
	if w0 == exactMark {
		return exactAt(w1).round()
	}
	return math.Float64frombits(w0) + math.Float64frombits(w1)
}

// floatPart makes a column of the partial results of the sums in first and second: hi, lo or the text, whose
// characters stay in heap.
func (d *groupDecoder) floatPart(part int, heap *groupHeap) error {
	for i, w0 := range d.first {
		w1 := d.second[i]
		exact := w0 == exactMark
		switch {
		case part == 0 && exact:
			d.first[i] = math.Float64bits(exactAt(w1).hi)
		case part == 1 && exact:
			d.first[i] = math.Float64bits(exactAt(w1).lo)
		case part == 1:
			d.first[i] = w1
		case part == 2 && exact:
			e := exactAt(w1)
			p, err := heap.alloc(e.textBytes())
			if err != nil {
				return err
			}
			text := e.appendText(unsafe.Slice((*byte)(p), e.textBytes())[:0])
			d.first[i], d.second[i] = stringWords(text)
		case part == 2:
			d.first[i], d.second[i] = 0, 0
		}
	}
	return nil
}
