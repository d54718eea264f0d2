package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// SortCells is the column of a sort key, made comparable row by row with another of the same key: the code that a sort gives
// it, of the whole range of its type, whose unsigned order is the key's, and the strings themselves where codes are equal.
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
	c.code, c.buffers = code[:c.column.Len], append(c.buffers, owner)
	f := newField(0, key, keyRange{max: math.MaxUint64})
	f.append(&c.column, 0, 64, c.code)
	null, nan := uint8(classHigh), uint8(classHighNaN)
	if key.NullsFirst {
		null, nan = classLow, classLowNaN
	}
	for i := range c.class {
		switch {
		case c.column.IsNull(i):
			c.class[i] = null
		case c.column.Kind.IsFloat() && isNaN(&c.column, i):
			c.class[i] = nan
		default:
			c.class[i] = classValue
		}
	}
	return c, nil
}

func isNaN(c *column.Column, i int) bool {
	_, isNumber := value(c, i)
	return !isNumber
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
