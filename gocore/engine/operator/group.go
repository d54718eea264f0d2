package operator

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// AggFn is what an aggregate computes of a group's values. Nulls and NaN are missing for all of them.
type AggFn uint8

// The aggregates.
const (
	Sum   AggFn = iota // int64, uint64 or float64; 0 of nothing; an integer sum that doesn't fit is an Overflow
	Min                // keeps the type; null of nothing
	Max                // keeps the type; null of nothing
	Count              // int64: how many values are there
	Mean               // float64; null of nothing
)

// String returns the function's name as users write it.
func (f AggFn) String() string { return [...]string{"sum", "min", "max", "count", "mean"}[f] }

// GroupMode is which part of a group-by an operator does.
type GroupMode uint8

// The modes. Complete is Final after Partial: what ranks exchange in between are the rows of Partial, by their keys.
const (
	Complete GroupMode = iota // rows in, results out
	Partial                   // rows in, keys and states out (StateSchema)
	Final                     // keys and states in, results out
)

// Agg is one aggregate of one input column.
type Agg struct {
	Fn     AggFn
	Column int // of the input; ignored in mode Final
}

// GroupSpec is a group-by: one output row for each distinct combination of the key columns' values.
//
// Null is a key value of its own unless DropNull, NaN is one value, -0.0 is 0.0. The output has the keys first, then
// one column per aggregate, named like "sum(price)". In mode Final, the input is what Partial emitted for the same
// spec: the keys are its first columns, whatever Keys and Column say.
//
// A state is one or more columns, named like "sum(price).0":
//
//	sum of integers   lo uint64, hi int64 or uint64     a 128-bit sum
//	sum of floats     hi, lo float64, text string_view  hi + lo is the sum; the text what two floats don't hold of it
//	mean              the sum's columns, count int64
//	count, min, max   the value
type GroupSpec struct {
	Keys     []int
	Aggs     []Agg
	DropNull bool
	Mode     GroupMode
}

// OutputSchema returns the schema of what the operator emits for input of schema in, or why it can't.
func (s GroupSpec) OutputSchema(in *arrow.Schema) (*arrow.Schema, error) {
	l, err := newGroupLayout(s, in)
	if err != nil {
		return nil, err
	}
	return l.output, nil
}

// StateSchema returns the schema of the partial results for rows of schema in: what Partial emits and Final takes.
func (s GroupSpec) StateSchema(in *arrow.Schema) (*arrow.Schema, error) {
	s.Mode = Partial
	return s.OutputSchema(in)
}

// keyFields returns the fields of the key columns, which must be of types that can be compared.
func (s GroupSpec) keyFields(in *arrow.Schema) ([]int, []arrow.Field, error) {
	if len(s.Keys) == 0 {
		return nil, nil, status.Errorf(status.Invalid, "group-by has no keys: name at least one column")
	}
	columns := s.Keys
	if s.Mode == Final {
		columns = make([]int, len(s.Keys))
		for i := range columns {
			columns[i] = i
		}
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		if c < 0 || c >= in.NumFields() {
			return nil, nil, status.Errorf(status.Internal, "group-by key %d of a schema of %d columns", c, in.NumFields())
		}
		fields[i] = in.Field(c)
	}
	return columns, fields, nil
}

// aggName is the name of an aggregate's output column, sourceOfAgg its inverse.
func aggName(fn AggFn, column string) string { return fmt.Sprintf("%s(%s)", fn, column) }

func sourceOfAgg(fn AggFn, name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, fn.String()+"("), ")")
}

// stateName is the name of column i of an aggregate's state, aggOfState its inverse.
func stateName(agg string, i int) string { return fmt.Sprintf("%s.%d", agg, i) }

func aggOfState(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return name
}
