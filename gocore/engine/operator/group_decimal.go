package operator

import (
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// Sums of decimals are sums of their unscaled integers, which come as keys (compute.AsKey): int64 of up to 18 digits,
// which opSumInt adds, or else big-endian bytes whose sign bit is turned. Those are added in 256 bits, which no number
// of rows leaves.

// updateDecimals adds such bytes (opSumDecimal), or states.
func updateDecimals(op groupOp, cells groupCells, ids []uint32, in *groupOperands) {
	for i, g := range ids {
		if g == 0 {
			continue
		}
		d := column.Decimal{in[0].at(i), in[1].at(i), in[2].at(i), in[3].at(i)}
		if op == opSumDecimal {
			d = compute.DecimalOfKey(chars((*[2]uint64)(d[:])))
		}
		s, carry := cells.atFour(g), uint64(0)
		for w := range s {
			s[w], carry = bits.Add64(s[w], d[w], carry)
		}
	}
}

// decimals makes a column of sums of decimals.
func (d *groupDecoder) decimals(r *groupResult) (column.Column, error) {
	s := &d.layout.states[r.states[0]]
	c, err := compute.New(d.scope, r.field.Type, len(d.first))
	if err != nil {
		return c, err
	}
	i := 0
	for _, run := range d.runs {
		for row := range run.rows {
			at := unsafe.Add(run.records, 8*(d.layout.recWords*row+s.word))
			sum := column.Decimal{}
			if s.op.words() == 4 {
				sum = *(*column.Decimal)(at)
			} else {
				w := (*[2]uint64)(at)
				high := uint64(int64(w[1]) >> 63)
				sum = column.Decimal{w[0], w[1], high, high}
			}
			if !sum.Fits(int(r.agg.Decimal.Precision)) {
				c.Release()
				return column.Column{}, overflow(r)
			}
			c.SetDecimal(i, sum)
			i++
		}
	}
	return c, nil
}
