package operator

import (
	"math"
	"slices"
	"unsafe"
)

// groupSums is the states of a variance, covariance or correlation, in the order of parts: they are updated together, so that each
// value is read once. They stay states like others, which are merged and emitted one by one.
type groupSums struct {
	states []int
	words  [9]uintptr // where the states are in a record, in bytes
	x, y   int        // the words of a row; alike for a variance
	whole  bool       // the values are whole numbers
}

// addSums has states updated together.
func (l *groupLayout) addSums(states []int) {
	if !slices.ContainsFunc(l.moments, func(m groupSums) bool { return slices.Equal(m.states, states) }) {
		l.moments = append(l.moments, groupSums{states: states})
	}
}

func (m *groupSums) layOut(l *groupLayout) {
	for i, at := range m.states {
		l.states[at].together = true
		m.words[i] = 8 * uintptr(l.states[at].word)
	}
	operands := l.states[m.states[0]].operands
	m.x, m.y = operands[0], operands[len(operands)-1]
	m.whole = true
	for _, at := range l.states[m.states[0]].values {
		m.whole = m.whole && l.values[at].form == floatForm
	}
}

// updateSums adds the values of rows: all of a row's terms at once where each fits two words, else one by one.
func (t *groupTable) updateSums(m *groupSums, u groupUpdate) error {
	xs, ys := u.chunk.word(m.x, u.from), u.chunk.word(m.y, u.from)
	ids, pair := u.ids[u.from:u.to], len(m.states) == len(m.words)
	for i := 0; i < len(ids); i++ {
		if m.whole && pair {
			if i += updateWholePairs(t.records, &m.words, ids[i:], xs.from(i), ys.from(i)); i == len(ids) {
				break
			}
		}
		g := ids[i]
		x, y := xs.float(i), ys.float(i)
		if x != x || y != y {
			continue
		}
		r := t.at(g)
		*(*uint64)(unsafe.Add(r, m.words[0]))++
		switch {
		case m.whole && !pair && addWholeSquare(r, &m.words, x), pair && addPair(r, &m.words, x, y), !m.whole && !pair && addSquare(r, &m.words, x):
			continue
		}
		for i, at := range m.states[1:] {
			cells := groupCells{unsafe.Add(r, m.words[1+i])}
			s := &t.layout.states[at]
			a, b := x, y
			if s.operands[0] == m.y && pair {
				a, b = y, x
			}
			if err := addTerm(s.op, cells.at(0), a, b, &t.sums); err != nil {
				return err
			}
		}
	}
	return nil
}

// addSquare adds x and x*x to a record, unless that takes more than the words it has.
func addSquare(r unsafe.Pointer, words *[9]uintptr, x float64) bool {
	square := x * x
	rest := math.FMA(x, x, -square)
	s, high, low := (*[2]float64)(unsafe.Add(r, words[1])), (*[2]float64)(unsafe.Add(r, words[2])), (*[2]float64)(unsafe.Add(r, words[3]))
	h0, l0, ok0 := addWords(s[0], s[1], x)
	h1, l1, ok1 := addWords(high[0], high[1], square)
	h2, l2, ok2 := addWords(low[0], low[1], rest)
	if !(ok0 && ok1 && ok2) {
		return false
	}
	*s, *high, *low = [2]float64{h0, l0}, [2]float64{h1, l1}, [2]float64{h2, l2}
	return true
}

// addPair is addSquare for the terms of a correlation or covariance.
func addPair(r unsafe.Pointer, words *[9]uintptr, x, y float64) bool {
	xy, xx, yy := x*y, x*x, y*y
	restXY, restXX, restYY := math.FMA(x, y, -xy), math.FMA(x, x, -xx), math.FMA(y, y, -yy)
	sx, sy := (*[2]float64)(unsafe.Add(r, words[1])), (*[2]float64)(unsafe.Add(r, words[2]))
	sxy, sxx, syy := (*[2]float64)(unsafe.Add(r, words[3])), (*[2]float64)(unsafe.Add(r, words[5])), (*[2]float64)(unsafe.Add(r, words[7]))
	h0, l0, ok0 := addWords(sx[0], sx[1], x)
	h1, l1, ok1 := addWords(sy[0], sy[1], y)
	h2, l2, ok2 := addWords(sxy[0], sxy[1], xy)
	h3, l3, ok3 := addWords(sxx[0], sxx[1], xx)
	h4, l4, ok4 := addWords(syy[0], syy[1], yy)
	if !(ok0 && ok1 && ok2 && ok3 && ok4) {
		return false
	}
	if restXY != 0 || restXX != 0 || restYY != 0 {
		lxy, lxx, lyy := (*[2]float64)(unsafe.Add(r, words[4])), (*[2]float64)(unsafe.Add(r, words[6])), (*[2]float64)(unsafe.Add(r, words[8]))
		h5, l5, ok5 := addWords(lxy[0], lxy[1], restXY)
		h6, l6, ok6 := addWords(lxx[0], lxx[1], restXX)
		h7, l7, ok7 := addWords(lyy[0], lyy[1], restYY)
		if !(ok5 && ok6 && ok7) {
			return false
		}
		*lxy, *lxx, *lyy = [2]float64{h5, l5}, [2]float64{h6, l6}, [2]float64{h7, l7}
	}
	*sx, *sy = [2]float64{h0, l0}, [2]float64{h1, l1}
	*sxy, *sxx, *syy = [2]float64{h2, l2}, [2]float64{h3, l3}, [2]float64{h4, l4}
	return true
}

// wholeSum is up to where sums of whole numbers are not rounded. The sum of squares shows that for all: a whole number is
// at most its square, a product at most the sum of its factors' squares.
const wholeSum = 1 << 53

// addWholeSquare is addSquare for a whole number: sums of those take one word until they are large.
func addWholeSquare(r unsafe.Pointer, words *[9]uintptr, x float64) bool {
	s, square := (*float64)(unsafe.Add(r, words[1])), (*float64)(unsafe.Add(r, words[2]))
	h0, h1 := *s+x, *square+x*x
	if !(h1 < wholeSum) {
		return false
	}
	*s, *square = h0, h1
	return true
}

// updateWholePairs adds pairs of whole numbers, as addWholeSquare does, up to the first for which that doesn't do, which
// it returns.
func updateWholePairs(records unsafe.Pointer, words *[9]uintptr, ids []uint32, xs, ys groupVec) int {
	count, wx, wy, wxy, wxx, wyy := words[0], words[1], words[2], words[3], words[5], words[7]
	for i, g := range ids {
		x, y := xs.float(i), ys.float(i)
		r := unsafe.Add(records, 8*uintptr(g))
		xx, yy := (*float64)(unsafe.Add(r, wxx)), (*float64)(unsafe.Add(r, wyy))
		sx, sy, sxy := (*float64)(unsafe.Add(r, wx)), (*float64)(unsafe.Add(r, wy)), (*float64)(unsafe.Add(r, wxy))
		h3, h4 := *xx+x*x, *yy+y*y
		if !(h3+h4 < wholeSum) { // also where one of them is NaN
			return i
		}
		*(*uint64)(unsafe.Add(r, count))++
		*sx, *sy, *sxy, *xx, *yy = *sx+x, *sy+y, *sxy+x*y, h3, h4
	}
	return len(ids)
}
