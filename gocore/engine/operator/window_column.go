package operator

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// windowForm is what a kernel needs of a column's values.
type windowForm uint8

const (
	onlyPresent windowForm = iota // which rows have one
	asInts                        // int64, 0 where there is none
	asUints                       // uint64, 0 where there is none
	asFloats                      // float64, 0 where there is none
	asLeast                       // uint64 in the order of the values
	asGreatest                    // uint64 in the reverse order
	asTexts                       // views
)

// windowColumn is the values of a unit's rows of one column.
type windowColumn struct {
	column  int
	form    windowForm
	pieces  *compute.Pieces
	present []byte // 1 where there is a value: neither null nor NaN
	words   []uint64
	views   []column.View
	heaps   [][]byte
}

// sumForm returns the form in which a column is summed.
func sumForm(schema *arrow.Schema, f WindowFunction) windowForm {
	kind, _ := column.KindOf(schema.Field(f.Column).Type)
	switch {
	case kind.IsFloat():
		return asFloats
	case kind.IsInteger() && !kind.IsSigned():
		return asUints
	}
	return asInts
}

// extremeForm returns the form in which a column's values are compared.
func extremeForm(schema *arrow.Schema, f WindowFunction) windowForm {
	kind, _ := column.KindOf(schema.Field(f.Column).Type)
	switch {
	case kind == column.String:
		return asTexts
	case f.Fn == WindowMin:
		return asLeast
	}
	return asGreatest
}

// makeRoom makes c as long as the unit.
func (c *windowColumn) makeRoom(scope *memory.Scope, rows int) ([]*memory.Buffer, error) {
	owner, err := scope.Alloc(rows)
	if err != nil {
		return nil, err
	}
	c.present = owner.Bytes()
	owners := []*memory.Buffer{owner}
	switch c.form {
	case onlyPresent:
		return owners, nil
	case asTexts:
		c.views, owner, err = memory.Make[column.View](scope, rows)
	default:
		c.words, owner, err = memory.Make[uint64](scope, rows)
	}
	if err != nil {
		return owners, err
	}
	return append(owners, owner), nil
}

// set takes the values of the rows from row from on out of a column.
func (c *windowColumn) set(scope *memory.Scope, from int, values *column.Column) error {
	present := c.present[from : from+values.Len]
	for i := range present {
		present[i] = 1
	}
	if values.Nulls > 0 {
		for i := range present {
			if values.IsNull(i) {
				present[i] = 0
			}
		}
	}
	switch values.Kind {
	case column.Float32:
		clearNaN(present, column.Of[float32](values))
	case column.Float64:
		clearNaN(present, column.Of[float64](values))
	}
	switch c.form {
	case onlyPresent:
	case asTexts:
		copy(c.views[from:], values.Views)
		c.heaps = values.Heaps
	case asLeast, asGreatest:
		f := &field{mask: math.MaxUint64, null: math.MaxUint64, nan: math.MaxUint64}
		if c.form == asGreatest {
			f.flip = math.MaxUint64
		}
		f.append(values, 0, 64, c.words[from:from+values.Len])
	default:
		return c.setNumbers(scope, from, values, present)
	}
	return nil
}

func clearNaN[T float32 | float64](present []byte, values []T) {
	for i, v := range values {
		if v != v {
			present[i] = 0
		}
	}
}

// setNumbers sets values in a form that is a type of numbers.
func (c *windowColumn) setNumbers(scope *memory.Scope, from int, values *column.Column, present []byte) error {
	t := map[windowForm]arrow.DataType{asInts: arrow.PrimitiveTypes.Int64, asUints: arrow.PrimitiveTypes.Uint64, asFloats: arrow.PrimitiveTypes.Float64}[c.form]
	if values.Kind.IsInteger() && values.Kind.Width() == 8 && c.form != asFloats {
		t = values.Type // times, too
	}
	numbers, err := compute.Cast(scope, values, t)
	if err != nil {
		return err
	}
	defer numbers.Release()
	words := c.words[from : from+values.Len]
	copy(words, column.Of[uint64](&numbers))
	for i, p := range present {
		words[i] &= -uint64(p)
	}
	return nil
}
