package operator

import (
	"math"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/engine/grid"
)

// Where all rows are one group, its state needn't be looked up for each: a chunk's values are reduced to one first.

// reduce adds a chunk's values to the state s, unless op has no faster way than one by one.
func (op groupOp) reduce(s *[2]uint64, words []uint64, heap *groupHeap) (done bool, err error) {
	switch op {
	case opSumInt:
		// The halves of up to groupChunkRows words have sums of fewer than 64 bits.
		low, high := uint64(0), int64(0)
		for ; len(words) >= 4; words = words[4:] {
			v := (*[4]uint64)(words)
			low += v[0]&math.MaxUint32 + v[1]&math.MaxUint32 + v[2]&math.MaxUint32 + v[3]&math.MaxUint32
			high += int64(v[0])>>32 + int64(v[1])>>32 + int64(v[2])>>32 + int64(v[3])>>32
		}
		for _, w := range words {
			low += w & math.MaxUint32
			high += int64(w) >> 32
		}
		lo, carry := bits.Add64(s[0], uint64(high)<<32, 0)
		s[1] += uint64(high>>32) + carry
		lo, carry = bits.Add64(lo, low, 0)
		s[0], s[1] = lo, s[1]+carry
	case opSumFloat:
		return true, reduceFloats(s, words, heap)
	case opMissingFloat:
		if grid.Largest(words) <= infinite {
			return true, nil
		}
		for _, w := range words {
			if x := math.Float64frombits(w); x != x {
				s[0]++
			}
		}
	case opMinInt, opMaxInt, opMinUint, opMaxUint:
		if len(words) > 0 {
			reduceIntegers(op, s, words)
		}
	case opMinFloat, opMaxFloat:
		reduceExtremes(op, s, words)
	default:
		return false, nil
	}
	return true, nil
}

// reduceIntegers takes the extreme of words, of which there are some. Four extremes don't wait for each other.
func reduceIntegers(op groupOp, s *[2]uint64, words []uint64) {
	flip := uint64(0) // makes the order of words that of unsigned numbers, and a maximum a minimum
	if op == opMinInt || op == opMaxInt {
		flip = 1 << 63
	}
	if op == opMaxInt || op == opMaxUint {
		flip = ^flip
	}
	a := s[0] ^ flip
	b, c, d := a, a, a
	for ; len(words) >= 4; words = words[4:] {
		v := (*[4]uint64)(words)
		a, b, c, d = min(a, v[0]^flip), min(b, v[1]^flip), min(c, v[2]^flip), min(d, v[3]^flip)
	}
	for _, w := range words {
		a = min(a, w^flip)
	}
	s[0], s[1] = min(a, b, c, d)^flip, 1
}

// reduceExtremes takes the extreme of floats: a new one is so rare that branches are foreseen.
func reduceExtremes(op groupOp, s *[2]uint64, words []uint64) {
	extreme, seen := math.Float64frombits(s[0]), s[1] != 0
	for _, w := range words {
		x := math.Float64frombits(w)
		if !seen {
			seen = x == x
		}
		if op == opMinFloat {
			if x < extreme {
				extreme = x
			}
		} else if x > extreme {
			extreme = x
		}
	}
	if seen {
		s[0], s[1] = math.Float64bits(extreme), 1
	}
}

// reduceFloats adds floats exactly: as integers where they are on one grid, the others one by one.
func reduceFloats(s *[2]uint64, words []uint64, heap *groupHeap) error {
	return reduceUpTo(s, words, grid.Largest(words), heap)
}

// reduceUpTo is reduceFloats for floats of which the largest is known.
func reduceUpTo(s *[2]uint64, words []uint64, largest uint64, heap *groupHeap) error {
	units, ok := grid.For(largest)
	switch {
	case largest > infinite:
		return reduceNumbers(s, words, heap)
	case !ok:
		return addFloats(s, words, heap)
	}
	sum := grid.Sum{Grid: units}
	if !sum.Add(words) {
		for i, w := range words {
			if sum.AddOne(math.Float64frombits(w)) {
				continue
			}
			if err := addFloats(s, words[i:i+1], heap); err != nil {
				return err
			}
		}
	}
	return addSum(s, &sum, heap)
}

// addSum adds a sum of floats to the state s.
func addSum(s *[2]uint64, sum *grid.Sum, heap *groupHeap) error {
	for _, part := range sum.Parts() {
		if err := addFloat(s, part, heap); err != nil {
			return err
		}
	}
	return nil
}

// infinite is the bits of the infinite float; those of a NaN are more.
const infinite = 0x7FF << 52

// reduceNumbers is reduceFloats for the words that aren't NaN.
func reduceNumbers(s *[2]uint64, words []uint64, heap *groupHeap) error {
	var kept [groupChunkRows]uint64
	n := 0
	for _, w := range words {
		kept[n] = w
		if x := math.Float64frombits(w); x == x {
			n++
		}
	}
	return reduceFloats(s, kept[:n], heap)
}

