package dist

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/plan"
)

// keyCell is a sort key's column, made comparable row by row with another of the same key: a code whose unsigned order
// is the key's, and the strings themselves where codes are equal.
//
//	nulls last     0 .. values .. | NaN | null          nulls first     null | NaN | .. values ..
//
// A class in front of the code tells values from NaN and null.
type keyCell struct {
	column  column.Column // strings as views
	key     plan.BoundSortKey
	class   []uint8
	code    []uint64
	buffers []*memory.Buffer
}

const (
	classLow = iota // null, then NaN, if nulls come first
	classLowNaN
	classValue
	classHighNaN // NaN, then null, if nulls come last
	classHigh
)

// prepare computes classes and codes.
func (c *keyCell) prepare(scope *memory.Scope, key plan.BoundSortKey) error {
	c.key = key
	class, owner, err := memory.Make[uint8](scope, c.column.Len)
	if err != nil {
		return err
	}
	c.class, c.buffers = class[:c.column.Len], append(c.buffers, owner)
	code, owner, err := memory.Make[uint64](scope, c.column.Len)
	if err != nil {
		return err
	}
	c.code, c.buffers = code, append(c.buffers, owner)
	null, nan := uint8(classHigh), uint8(classHighNaN)
	if key.NullsFirst {
		null, nan = classLow, classLowNaN
	}
	c.codes(nan)
	for i := range c.class {
		switch {
		case c.column.IsNull(i):
			c.class[i], c.code[i] = null, 0
		case key.Descending && c.class[i] == classValue:
			c.code[i] = ^c.code[i]
		}
	}
	return nil
}

// codes writes each row's class and code as if it weren't null, ascending.
func (c *keyCell) codes(nan uint8) {
	for i := range c.class {
		c.class[i] = classValue
	}
	col := &c.column
	switch col.Kind {
	case column.Null:
		clear(c.code)
	case column.Bool:
		values := column.Bitmap{Bits: col.Values, Offset: col.Offset}
		for i := range c.code {
			c.code[i] = 0
			if values.Get(i) {
				c.code[i] = 1
			}
		}
	case column.Int8:
		signed[int8](c)
	case column.Int16:
		signed[int16](c)
	case column.Int32:
		signed[int32](c)
	case column.Int64:
		signed[int64](c)
	case column.Uint8:
		unsigned[uint8](c)
	case column.Uint16:
		unsigned[uint16](c)
	case column.Uint32:
		unsigned[uint32](c)
	case column.Uint64:
		unsigned[uint64](c)
	case column.Float32:
		floats[float32](c, nan)
	case column.Float64:
		floats[float64](c, nan)
	case column.String:
		for i := range c.code {
			p := col.Views[i].Prefix
			c.code[i] = uint64(p[0])<<24 | uint64(p[1])<<16 | uint64(p[2])<<8 | uint64(p[3])
		}
	}
}

func signed[T int8 | int16 | int32 | int64](c *keyCell) {
	for i, v := range column.Of[T](&c.column) {
		c.code[i] = uint64(int64(v)) ^ 1<<63
	}
}

func unsigned[T uint8 | uint16 | uint32 | uint64](c *keyCell) {
	for i, v := range column.Of[T](&c.column) {
		c.code[i] = uint64(v)
	}
}

func floats[T float32 | float64](c *keyCell, nan uint8) {
	for i, v := range column.Of[T](&c.column) {
		switch {
		case v != v:
			c.class[i], c.code[i] = nan, 0
		case v == 0:
			c.code[i] = 1 << 63 // -0.0 is 0.0
		default:
			bits := math.Float64bits(float64(v))
			if bits>>63 != 0 {
				c.code[i] = ^bits
			} else {
				c.code[i] = bits | 1<<63
			}
		}
	}
}

// compare orders row i of c and row j of d: -1, 0 or 1.
func (c *keyCell) compare(i int, d *keyCell, j int) int {
	switch {
	case c.class[i] != d.class[j]:
		if c.class[i] < d.class[j] {
			return -1
		}
		return 1
	case c.code[i] != d.code[j]:
		if c.code[i] < d.code[j] {
			return -1
		}
		return 1
	case c.column.Kind != column.String || c.class[i] != classValue:
		return 0
	}
	order := column.CompareViews(&c.column.Views[i], c.column.Heaps, &d.column.Views[j], d.column.Heaps)
	if c.key.Descending {
		return -order
	}
	return order
}

// release gives back what prepare allocated.
func (c *keyCell) release() {
	for _, b := range c.buffers {
		b.Release()
	}
}
