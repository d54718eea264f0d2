package operator

import (
	"math"
	"unsafe"
)

// Moments about the mean are computed from exact sums of the values and of their products. Nothing has been rounded when
// the terms cancel, so they are as good for values far from zero as for others, and don't depend on the order of the
// values. With m the mean, rounded, and s - n*m what that leaves of the sum s:
//
//	sum (x - mean)^2             = sum x*x - 2*m*s + n*m*m - (s - n*m)^2 / n
//	sum (x - meanX)(y - meanY)   = sum x*y - mx*sy - my*sx + n*mx*my - (sx - n*mx)*(sy - n*my) / n

// groupMoment is the exact sum of a column's values in a group.
type groupMoment struct {
	n, mean float64 // mean is rounded
	sum     expansion
	rest    float64 // sum - n*mean
}

// momentScratch is what the moments of one group after the other are computed in.
type momentScratch struct {
	x, y  groupMoment
	total expansion
}

// setSum makes m the moment of n values whose sum is the state at w.
func (k *momentScratch) setSum(m *groupMoment, n float64, w []uint64) {
	m.n, m.sum = n, m.sum[:0]
	m.sum.addSum(w[0], w[1])
	m.mean = m.sum.value() / n
	k.total = append(k.total[:0], m.sum...)
	k.total.addProduct(-n, m.mean)
	m.rest = k.total.value()
}

// centered returns the sum of products of two columns' differences from their means, given the two states that make the
// sum of their products.
func (k *momentScratch) centered(x, y *groupMoment, high, low []uint64) float64 {
	total := k.total[:0]
	total.addSum(low[0], low[1])
	total.addSum(high[0], high[1])
	for _, w := range y.sum {
		total.addProduct(-x.mean, w)
	}
	for _, w := range x.sum {
		total.addProduct(-y.mean, w)
	}
	p := x.mean * y.mean
	total.addProduct(x.n, p)
	total.addProduct(x.n, math.FMA(x.mean, y.mean, -p))
	k.total = total
	return total.value() - x.rest*y.rest/x.n
}

// momentUnit is how many groups' moments are computed between two yields.
const momentUnit = 2048

// moments makes the results of a variance, covariance or correlation in first, and in present which groups have one.
func (d *groupDecoder) moments(r *groupResult) error {
	words := make([]int, len(r.states))
	for i, s := range r.states {
		words[i] = d.layout.states[s].word
	}
	var scratch momentScratch
	i := 0
	for _, run := range d.runs {
		for row := range run.rows {
			record := unsafe.Slice((*uint64)(unsafe.Add(run.records, 8*d.layout.recWords*row)), d.layout.recWords)
			v, ok := scratch.moment(&r.agg, record, words)
			d.first[i], d.present[i] = math.Float64bits(v), 0
			if ok {
				d.present[i] = 1
			}
			if i++; i%momentUnit == 0 {
				if err := d.worker.Yield(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// moment returns a's result for a record whose states are at words, in the order of parts.
func (k *momentScratch) moment(a *Agg, record []uint64, words []int) (float64, bool) {
	n := float64(record[words[0]])
	if n == 0 {
		return 0, false
	}
	state := func(part int) []uint64 { return record[words[part]:] }
	k.setSum(&k.x, n, state(1))
	if a.ofPairs() {
		k.setSum(&k.y, n, state(2))
		xy := k.centered(&k.x, &k.y, state(3), state(4))
		if a.Fn == Covariance {
			return xy / (n - float64(a.DDof)), n > float64(a.DDof)
		}
		xx := k.centered(&k.x, &k.x, state(5), state(6))
		yy := k.centered(&k.y, &k.y, state(7), state(8))
		if xx <= 0 || yy <= 0 {
			return 0, false
		}
		square := xx * yy
		scale := math.Sqrt(square)
		if square < 1e-290 || square > 1e300 {
			scale = math.Sqrt(xx) * math.Sqrt(yy)
		}
		return min(max(xy/scale, -1), 1), true
	}
	square := max(k.centered(&k.x, &k.x, state(2), state(3)), 0)
	if a.Fn == Correlation {
		return 1, square > 0
	}
	if n <= float64(a.DDof) {
		return 0, false
	}
	v := square / (n - float64(a.DDof))
	switch a.Fn {
	case Std:
		v = math.Sqrt(v)
	case Sem:
		v = math.Sqrt(v / n)
	}
	return v, true
}

// expansion is a number as the exact sum of floats (Shewchuk): no two overlap, the last is the largest.
type expansion []float64

// add adds x.
func (e *expansion) add(x float64) {
	kept := (*e)[:0]
	for _, part := range *e {
		sum, rest := twoSum(x, part)
		if x = sum; rest != 0 {
			kept = append(kept, rest)
		}
	}
	*e = append(kept, x)
}

// addProduct adds x*y.
func (e *expansion) addProduct(x, y float64) {
	p := x * y
	if rest := math.FMA(x, y, -p); rest != 0 && rest-rest == 0 {
		e.add(rest)
	}
	e.add(p)
}

// addSum adds the state of a float sum.
func (e *expansion) addSum(w0, w1 uint64) {
	if w0 != exactMark {
		e.add(math.Float64frombits(w1))
		e.add(math.Float64frombits(w0))
		return
	}
	exact := exactAt(w1)
	if exact.infinite != 0 {
		e.add(exact.round())
		return
	}
	for i := range int(exact.n) {
		at := 64*(int(exact.base)+i) - 1074
		for _, half := range [...]struct {
			limb uint64
			sign float64
		}{{exact.half(false)[i], 1}, {exact.half(true)[i], -1}} {
			e.add(half.sign * math.Ldexp(float64(half.limb&math.MaxUint32), at))
			e.add(half.sign * math.Ldexp(float64(half.limb>>32), at+32))
		}
	}
	e.add(exact.lo)
	e.add(exact.hi)
}

// value returns the number, rounded.
func (e expansion) value() float64 {
	sum := 0.0
	for _, part := range e {
		sum += part
	}
	return sum
}
