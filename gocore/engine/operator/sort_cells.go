package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// SortCells is the column of a sort key, made comparable row by row with another of the same key: a code whose unsigned order
// is the key's, and the strings themselves where codes are equal.
//
//	nulls last     0 .. values .. | NaN | null          nulls first     null | NaN | .. values ..
//
// A class in front of the code tells values from NaN and null.
type SortCells struct {
	column  column.Column // strings as views
	key     SortKey
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

// NewSortCells computes classes and codes of col, whose strings are views. They refer to col's buffers, which they don't
// retain.
func NewSortCells(scope *memory.Scope, col column.Column, key SortKey) (*SortCells, error) {
	c := &SortCells{column: col, key: key}
	class, owner, err := memory.Make[uint8](scope, c.column.Len)
	if err != nil {
		return nil, err
	}
	c.class, c.buffers = class[:c.column.Len], append(c.buffers, owner)
	code, owner, err := memory.Make[uint64](scope, c.column.Len)
	if err != nil {
		c.Release()
		return nil, err
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
	return c, nil
}

// codes writes each row's class and code as if it weren't null, ascending.
func (c *SortCells) codes(nan uint8) {
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
		signedCells[int8](c)
	case column.Int16:
		signedCells[int16](c)
	case column.Int32:
		signedCells[int32](c)
	case column.Int64:
		signedCells[int64](c)
	case column.Uint8:
		unsignedCells[uint8](c)
	case column.Uint16:
		unsignedCells[uint16](c)
	case column.Uint32:
		unsignedCells[uint32](c)
	case column.Uint64:
		unsignedCells[uint64](c)
	case column.Float32:
		floatCells[float32](c, nan)
	case column.Float64:
		floatCells[float64](c, nan)
	case column.String:
		for i := range c.code {
			p := col.Views[i].Prefix
			c.code[i] = uint64(p[0])<<24 | uint64(p[1])<<16 | uint64(p[2])<<8 | uint64(p[3])
		}
	}
}

func signedCells[T int8 | int16 | int32 | int64](c *SortCells) {
	for i, v := range column.Of[T](&c.column) {
		c.code[i] = uint64(int64(v)) ^ 1<<63
	}
}

func unsignedCells[T uint8 | uint16 | uint32 | uint64](c *SortCells) {
	for i, v := range column.Of[T](&c.column) {
		c.code[i] = uint64(v)
	}
}

func floatCells[T float32 | float64](c *SortCells, nan uint8) {
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

// Compare orders row i of c and row j of d: -1, 0 or 1.
func (c *SortCells) Compare(i int, d *SortCells, j int) int {
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

// Release gives back what NewSortCells allocated.
func (c *SortCells) Release() {
	for _, b := range c.buffers {
		b.Release()
	}
}

// word returns 64 bits of row i: rows whose words differ are in the words' order, rows with equal words in any.
func (c *SortCells) word(i int) uint64 {
	switch class := c.class[i]; {
	case class < classValue:
		return 0
	case class > classValue:
		return math.MaxUint64
	}
	return c.code[i]
}
