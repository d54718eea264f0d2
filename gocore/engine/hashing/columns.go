package hashing

import (
	"math/bits"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// block is how many rows of a further column are hashed before they are combined: they stay in the L1 cache.
const block = 512

// Columns writes the hash of each row of the key columns to out[:rows]. Strings must be in the Views layout; the values
// of null rows aren't read.
func Columns(cols []*column.Column, out []uint64) {
	var values [block]uint64
	for i, c := range cols {
		if i == 0 {
			rows(c, 0, out[:c.Len])
			continue
		}
		for from := 0; from < c.Len; from += block {
			to := min(from+block, c.Len)
			rows(c, from, values[:to-from])
			for r, h := range out[from:to] {
				out[from+r] = mix(h^bits.RotateLeft64(values[r], 23), k0)
			}
		}
	}
}

// rows hashes rows [from, from+len(out)) of one column.
func rows(c *column.Column, from int, out []uint64) {
	switch c.Kind {
	case column.Null:
		for i := range out {
			out[i] = nullHash
		}
		return
	case column.Bool:
		bools(column.Bitmap{Bits: c.Values, Offset: c.Offset + from}, out)
	case column.Int8:
		integers(column.Of[int8](c)[from:], out)
	case column.Int16:
		integers(column.Of[int16](c)[from:], out)
	case column.Int32:
		integers(column.Of[int32](c)[from:], out)
	case column.Int64, column.Uint64:
		integers(column.Of[uint64](c)[from:], out)
	case column.Uint8:
		integers(column.Of[uint8](c)[from:], out)
	case column.Uint16:
		integers(column.Of[uint16](c)[from:], out)
	case column.Uint32:
		integers(column.Of[uint32](c)[from:], out)
	case column.Float32:
		floats(column.Of[float32](c)[from:], out)
	case column.Float64:
		floats(column.Of[float64](c)[from:], out)
	case column.String:
		views(c, from, out)
	}
	if c.Nulls > 0 {
		nulls(column.Bitmap{Bits: c.Valid.Bits, Offset: c.Valid.Offset + from}, out)
	}
}

func integers[T int8 | int16 | int32 | uint8 | uint16 | uint32 | uint64](values []T, out []uint64) {
	values = values[:len(out)]
	for i, v := range values {
		out[i] = Uint64(uint64(v))
	}
}

func floats[T float32 | float64](values []T, out []uint64) {
	values = values[:len(out)]
	for i, v := range values {
		out[i] = Float64(float64(v))
	}
}

func bools(values column.Bitmap, out []uint64) {
	hashes := [2]uint64{Uint64(0), Uint64(1)}
	for i := range out {
		at := values.Offset + i
		out[i] = hashes[values.Bits[at>>3]>>(at&7)&1]
	}
}

// views leaves out null rows: their views may point nowhere.
func views(c *column.Column, from int, out []uint64) {
	rows := c.Views[from : from+len(out)]
	if c.Nulls == 0 {
		for i := range rows {
			out[i] = view(&rows[i], c.Heaps)
		}
		return
	}
	for i := range rows {
		if c.Valid.Get(from + i) {
			out[i] = view(&rows[i], c.Heaps)
		}
	}
}

// nulls replaces the hashes of null rows.
func nulls(valid column.Bitmap, out []uint64) {
	for i := range out {
		at := valid.Offset + i
		absent := uint64(valid.Bits[at>>3]>>(at&7)&1) - 1 // all ones where null
		out[i] = out[i]&^absent | nullHash&absent
	}
}