// addFloats adds those that aren't NaN.
func addFloats(s *[2]uint64, words []uint64, heap *groupHeap) error {
	for _, w := range words {
		if x := math.Float64frombits(w); x == x {
			if err := addFloat(s, x, heap); err != nil {
				return err
			}
		}
	}
	return nil
}

// reduceState adds the values of rows to a state of the single group and tells whether it could at once.
func (t *groupTable) reduceState(s *groupState, u groupUpdate) (bool, error) {
	cells := t.cells(s).at(uint32(t.layout.recWords))
	masked := u.chunk.masked && s.mask >= 0
	switch {
	case s.op == opSize:
		cells[0] += uint64(u.to - u.from)
		return true, nil
	case s.op == opMissing:
		return !masked, nil
	}
	if len(s.operands) != 1 || u.chunk.values[s.operands[0]].stride != 8 {
		return false, nil
	}
	words := u.chunk.values[s.operands[0]].slice(u.from, u.to)
	if !masked {
		return s.op.reduce(cells, words, t.heapOf(s.op, u.heap))
	}
	var kept [groupChunkRows]uint64
	n, mask := 0, u.chunk.masks[s.mask/64].from(u.from)
	for i, w := range words {
		kept[n] = w
		n += int(mask.at(i)>>(s.mask%64)&1 ^ 1)
	}
	return s.op.reduce(cells, kept[:n], t.heapOf(s.op, u.heap))
}

// reduceSums adds the values of rows to the states of a variance or correlation of the single group, a sum at a time,
// and tells whether it could: not if products are infinite.
func (t *groupTable) reduceSums(m *groupSums, u groupUpdate) (bool, error) {
	if u.chunk.values[m.x].stride != 8 || u.chunk.values[m.y].stride != 8 {
		return false, nil
	}
	var scratch struct{ x, y, high, low [groupChunkRows]uint64 }
	x, y := u.chunk.values[m.x].slice(u.from, u.to), u.chunk.values[m.y].slice(u.from, u.to)
	largestX := grid.Largest(x)
	largestY := largestX
	if m.x != m.y {
		largestY = grid.Largest(y)
	}
	if max(largestX, largestY) > infinite {
		n := 0
		for i, w := range x {
			a, b := math.Float64frombits(w), math.Float64frombits(y[i])
			scratch.x[n], scratch.y[n] = w, y[i]
			if a == a && b == b {
				n++
			}
		}
		x, y = scratch.x[:n], scratch.y[:n]
		largestX, largestY = grid.Largest(x), grid.Largest(y)
	}
	n := len(x)
	high, low := scratch.high[:n], scratch.low[:n]
	largest := math.Float64frombits(max(largestX, largestY))
	whole := m.whole && largest*largest*float64(n) < wholeSum
	if math.IsInf(largest*largest, 1) {
		return false, nil
	}
	for i, at := range m.states {
		state := &t.layout.states[at]
		cells, a, b := t.cells(state).at(uint32(t.layout.recWords)), x, y
		largestA, largestB := largestX, largestY
		if state.operands[0] == m.y {
			a, b, largestA, largestB = y, x, largestY, largestX
		}
		var err error
		switch state.op {
		case opCountFloat, opCountPairs:
			cells[0] += uint64(n)
		case opSumFloat, opSumPaired:
			err = reduceUpTo(cells, a, largestA, &t.sums)
		case opSumHigh, opSumPairedHigh:
			if state.op == opSumPairedHigh {
				b, largestB = a, largestA
			}
			if whole {
				err = addFloat(cells, dot(a, b), &t.sums)
				break
			}
			rest := t.cells(&t.layout.states[m.states[i+1]]).at(uint32(t.layout.recWords)) // of the state that is next
			if sums, ok := grid.ForProducts(largestA, largestB); ok && sums.Add(a, b) {
				if err = addSum(cells, &sums.High, &t.sums); err == nil {
					err = addSum(rest, &sums.Low, &t.sums)
				}
				break
			}
			multiply(high, low, a, b)
			if err = reduceFloats(cells, high, &t.sums); err == nil {
				err = reduceFloats(rest, low, &t.sums)
			}
		}
		if err != nil {
			return true, err
		}
	}
	return true, nil
}

// multiply writes products, rounded, and what the rounding took away.
func multiply(high, low, x, y []uint64) {
	low, x, y = low[:len(high)], x[:len(high)], y[:len(high)]
	for i := range high {
		a, b := math.Float64frombits(x[i]), math.Float64frombits(y[i])
		p := a * b
		high[i], low[i] = math.Float64bits(p), math.Float64bits(math.FMA(a, b, -p))
	}
}

// dot returns the sum of products that no rounding changes.
func dot(x, y []uint64) float64 {
	even, odd := 0.0, 0.0
	y = y[:len(x)]
	for ; len(x) >= 2; x, y = x[2:], y[2:] {
		even += math.Float64frombits(x[0]) * math.Float64frombits(y[0])
		odd += math.Float64frombits(x[1]) * math.Float64frombits(y[1])
	}
	for i, w := range x {
		even += math.Float64frombits(w) * math.Float64frombits(y[i])
	}
	return even + odd
}
