package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// Window computes functions of the rows around each row: its output is its input, in its order, and a column more per
// function.
type Window struct {
	Partition  []string         `json:"partition"`
	Order      []SortKey        `json:"order"`
	NAPosition NAPosition       `json:"na_position"`
	DropNull   bool             `json:"dropna"` // rows with a null partition key get nulls
	Functions  []WindowFunction `json:"functions"`
}

// WindowFunction is one output column of a Window.
type WindowFunction struct {
	Name       string      `json:"name"`
	Fn         string      `json:"fn"`
	Column     string      `json:"column"`
	Frame      WindowFrame `json:"frame"`
	MinPeriods int         `json:"min_periods"` // an aggregate of fewer values is null
	IgnoreNull bool        `json:"ignore_nulls"`
	SkipNull   bool        `json:"skip_nulls"` // a row whose own value is missing gets null
	Offset     int64       `json:"offset"`     // of lag and lead
	Buckets    int64       `json:"buckets"`    // of ntile
	DDof       int64       `json:"ddof"`       // of var and std
}

// WindowFrame is the rows from Start to End behind each row, both included; nil is the partition's end. By range Start is
// a distance of the order key.
type WindowFrame struct {
	Start     *int64 `json:"start"`
	End       *int64 `json:"end"`
	Range     bool   `json:"range"`
	OpenStart bool   `json:"open_start"` // by range: without the rows that are exactly Start away
	OpenEnd   bool   `json:"open_end"`   // by range: without the rows that have the row's own key
}

// WindowOp computes window functions: its output is its input's columns, then the functions.
type WindowOp struct {
	Partition []int
	Order     []BoundSortKey
	DropNull  bool
	Functions []BoundWindowFunction
	first     int // the output column of the first function: so many columns the input has
}

// BoundWindowFunction is one function; Column is -1 where it has none.
type BoundWindowFunction struct {
	WindowFunction
	Column int
	Type   arrow.DataType
}

// windowArity says which functions there are: whether they take no column, may take one, or must.
var windowArity = map[string]int{"row_number": 0, "rank": 0, "rank_max": 0, "rank_average": 0, "dense_rank": 0, "percent_rank": 0,
	"cume_dist": 0, "ntile": 0, "count": 1, "lag": 2, "lead": 2, "first": 2, "last": 2, "min": 2, "max": 2, "sum": 2, "mean": 2,
	"prod": 2, "var": 2, "std": 2}

// Name is "window".
func (*WindowOp) Name() string { return "window" }

func (op *WindowOp) compares() [][]int {
	columns := append(slices.Clone(op.Partition), sortColumns(op.Order)...)
	for _, f := range op.Functions {
		if f.Fn == "min" || f.Fn == "max" {
			columns = append(columns, f.Column)
		}
	}
	return [][]int{columns}
}

func (op *WindowOp) asKeys([]*arrow.Schema) Op {
	keys := *op
	keys.Functions = slices.Clone(op.Functions)
	for i := range keys.Functions {
		if t, ok := compute.KeyType(keys.Functions[i].Type); ok {
			keys.Functions[i].Type = t
		}
	}
	return &keys
}

func (spec *Window) check() error {
	if len(spec.Functions) == 0 {
		return fmt.Errorf("it has no functions")
	}
	for _, f := range spec.Functions {
		arity, ok := windowArity[f.Fn]
		switch {
		case !ok:
			return fmt.Errorf("window function %q isn't known: %s are", f.Fn, strings.Join(slices.Sorted(maps.Keys(windowArity)), ", "))
		case f.Column == "" && (arity == 2 || f.SkipNull):
			return fmt.Errorf("%s has no column", f.Fn)
		case f.Column != "" && arity == 0 && !f.SkipNull:
			return fmt.Errorf("%s takes no column, but to skip its nulls", f.Fn)
		case f.Fn == "ntile" && f.Buckets < 1:
			return fmt.Errorf("ntile of %d buckets", f.Buckets)
		case f.Fn == "prod" && f.Frame.Start != nil:
			return fmt.Errorf("prod of frames that don't begin with their partition isn't supported")
		case f.MinPeriods < 0:
			return fmt.Errorf("min_periods is %d", f.MinPeriods)
		}
	}
	return oneOf("na_position", spec.NAPosition, NALast, NAFirst)
}

func (spec *Window) bind(b *binder, s *Step) error {
	in := b.in(s, 0)
	partition, err := findAll(in, spec.Partition, "")
	if err != nil {
		return err
	}
	order, err := b.sortKeys(s, &Sort{Keys: spec.Order, NAPosition: spec.NAPosition})
	if err != nil {
		return err
	}
	op := &WindowOp{Partition: partition, Order: order, DropNull: spec.DropNull, first: in.NumFields()}
	fields := slices.Clone(in.Fields())
	for _, f := range spec.Functions {
		bound, err := bindWindow(in, f)
		if err != nil {
			return err
		}
		op.Functions = append(op.Functions, bound)
		fields = append(fields, arrow.Field{Name: f.Name, Type: bound.Type, Nullable: true})
	}
	s.Op, s.Schema = op, arrow.NewSchema(fields, nil)
	return nil
}

