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

// groupMoment is the exact sums of one or two columns' values in a group.
type groupMoment struct {
	n, mean float64 // mean is rounded
	sum     expansion
	rest    float64 // sum - n*mean
}

func newGroupMoment(n float64, sum expansion) groupMoment {
	m := groupMoment{n: n, sum: sum, mean: sum.value() / n}
	rest := append(expansion(nil), sum...)
	rest.addProduct(-n, m.mean)
	m.rest = rest.value()
	return m
}

// centered returns the sum of products of two columns' differences from their means, given the sum of their products.
func centered(x, y *groupMoment, products expansion) float64 {
	total := append(expansion(nil), products...)
	for _, w := range y.sum {
		total.addProduct(-x.mean, w)
	}
	for _, w := range x.sum {
		total.addProduct(-y.mean, w)
	}
	p := x.mean * y.mean
	total.addProduct(x.n, p)
	total.addProduct(x.n, math.FMA(x.mean, y.mean, -p))
	return total.value() - x.rest*y.rest/x.n
}

// moments makes the results of a variance or correlation in first and returns which groups have one.
func (d *groupDecoder) moments(r *groupResult) []uint64 {
	states := make([]int, len(r.states))
	for i, s := range r.states {
		states[i] = d.layout.states[s].word
	}
	i := 0
	for _, run := range d.runs {
		for row := range run.rows {
			record := unsafe.Slice((*uint64)(unsafe.Add(run.records, 8*d.layout.recWords*row)), d.layout.recWords)
			v, ok := r.agg.moment(record, states)
			d.first[i], d.present[i] = math.Float64bits(v), 0
			if ok {
				d.present[i] = 1
			}
			i++
		}
	}
	return d.present
}

// moment returns a's result for a record whose states are at words, in the order of parts.
func (a *Agg) moment(record []uint64, words []int) (float64, bool) {
	n := float64(record[words[0]])
	sum := func(parts ...int) expansion {
		var e expansion
		for _, p := range parts {
			e.addSum(record[words[p]], record[words[p]+1])
		}
		return e
	}
	if n == 0 {
		return 0, false
	}
	x := newGroupMoment(n, sum(1))
	if a.Fn == Correlation {
		y := newGroupMoment(n, sum(2))
		xy, xx, yy := centered(&x, &y, sum(3, 4)), centered(&x, &x, sum(5, 6)), centered(&y, &y, sum(7, 8))
		if xx <= 0 || yy <= 0 {
			return 0, false
		}
		scale := math.Sqrt(xx * yy)
		if square := xx * yy; square < 1e-290 || square > 1e300 {
			scale = math.Sqrt(xx) * math.Sqrt(yy)
		}
		return min(max(xy/scale, -1), 1), true
	}
	if n <= float64(a.DDof) {
		return 0, false
	}
	v := max(centered(&x, &x, sum(2, 3)), 0) / (n - float64(a.DDof))
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
