package operator

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// groupDecoder makes columns of records: their words are gathered into first and second, turned into the column's
// values there, and narrowed to its type. present is 0 where a row is null.
type groupDecoder struct {
	layout                 *groupLayout
	scope                  *memory.Scope
	worker                 *exec.Worker
	runs                   []groupRun
	first, second, present []uint64
}

// decode makes a batch of runs of n records in all.
func (l *groupLayout) decode(w *exec.Worker, runs []groupRun, n int) (*table.Batch, error) {
	scratch, buf, err := memory.Make[uint64](w.Scope(), 3*n)
	if err != nil {
		return nil, err
	}
	defer buf.Release()
	d := groupDecoder{layout: l, scope: w.Scope(), worker: w, runs: runs, first: scratch[:n], second: scratch[n : 2*n], present: scratch[2*n : 3*n]}
	b := &table.Batch{Len: n, Cols: make([]column.Column, 0, l.output.NumFields())}
	for i := range l.output.NumFields() {
		var c column.Column
		if i < len(l.keys) {
			c, err = d.key(i)
		} else {
			c, err = d.result(&l.results[i-len(l.keys)])
		}
		if err == nil {
			b.Cols = append(b.Cols, c)
			err = w.Yield()
		}
		if err != nil {
			b.Release()
			return nil, err
		}
	}
	return b, nil
}

// gather writes word j of each record to dst.
func (d *groupDecoder) gather(dst []uint64, j int) {
	for _, run := range d.runs {
		words := groupVec{unsafe.Add(run.records, 8*j), uintptr(8 * d.layout.recWords)}
		for i := range dst[:run.rows] {
			dst[i] = words.at(i)
		}
		dst = dst[run.rows:]
	}
}

func (d *groupDecoder) key(i int) (column.Column, error) {
	l, k := d.layout, &d.layout.keys[i]
	if l.exact {
		d.gather(d.first, 0)
		for j, h := range d.first {
			d.first[j] = unscramble(h) ^ l.seed
		}
		return d.column(l.output.Field(i).Type, nil)
	}
	d.gather(d.first, k.word)
	if k.kind == column.String {
		d.gather(d.second, k.word+1)
	}
	if l.nullWords == 0 {
		return d.column(l.output.Field(i).Type, nil)
	}
	d.gather(d.present, 1+i/64)
	for j, nulls := range d.present {
		d.present[j] = ^nulls >> (i % 64) & 1
	}
	return d.column(l.output.Field(i).Type, d.present)
}

func (d *groupDecoder) result(r *groupResult) (column.Column, error) {
	s := &d.layout.states[r.states[0]]
	if r.part >= 0 && s.op.isFloatSum() {
		d.gather(d.first, s.word)
		d.gather(d.second, s.word+1)
		texts := groupHeap{scope: d.scope}
		defer texts.free()
		if err := d.floatPart(r.part, &texts); err != nil {
			return column.Column{}, err
		}
		return d.column(r.field.Type, nil)
	}
	switch r.agg.Fn {
	case Min, Max:
		d.gather(d.first, s.word)
		d.gather(d.second, s.word+1)
		return d.column(r.field.Type, d.extremes(s))
	case First, Last:
		d.gather(d.present, s.word)
		d.gather(d.first, s.word+2)
		d.gather(d.second, s.word+3)
		for i, seq := range d.present {
			d.present[i] = min(^seq, 1) // 0 for noRow
		}
		return d.column(r.field.Type, d.present)
	}
	switch {
	case r.agg.Fn == List:
		return d.lists(r)
	case r.agg.Decimal != nil && r.part < 0:
		return d.decimals(r)
	case r.part >= 0:
		d.gather(d.first, s.word+r.part)
		return d.column(r.field.Type, nil)
	}
	d.gather(d.first, s.word)
	var present []uint64
	switch r.agg.Fn {
	case Sum:
		d.gather(d.second, s.word+1)
		if s.op.isFloatSum() {
			for i, hi := range d.first {
				d.first[i] = math.Float64bits(roundFloat(hi, d.second[i]))
			}
		} else if err := d.checkOverflow(r); err != nil {
			return column.Column{}, err
		}
	case Count:
		d.counts(r.states, d.first)
	case Mean:
		present = d.present
		d.counts(r.states[1:], present)
		d.gather(d.first, s.word)
		d.gather(d.second, s.word+1)
		d.means(r)
	case Product:
		if err := d.products(r); err != nil {
			return column.Column{}, err
		}
	case Var, Std, Sem, Covariance, Correlation:
		present = d.present
		if err := d.moments(r); err != nil {
			return column.Column{}, err
		}
	case Quantile:
		present = d.present
		d.gather(present, s.word+1)
	}
	return d.column(r.field.Type, present)
}

