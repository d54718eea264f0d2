package plan

import (
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// Project computes columns.
type Project struct {
	Columns []NamedExpr `json:"columns"`
}

// NamedExpr is one output column of a Project.
type NamedExpr struct {
	Name string `json:"name"`
	Expr *Expr  `json:"expr"`
}

// ProjectOp computes columns.
type ProjectOp struct{ Columns []*BoundExpr }

// Name is "project".
func (*ProjectOp) Name() string { return "project" }

func (spec *Project) check() error {
	for _, c := range spec.Columns {
		if err := c.Expr.check(0); err != nil {
			return err
		}
	}
	return nil
}

func (spec *Project) bind(b *binder, s *Step) error {
	op := &ProjectOp{}
	fields := make([]arrow.Field, len(spec.Columns))
	for i, c := range spec.Columns {
		e, err := c.Expr.bind(b.in(s, 0), b.args)
		if err != nil {
			return err
		}
		op.Columns = append(op.Columns, e)
		fields[i] = arrow.Field{Name: c.Name, Type: e.Type, Nullable: e.Column < 0 || b.in(s, 0).Field(e.Column).Nullable}
	}
	s.Op, s.Schema = op, arrow.NewSchema(fields, nil)
	return nil
}

func (op *ProjectOp) place(pl *placer, _ int, s Step) (int, error) {
	s.Keys = op.keys(s.Keys, pl.at(s.Inputs[0]))
	return pl.out.add(s), nil
}

// keys returns where the columns by which an input's rows lie are after the projection; none if one is lost.
func (op *ProjectOp) keys(have [][]int, in *Step) [][]int {
	var out [][]int
	for _, same := range have {
		var at []int
		for i, e := range op.Columns {
			if from, ok := e.origin(in); ok && slices.Contains(same, from) {
				at = append(at, i)
			}
		}
		if at == nil {
			return nil
		}
		out = append(out, at)
	}
	return out
}

// origin returns the input column whose values e has, cast at most to a type that holds them all and in which they hash
// alike.
func (e *BoundExpr) origin(in *Step) (int, bool) {
	if e.Fn != nil && e.Fn.Name == "cast" && sameHash(e.Args[0].Type, e.Type) {
		e = e.Args[0]
	}
	return e.Column, e.Column >= 0
}

// NeverFails tells whether the columns have values for every row that there could be.
func (op *ProjectOp) NeverFails() bool {
	return !slices.ContainsFunc(op.Columns, func(e *BoundExpr) bool { return !e.neverFails() })
}

func (op *ProjectOp) describe(w words) string {
	names := make([]string, len(op.Columns))
	for i, e := range op.Columns {
		names[i] = w.out.Field(i).Name
		if text := w.expr(e); text != names[i] {
			names[i] += " = " + text
		}
	}
	return strings.Join(names, ", ")
}

func (op *ProjectOp) sift(reads []int, _ int) ([][]int, bool) {
	at := make([]int, len(op.Columns))
	for i, e := range op.Columns {
		at[i] = e.Column
	}
	if slices.ContainsFunc(reads, func(c int) bool { return at[c] < 0 }) {
		return nil, false
	}
	return [][]int{at}, true
}

func (op *ProjectOp) needs(wanted []int, _ int) [][]int {
	var read []int
	for _, i := range wanted {
		read = op.Columns[i].reads(read)
	}
	return [][]int{union(read, nil)}
}

func (op *ProjectOp) narrow(wanted []int, in []narrowed) (Op, []int) {
	narrow := &ProjectOp{}
	for _, i := range wanted {
		narrow.Columns = append(narrow.Columns, op.Columns[i].moved(in[0].at))
	}
	return narrow, wanted
}

// isPlain tells whether every column is one of the input.
func (op *ProjectOp) isPlain() bool {
	return !slices.ContainsFunc(op.Columns, func(e *BoundExpr) bool { return e.Column < 0 })
}

// after returns the projection that does what inner and then op do.
func (op *ProjectOp) after(inner *ProjectOp) *ProjectOp {
	fused := &ProjectOp{Columns: make([]*BoundExpr, len(op.Columns))}
	for i, e := range op.Columns {
		fused.Columns[i] = e.replaced(func(c int) *BoundExpr { return inner.Columns[c] })
	}
	return fused
}

// size is the number of nodes of the expressions.
func (op *ProjectOp) size() int {
	n := 0
	for _, e := range op.Columns {
		n += e.size()
	}
	return n
}
