package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// decoder gets a key's values back from its codes, which end below bits above a word's end.
type decoder struct {
	below, mask uint64
	add, flip   uint64
	null        uint64
	nulls       bool
}

func newDecoder(f field, below int, nulls bool) *decoder {
	return &decoder{uint64(below), math.MaxUint64 >> (64 - f.bits), f.add, f.flip, f.null, nulls}
}

func (d *decoder) code(word uint64) uint64 { return word >> d.below & d.mask }

// fill sets c, of as many rows as there are entries, to the key's values in entries.
func (d *decoder) fill(scope *memory.Scope, c *column.Column, entries []entry) error {
	if d.nulls {
		if err := d.putValid(scope, c, entries); err != nil {
			return err
		}
	}
	switch c.Kind {
	case column.Bool:
		for i := range entries {
			c.Values[i>>3] |= byte((d.code(entries[i].word)-d.add)^d.flip) & 1 << (i & 7)
		}
	case column.Int8:
		putWords(d, column.Of[int8](c), sign, entries)
	case column.Int16:
		putWords(d, column.Of[int16](c), sign, entries)
	case column.Int32:
		putWords(d, column.Of[int32](c), sign, entries)
	case column.Int64:
		putWords(d, column.Of[int64](c), sign, entries)
	case column.Uint8:
		putWords(d, column.Of[uint8](c), 0, entries)
	case column.Uint16:
		putWords(d, column.Of[uint16](c), 0, entries)
	case column.Uint32:
		putWords(d, column.Of[uint32](c), 0, entries)
	case column.Uint64:
		putWords(d, column.Of[uint64](c), 0, entries)
	case column.Float32:
		putFloats(d, column.Of[float32](c), entries)
	case column.Float64:
		putFloats(d, column.Of[float64](c), entries)
	}
	return nil
}

func (d *decoder) putValid(scope *memory.Scope, c *column.Column, entries []entry) error {
	bitmap, err := scope.Zeroed(column.BitmapBytes(len(entries)))
	if err != nil {
		return err
	}
	nulls := 0
	for i := range entries {
		if d.code(entries[i].word) == d.null {
			nulls++
		} else {
			bitmap.Bytes()[i>>3] |= 1 << (i & 7)
		}
	}
	compute.SetValid(c, bitmap, nulls)
	return nil
}

func putWords[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](d *decoder, dst []T, sign uint64, entries []entry) {
	dst = dst[:len(entries)]
	below, mask, add, flip := d.below&63, d.mask, d.add, d.flip^sign
	for i := range entries {
		dst[i] = T((entries[i].word>>below&mask - add) ^ flip)
	}
}

func putFloats[T float32 | float64](d *decoder, dst []T, entries []entry) {
	for i := range entries {
		dst[i] = T(valueFloat((d.code(entries[i].word) - d.add) ^ d.flip))
	}
}

// bitsOf returns the elements of rows [from, from+len(out)) of a numeric column as unsigned integers, in out if they
// don't lie like that in the column.
func bitsOf(c *column.Column, from int, out []uint64) []uint64 {
	switch c.Kind.Width() {
	case 1:
		getBits(out, c.Values[from:])
	case 2:
		getBits(out, column.Of[uint16](c)[from:])
	case 4:
		getBits(out, column.Of[uint32](c)[from:])
	default:
		return column.Of[uint64](c)[from : from+len(out)]
	}
	return out
}

// putRows writes what the entries carry in their row, bits of elements, to a numeric column.
func putRows(c *column.Column, entries []entry) {
	switch c.Kind.Width() {
	case 1:
		putBits(c.Values, entries)
	case 2:
		putBits(column.Of[uint16](c), entries)
	case 4:
		putBits(column.Of[uint32](c), entries)
	default:
		putBits(column.Of[uint64](c), entries)
	}
}

func getBits[T uint8 | uint16 | uint32](dst []uint64, src []T) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = uint64(v)
	}
}

func putBits[T uint8 | uint16 | uint32 | uint64](dst []T, entries []entry) {
	dst = dst[:len(entries)]
	for i := range entries {
		dst[i] = T(entries[i].row)
	}
}