// counts writes how many values groups have to dst, given the states of their rows and of those without one.
func (d *groupDecoder) counts(states []int, dst []uint64) {
	d.gather(dst, d.layout.states[states[0]].word)
	d.gather(d.second, d.layout.states[states[1]].word)
	for i, missing := range d.second {
		dst[i] -= missing
	}
}

// means divides the sums in first and second by the counts in present.
func (d *groupDecoder) means(r *groupResult) {
	sum := d.layout.sum(&d.layout.states[r.states[0]], r)
	isFloat := r.field.Type.ID() == arrow.FLOAT64
	for i, count := range d.present {
		switch {
		case isFloat:
			d.first[i] = math.Float64bits(sum(d.first[i], d.second[i]) / float64(count))
		case count > 0:
			d.first[i] = meanWide(d.first[i], d.second[i], count)
		}
	}
}

// extremes prepares the states of min or max and returns which have a value.
func (d *groupDecoder) extremes(s *groupState) []uint64 {
	switch s.op {
	case opMinString, opMaxString:
		for i, w := range d.first {
			d.present[i] = 1
			if stringSize(w) == noString {
				d.present[i], d.first[i] = 0, 0
			}
		}
		return d.present
	case opMinFloat, opMaxFloat:
		for i, w := range d.first {
			// Adding 0 makes -0.0 0.0: which of the two came first must not show.
			d.first[i] = math.Float64bits(math.Float64frombits(w) + 0)
		}
	}
	return d.second
}

func (d *groupDecoder) checkOverflow(r *groupResult) error {
	signed := !isUnsigned(kindOf(r.field.Type))
	for i, hi := range d.second {
		want := uint64(0)
		if signed {
			want = uint64(int64(d.first[i]) >> 63)
		}
		if hi != want {
			return overflow(r)
		}
	}
	return nil
}

func overflow(r *groupResult) error {
	return status.Errorf(status.Overflow, "the %s of column %q doesn't fit %s: cast the column to double first", r.agg.Fn, r.source, r.field.Type)
}

// sum returns the function that makes a float64 of the two words of a sum's state.
func (l *groupLayout) sum(s *groupState, r *groupResult) func(w0, w1 uint64) float64 {
	switch {
	case s.op.isFloatSum():
		return roundFloat
	case isUnsigned(r.kind):
		return wideFloat
	}
	return signedWideFloat
}

func signedWideFloat(lo, hi uint64) float64 {
	if int64(hi) >= 0 {
		return wideFloat(lo, hi)
	}
	return -wideFloat(negateWide(lo, hi))
}

func negateWide(lo, hi uint64) (uint64, uint64) {
	lo, borrow := bits.Sub64(0, lo, 0)
	hi, _ = bits.Sub64(0, hi, borrow)
	return lo, hi
}

// meanWide divides a signed 128-bit sum of count 64-bit integers by count, towards zero.
func meanWide(lo, hi, count uint64) uint64 {
	if int64(hi) < 0 {
		lo, hi = negateWide(lo, hi)
		quotient, _ := bits.Div64(hi, lo, count)
		return -quotient
	}
	quotient, _ := bits.Div64(hi, lo, count)
	return quotient
}

// wideFloat rounds a 128-bit integer to the nearest float64.
func wideFloat(lo, hi uint64) float64 {
	if hi == 0 {
		return float64(lo)
	}
	shift := bits.LeadingZeros64(hi)
	top := hi<<shift | lo>>(64-shift)
	if lo<<shift != 0 {
		top |= 1 // sticky: far below the bits that decide the rounding
	}
	return math.Ldexp(float64(top), 64-shift)
}
