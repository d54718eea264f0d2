package operator

import "math"

// frameBounds computes where the frame of each row begins and ends within its partition. Both only move forward.
type frameBounds struct {
	frame WindowFrame
	keys  []uint64 // of a frame by range: the unit's order keys
	first int      // by range: the first row of the last frame
	equal int      // by range: the first row whose key isn't less than the last row's
}

// grows tells whether no row ever leaves the frame before its partition's end.
func (f WindowFrame) grows() bool { return f.Start == FromFirst && !f.Range }

// length returns the most rows of a frame among n.
func (f WindowFrame) length(n int) int {
	if f.Range || f.Start == FromFirst || f.End == ToLast {
		return n
	}
	rows := min(f.End, maxWindowRows) - max(f.Start, -maxWindowRows) + 1
	return int(min(max(rows, 0), int64(n)))
}

// begin starts a partition.
func (b *frameBounds) begin(part span) { b.first, b.equal = part.from, part.from }

// rows writes the frames of rows [from, to) of part: rows [low, high) each.
func (b *frameBounds) rows(part span, from, to int, low, high []uint32) {
	// Offsets beyond all rows are as good as none, and don't overflow.
	start := max(b.frame.Start, -maxWindowRows)
	end := min(b.frame.End, maxWindowRows) + 1
	low, high = low[:to-from], high[:to-from]
	for i := range low {
		first := min(max(int64(part.from), int64(from+i)+start, 0), int64(part.to)) // rows before 0 are gone
		last := min(int64(part.to), int64(from+i)+end)
		if b.frame.Range {
			b.advance(part, from+i)
			first = int64(b.first)
			if b.frame.OpenEnd {
				last = min(last, int64(b.equal))
			}
		}
		last = max(last, first)
		low[i], high[i] = uint32(first), uint32(last)
	}
}

// advance finds the first row of part in the range of row i's key, and the first with that key.
func (b *frameBounds) advance(part span, i int) {
	key := int64(b.keys[i])
	start := addSaturated(key, b.frame.Start)
	for b.first < part.to && (int64(b.keys[b.first]) < start || b.frame.OpenStart && int64(b.keys[b.first]) == start) {
		b.first++
	}
	for int64(b.keys[b.equal]) < key {
		b.equal++
	}
}

func addSaturated(a, b int64) int64 {
	sum := a + b
	if a > 0 && b > 0 && sum < 0 {
		return math.MaxInt64
	}
	if a < 0 && b < 0 && sum >= 0 {
		return math.MinInt64
	}
	return sum
}

// twoStacks keeps the aggregate of a frame that moves forward without ever taking a value out of it, so that any
// aggregate that can be merged does, exactly as well as if each frame were computed by itself:
//
//	rows    low ......... middle ......... high
//	        front: of each row up to       back: one aggregate, to which the rows that
//	        middle, the aggregate of       come in are added
//	        [row, middle)
//
//	frame = front[low] + back. When low passes middle, the front is made anew of what is in the frame, from its end:
//	every row gets there at most once.
type twoStacks struct {
	low, middle, high int
	base              int // the row of front[0]
}

func (s *twoStacks) begin(at int) { *s = twoStacks{at, at, at, at} }

// inFront tells whether there is a front, whose element at low-base counts.
func (s *twoStacks) inFront() bool { return s.low < s.middle }

// turn moves the frame's start to low, and tells whether the front has to be made anew, of rows [low, high).
func (s *twoStacks) turn(low int) bool {
	s.low = low
	if low <= s.middle {
		return false
	}
	s.base, s.middle = low, s.high
	return true
}
