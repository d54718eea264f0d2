package plan

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
)

// Explode makes a row of each element of lists, which are as long in all columns; one with nulls of an empty list or a
// null.
type Explode struct {
	Columns []string `json:"columns"`
}

// ExplodeOp makes a row of each element of the lists in Columns.
type ExplodeOp struct{ Columns []int }

// Name is "explode".
func (*ExplodeOp) Name() string { return "explode" }

func (spec *Explode) check() error {
	if len(spec.Columns) == 0 {
		return fmt.Errorf("it has no columns")
	}
	return nil
}

func (spec *Explode) bind(b *binder, s *Step) error {
	in := b.in(s, 0)
	columns, err := findAll(in, spec.Columns, "")
	if err != nil {
		return err
	}
	fields := slices.Clone(in.Fields())
	for _, c := range columns {
		f := in.Field(c)
		if kindOf(f.Type) != col.List {
			return status.Errorf(status.TypeMismatch, "column %q is %s, not lists: there is nothing to explode", f.Name, TypeName(f.Type))
		}
		fields[c] = arrow.Field{Name: f.Name, Type: col.ChildTypes(f.Type)[0], Nullable: true}
	}
	s.Op, s.Schema = &ExplodeOp{columns}, arrow.NewSchema(fields, nil)
	return nil
}

// place leaves rows where they are: no list is a key by which they lie.
func (op *ExplodeOp) place(pl *placer, _ int, s Step) (int, error) { return pl.out.add(s), nil }

func (op *ExplodeOp) describe(w words) string { return w.columns(0, op.Columns) }

// sift lets filters of other columns through: what they say of a row they say of all that it becomes.
func (op *ExplodeOp) sift(reads []int, n int) ([][]int, bool) {
	if slices.ContainsFunc(reads, func(c int) bool { return slices.Contains(op.Columns, c) }) {
		return nil, false
	}
	return everywhere(reads, n), true
}

func (op *ExplodeOp) needs(wanted []int, n int) [][]int { return same(wanted, op.Columns, n) }

func (op *ExplodeOp) narrow(_ []int, in []narrowed) (Op, []int) {
	return &ExplodeOp{in[0].all(op.Columns)}, in[0].left
}
