// Package function holds the scalar functions of expressions by name: what each takes, the type of what it returns, and
// the kernel of package compute that computes it.
//
//	Call    what a caller asks for: a name, the arguments' types, options
//	Bind    checks it against the table of its noun (arithmetic.go, strings.go, ...)
//	Bound   the types to which the arguments are cast, the result's type, the kernel
//
// To add a function, write its kernel in compute and one line in the table of its noun: plans, the evaluation of
// expressions and the fuzz tests know it then.
//
// What a function does with values that ask for a decision:
//
//	null                 in, null out; but: false and null is false, true or null is true, if_else and coalesce look
//	                     only at what they pick, is_null and is_in are never null, lookup may have a value for it
//	NaN                  a value for arithmetic and comparison (unequal to all, itself included, neither less nor
//	                     greater); missing for is_null, coalesce, is_in and lookup
//	integer overflow     an Overflow error that names the row's values, never a wrapped number; so is a cast of a
//	                     number to an integer type that doesn't hold it
//	division by zero     / gives inf, -inf or NaN, of integers, too; // and % of integers by zero are null,
//	                     of floats inf or NaN
//	integer ** negative  an Invalid error: cast to double
//	square root, log     of what they aren't defined for: NaN; log of 0 is -inf
//	text that is no      an Invalid error that shows it; null where the call says so (errors="coerce")
//	  number or date
//	rows not picked      are computed all the same: if_else evaluates both its branches for every row
package function

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// Kernel computes a function of columns that its caller lends, strings in the Views layout. They have one number of
// rows, but for those of one row, which meets every row of the others.
type Kernel func(scope *memory.Scope, args []*column.Column) (column.Column, error)

// Call asks for a function of arguments of some types.
type Call struct {
	Name    string
	Args    []Argument
	To      arrow.DataType  // of "cast" alone
	Options json.RawMessage // a JSON object, or nothing
}

// Argument is what is known of an argument before there are rows.
type Argument struct {
	Type arrow.DataType
	// Literal is true of a value that the caller wrote down: it takes on the type of the column that it meets, as in
	// NumPy, if it is of its sort, so that an int8 column plus 1 stays int8.
	Literal bool
	Set     bool   // many values, among which others are looked up
	Text    string // what an error calls it
}

// Bound is a function of known types.
type Bound struct {
	Name string
	Type arrow.DataType   // of the result
	Args []arrow.DataType // what the kernel takes: the caller casts
	Eval Kernel
	// Prepare makes Eval, where it isn't there, of the arguments that are known before there are rows: literals and
	// sets; the others are nil. What it allocates stays until the scope closes.
	Prepare func(scope *memory.Scope, known []*column.Column) (Kernel, error)
	// AnyLayout tells that the kernel takes strings in any layout, not as Views only.
	AnyLayout bool
	// Slow tells that a row takes about a microsecond, so that a whole batch is no unit of work.
	Slow bool
	// Key is the same for calls that compute the same of the same arguments.
	Key string
}

// entry is a line of a table of functions. Most have a fixed number of arguments: then most is 0.
type entry struct {
	least, most int
	sets        int // how many of the last arguments are sets
	bind        func(c *Call) (Bound, error)
}

var functions = tables(comparisons, logic, casts, arithmetic, numeric, conditional, texts, patterns, dates)

func tables(all ...map[string]entry) map[string]entry {
	merged := map[string]entry{}
	for _, table := range all {
		for name, e := range table {
			merged[name] = e
		}
	}
	return merged
}

// Check refuses a function that doesn't exist or takes another number of arguments.
func Check(name string, args int) error {
	e, ok := functions[name]
	most := max(e.least, e.most)
	switch {
	case !ok:
		return fmt.Errorf("function %q isn't known to this version", name)
	case args >= e.least && args <= most:
		return nil
	case e.least == most:
		return fmt.Errorf("%s takes %d arguments, not %d", name, e.least, args)
	}
	return fmt.Errorf("%s takes %d to %d arguments, not %d", name, e.least, most, args)
}

// many is the most arguments of a function that takes any number of them.
const many = 1000

// Bind checks a call's types and options.
func Bind(c Call) (*Bound, error) {
	if err := Check(c.Name, len(c.Args)); err != nil {
		return nil, status.Errorf(status.Invalid, "%w", err)
	}
	e := functions[c.Name]
	for i, a := range c.Args {
		if a.Set != (i >= len(c.Args)-e.sets) {
			return nil, status.Errorf(status.Invalid, "argument %d of %s: the last argument of is_in, and the last two of lookup, are sets, and nothing else is", i, c.Name)
		}
	}
	c.Args = slices.Clone(c.Args)
	for i := range c.Args {
		c.Args[i].Type = plain(c.Args[i].Type)
	}
	b, err := e.bind(&c)
	if err != nil {
		return nil, err
	}
	if b.Args == nil {
		b.Args = c.types()
	}
	return b.named(c.Name, c.Options), nil
}

// plain returns the type in which functions take values of type t: a dictionary's values, and half floats as float32.
func plain(t arrow.DataType) arrow.DataType {
	t = column.ValueType(t)
	if t.ID() == arrow.FLOAT16 && compute.CanCast(t, float32Type) {
		return float32Type
	}
	return t
}

// named completes b, which has its types.
func (b Bound) named(name string, options json.RawMessage) *Bound {
	b.Name, b.Key = name, fmt.Sprintf("%s %v %v %s", name, b.Args, b.Type, options)
	return &b
}

func (c *Call) types() []arrow.DataType {
	types := make([]arrow.DataType, len(c.Args))
	for i, a := range c.Args {
		types[i] = a.Type
	}
	return types
}

// options reads the call's options into a struct that holds the defaults; unknown ones are refused.
func (c *Call) options(into any) error {
	if len(c.Options) == 0 {
		return nil
	}
	if err := Decode(c.Options, into); err != nil {
		return status.Errorf(status.Invalid, "the options of %s: %w", c.Name, err)
	}
	return nil
}

// refuse returns the error of an argument whose type the function doesn't take.
func (c *Call) refuse(arg int, takes string) error {
	return status.Errorf(status.TypeMismatch, "%s takes %s, and %s is %s", c.Name, takes, c.Args[arg].Text, column.DisplayName(c.Args[arg].Type))
}

// unary makes a kernel of a function of one column.
func unary(f func(*memory.Scope, *column.Column) (column.Column, error)) Kernel {
	return func(scope *memory.Scope, args []*column.Column) (column.Column, error) { return f(scope, args[0]) }
}

// binary makes a kernel of a function of two columns.
func binary(f func(*memory.Scope, *column.Column, *column.Column) (column.Column, error)) Kernel {
	return func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
		return f(scope, args[0], args[1])
	}
}

// Names returns the functions' names, sorted.
func Names() []string { return slices.Sorted(maps.Keys(functions)) }
