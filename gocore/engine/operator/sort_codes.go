package operator

import (
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// blockRows is how many words are made at a time: they stay in the first-level cache.
const blockRows = 1024

// fill writes the words of rows [from, from+len(out)) of a batch.
func (w *words) fill(l *level, batch, from int, out []uint64) {
	for i := range l.fields {
		f := &l.fields[i]
		shift := uint(f.bits)
		if i == 0 {
			shift = 64 // out holds nothing yet
		}
		f.append(w.columns[f.key][batch], from, shift, out)
	}
}

// append shifts out by shift bits and puts the codes of rows [from, from+len(out)) of c in the low ones.
func (f *field) append(c *column.Column, from int, shift uint, out []uint64) {
	switch c.Kind {
	case column.Int8:
		appendIntegers[int8](f, c, from, shift, sign, out)
	case column.Int16:
		appendIntegers[int16](f, c, from, shift, sign, out)
	case column.Int32:
		appendIntegers[int32](f, c, from, shift, sign, out)
	case column.Int64:
		appendIntegers[int64](f, c, from, shift, sign, out)
	case column.Uint8:
		appendIntegers[uint8](f, c, from, shift, 0, out)
	case column.Uint16:
		appendIntegers[uint16](f, c, from, shift, 0, out)
	case column.Uint32:
		appendIntegers[uint32](f, c, from, shift, 0, out)
	case column.Uint64:
		appendIntegers[uint64](f, c, from, shift, 0, out)
	case column.Float32:
		appendFloats[float32](f, c, from, shift, out)
	case column.Float64:
		appendFloats[float64](f, c, from, shift, out)
	default:
		for i := range out {
			out[i] = out[i]<<shift | f.code(c, from+i)
		}
	}
}

func appendIntegers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](f *field, c *column.Column, from int, shift uint, sign uint64, out []uint64) {
	values := column.Of[T](c)[from : from+len(out)]
	flip, mask, add := f.flip^sign, f.mask, f.add
	if c.Valid.Bits == nil && shift == 64 {
		for i, v := range values {
			out[i] = (uint64(v)^flip)&mask + add
		}
		return
	}
	if c.Valid.Bits == nil {
		for i, v := range values {
			out[i] = out[i]<<shift | ((uint64(v)^flip)&mask + add)
		}
		return
	}
	for i, v := range values {
		code := (uint64(v)^flip)&mask + add
		if !c.Valid.Get(from + i) {
			code = f.null
		}
		out[i] = out[i]<<shift | code
	}
}

func appendFloats[T float32 | float64](f *field, c *column.Column, from int, shift uint, out []uint64) {
	for i, v := range column.Of[T](c)[from : from+len(out)] {
		code := (floatValue(float64(v))^f.flip)&f.mask + f.add
		if v != v {
			code = f.nan
		}
		if c.Valid.Bits != nil && !c.Valid.Get(from+i) {
			code = f.null
		}
		out[i] = out[i]<<shift | code
	}
}

// include widens the range by the rows of c.
func (r *keyRange) include(c *column.Column) {
	if c.Kind == column.Null {
		r.nulls = r.nulls || c.Len > 0
		return
	}
	r.nulls = r.nulls || c.Nulls > 0
	switch c.Kind {
	case column.Int8:
		includeIntegers[int8](r, c, sign)
	case column.Int16:
		includeIntegers[int16](r, c, sign)
	case column.Int32:
		includeIntegers[int32](r, c, sign)
	case column.Int64:
		includeIntegers[int64](r, c, sign)
	case column.Uint8:
		includeIntegers[uint8](r, c, 0)
	case column.Uint16:
		includeIntegers[uint16](r, c, 0)
	case column.Uint32:
		includeIntegers[uint32](r, c, 0)
	case column.Uint64:
		includeIntegers[uint64](r, c, 0)
	case column.String:
		for i := range c.Views {
			if !c.IsNull(i) {
				r.includePrefix(c.Views[i].Bytes(c.Heaps))
			}
		}
	default:
		for i := range c.Len {
			if c.IsNull(i) {
				continue
			}
			u, ok := value(c, i)
			if !ok {
				r.nans, r.negativeZero = true, true
				continue
			}
			r.min, r.max = min(r.min, u), max(r.max, u)
			r.negativeZero = r.negativeZero || isNegativeZero(c, i)
		}
	}
}

// includeTexts widens the range by the strings of c behind the common prefix, which is known by now.
func (r *keyRange) includeTexts(c *column.Column) {
	for i := range c.Views {
		if !c.IsNull(i) {
			u := textValue(c.Views[i].Bytes(c.Heaps), len(r.prefix))
			r.min, r.max = min(r.min, u), max(r.max, u)
		}
	}
}

func isNegativeZero(c *column.Column, i int) bool {
	switch c.Kind {
	case column.Float32:
		return column.Of[uint32](c)[i] == 1<<31
	case column.Float64:
		return column.Of[uint64](c)[i] == sign
	}
	return false
}

func includeIntegers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](r *keyRange, c *column.Column, sign uint64) {
	values := column.Of[T](c)
	if len(values) == c.Nulls {
		return
	}
	if c.Nulls == 0 {
		low, high := values[0], values[0]
		for _, v := range values {
			low, high = min(low, v), max(high, v)
		}
		r.min, r.max = min(r.min, uint64(low)^sign), max(r.max, uint64(high)^sign)
		return
	}
	for i, v := range values {
		if c.Valid.Get(i) {
			r.min, r.max = min(r.min, uint64(v)^sign), max(r.max, uint64(v)^sign)
		}
	}
}