func bindWindow(in *arrow.Schema, f WindowFunction) (BoundWindowFunction, error) {
	bound := BoundWindowFunction{WindowFunction: f, Column: -1}
	t := arrow.DataType(arrow.Null)
	if f.Column != "" {
		at, err := find(in, f.Column, "")
		if err != nil {
			return bound, err
		}
		bound.Column, t = at, in.Field(at).Type
	}
	var ok bool
	if bound.Type, ok = windowType(f.Fn, t); !ok {
		return bound, status.Errorf(status.TypeMismatch, "%s of column %q, which is %s: cast it first", f.Fn, f.Column, t)
	}
	return bound, nil
}

// windowType returns the type of a function of a column of type t, and false where it doesn't take that.
func windowType(fn string, t arrow.DataType) (arrow.DataType, bool) {
	k, value := kindOf(t), col.ValueType(t)
	number := value.ID() == arrow.NULL || k == col.Bool || isNumber(k) && arrow.IsPrimitive(value.ID()) && !isTime(value)
	switch fn {
	case "lag", "lead", "first", "last":
		return t, true
	case "min", "max":
		return t, isPlain(t)
	case "rank_average", "percent_rank", "cume_dist":
		return arrow.PrimitiveTypes.Float64, true
	case "mean", "var", "std":
		return arrow.PrimitiveTypes.Float64, number
	case "sum", "prod":
		switch {
		case k.IsFloat():
			return arrow.PrimitiveTypes.Float64, number
		case k.IsInteger() && !k.IsSigned():
			return arrow.PrimitiveTypes.Uint64, number
		}
		return arrow.PrimitiveTypes.Int64, number
	}
	return arrow.PrimitiveTypes.Int64, true
}

func (op *WindowOp) describe(w words) string {
	parts := make([]string, 0, len(op.Functions))
	for _, f := range op.Functions {
		parts = append(parts, f.Fn)
	}
	text := strings.Join(parts, ", ")
	if len(op.Partition) > 0 {
		text += " by " + w.columns(0, op.Partition)
	}
	if len(op.Order) > 0 {
		text += " in order of " + w.columns(0, sortColumns(op.Order))
	}
	return text
}

// sift lets filters of partition keys through: they drop whole partitions.
func (op *WindowOp) sift(reads []int, n int) ([][]int, bool) {
	if slices.ContainsFunc(reads, func(c int) bool { return !slices.Contains(op.Partition, c) }) {
		return nil, false
	}
	return everywhere(reads, n), false
}

func (op *WindowOp) needs(wanted []int, n int) [][]int {
	reads := union(op.Partition, sortColumns(op.Order))
	var own []int
	for _, c := range wanted {
		if c < op.first {
			own = append(own, c)
		} else if f := op.Functions[c-op.first]; f.Column >= 0 {
			reads = append(reads, f.Column)
		}
	}
	return same(own, reads, n)
}

func (op *WindowOp) narrow(wanted []int, in []narrowed) (Op, []int) {
	narrow, makes := *op, slices.Clone(in[0].left)
	narrow.Partition, narrow.Order, narrow.Functions = in[0].all(op.Partition), in[0].keys(op.Order), nil
	narrow.first = len(makes)
	for _, c := range wanted {
		if c < op.first {
			continue
		}
		f := op.Functions[c-op.first]
		if f.Column >= 0 {
			f.Column = in[0].at(f.Column)
		}
		narrow.Functions, makes = append(narrow.Functions, f), append(makes, c)
	}
	return &narrow, makes
}

// place computes partitions that lie whole on a rank there. Others go to the rank of their keys, or all to one where
// there are no keys, and what was computed comes back to the rows:
//
//	input ─┬─ needed columns, numbered ─ exchange ─ window ─ results, numbers ─┐
//	       └───────────────────────────────────────────────────────────────── restore
func (op *WindowOp) place(pl *placer, _ int, s Step) (int, error) {
	input := s.Inputs[0]
	if !pl.apart(input) || keysAmong(pl.at(input).Keys, op.Partition) != nil {
		return pl.out.add(s), nil
	}
	away, columns := op.project()
	moved, number := pl.number(input, s.Node, columns)
	e := &Exchange{Kind: ByHash, Keys: away.Partition}
	if len(away.Partition) == 0 {
		e = &Exchange{Kind: ToRoot}
	}
	moved = pl.exchange(moved, s.Node, e)
	fields := slices.Clone(pl.at(moved).Schema.Fields())
	results := []int{number}
	for _, f := range op.Functions {
		results = append(results, len(fields))
		fields = append(fields, arrow.Field{Name: f.Name, Type: f.Type, Nullable: true})
	}
	computed := pl.out.add(Step{Node: s.Node, Op: away, Inputs: []int{moved}, Schema: arrow.NewSchema(fields, nil), Placement: Partitioned})
	return pl.restore(s, pl.pick(computed, s.Node, results)), nil
}

// project returns op over only the columns that it reads, and which those are.
func (op *WindowOp) project() (*WindowOp, []int) {
	var columns []int
	at := func(column int) int {
		if column < 0 {
			return column
		}
		if i := slices.Index(columns, column); i >= 0 {
			return i
		}
		columns = append(columns, column)
		return len(columns) - 1
	}
	out := &WindowOp{DropNull: op.DropNull}
	for _, k := range op.Partition {
		out.Partition = append(out.Partition, at(k))
	}
	for _, k := range op.Order {
		k.Column = at(k.Column)
		out.Order = append(out.Order, k)
	}
	for _, f := range op.Functions {
		f.Column = at(f.Column)
		out.Functions = append(out.Functions, f)
	}
	return out, columns
}
