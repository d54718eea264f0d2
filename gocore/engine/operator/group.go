package operator

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// AggFn is what an aggregate computes of a group's values. Nulls and NaN are missing for all of them but Size.
type AggFn uint8

// The aggregates. Those from Quantile on need all values of a group in one place: they have no Partial and Final.
const (
	Sum         AggFn = iota // int64, uint64, float64 or the type of a duration; 0 of nothing; what doesn't fit is an Overflow
	Min                      // keeps the type; null of nothing
	Max                      // keeps the type; null of nothing
	Count                    // int64: how many values are there
	Mean                     // float64, or the type of a time; null of nothing
	Size                     // int64: how many rows
	First                    // keeps the type: the first value in the order of Seq; null of nothing
	Last                     // keeps the type: the last value in the order of Seq; null of nothing
	Any                      // bool: some value is true, not zero, not empty; false of nothing
	All                      // bool: every value is; true of nothing
	Product                  // int64, uint64 or float64; 1 of nothing; an integer product that doesn't fit is an Overflow
	Var                      // float64: the sum of squared differences from the mean by count - DDof; null unless that is positive
	Std                      // float64: the root of Var
	Sem                      // float64: Std by the root of the count
	Covariance               // float64: the sum of products of differences from the means by count - DDof, of the rows that have both Column and Other; null unless that is positive
	Correlation              // float64: Pearson's, of the rows that have both Column and Other; null where one is constant
	Quantile                 // float64, or the type itself: the value at Q of the way from the least to the greatest
	NUnique                  // int64: how many different values are there
	List                     // list of the type: all values in the order of Seq, nulls, too
	Largest                  // keeps the type: a row for each of the N greatest values, in their order
	Smallest                 // keeps the type: a row for each of the N least values, in their order
)

var aggNames = [...]string{"sum", "min", "max", "count", "mean", "size", "first", "last", "any", "all", "prod", "var", "std", "sem",
	"cov", "corr", "quantile", "nunique", "list", "nlargest", "nsmallest"}

// String returns the function's name as users write it.
func (f AggFn) String() string { return aggNames[f] }

// Interpolation is the value of a quantile that lies between two values.
type Interpolation uint8

// The interpolations, by pandas' names.
const (
	Linear   Interpolation = iota // as far between the two as the quantile is
	Lower                         // the less
	Higher                        // the greater
	Nearest                       // the nearer; of two as near, the one at an even place
	Midpoint                      // halfway
)

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
	Fn            AggFn
	Column        int // ignored by Size
	Other         int // of Covariance and Correlation: the other column
	DDof          int // of Var, Std, Sem and Covariance
	Q             float64
	Interpolation Interpolation
	N             int // of Largest and Smallest
	// Decimal is the type of a Sum of decimals, whose column holds their keys (compute.AsKey); else nil.
	Decimal *arrow.Decimal128Type
}

// GroupSpec is a group-by: one output row for each distinct combination of the key columns' values. Without keys, all
// rows are one group, which is there even if no row is.
//
// Null is a key value of its own unless DropNull, NaN is one value, -0.0 is 0.0. The output has the keys first, then
// one column per aggregate, named like "sum(price)". In mode Final, the input is what Partial emitted for the same
// spec and an input of schema Rows: the keys are its first columns, whatever Keys and Column say.
//
// A state is the columns of one accumulator after the other, named like "mean(price).0" (see groupOp.columns).
// First and Last take states in the order of Seq, too: those of a rank's rows come after those of the ranks before it.
// Largest and Smallest are alone; each of their results can be an input again.
type GroupSpec struct {
	Keys     []int
	Aggs     []Agg
	DropNull bool
	Mode     GroupMode
	Rows     *arrow.Schema // mode Final: what Partial read
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

// keyFields returns the fields of the key columns.
func (s GroupSpec) keyFields(in *arrow.Schema) ([]int, []arrow.Field, error) {
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

// aggName is the name of an aggregate's output column, stateName that of column i of its state.
func aggName(fn AggFn, column string) string { return fmt.Sprintf("%s(%s)", fn, column) }

func stateName(agg string, i int) string { return fmt.Sprintf("%s.%d", agg, i) }
