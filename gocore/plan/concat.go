package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// ConcatJoin is which columns a concatenation has.
type ConcatJoin string

// The columns: all that an input has, null in the rows of one that hasn't; or those that all inputs have.
const (
	AllColumns    ConcatJoin = "outer"
	CommonColumns ConcatJoin = "inner"
)

// Concat is the rows of its inputs, one input after the other. Columns go together by name.
type Concat struct {
	Join ConcatJoin `json:"join"`
}

// ConcatOp is its inputs' rows, one input after the other.
type ConcatOp struct{}

// Name is "concat".
func (*ConcatOp) Name() string { return "concat" }

func (spec *Concat) check() error { return oneOf("join", spec.Join, AllColumns, CommonColumns) }

// bind finds the common schema and has each input cast to it.
func (spec *Concat) bind(b *binder, s *Step) error {
	var fields []arrow.Field
	inputs := map[string]int{} // that have the column
	for i := range s.Inputs {
		for _, f := range b.in(s, i).Fields() {
			inputs[f.Name]++
			at := slices.IndexFunc(fields, func(g arrow.Field) bool { return g.Name == f.Name })
			if at < 0 {
				fields = append(fields, f)
				continue
			}
			t, ok := Common(fields[at].Type, f.Type)
			if !ok {
				return status.Errorf(status.TypeMismatch, "column %q is %s in input %d and %s before: cast one of them", f.Name, f.Type, i, fields[at].Type)
			}
			fields[at].Type, fields[at].Nullable = t, fields[at].Nullable || f.Nullable
		}
	}
	if spec.Join == CommonColumns {
		fields = slices.DeleteFunc(fields, func(f arrow.Field) bool { return inputs[f.Name] < len(s.Inputs) })
	}
	for i, f := range fields {
		fields[i].Nullable = f.Nullable || inputs[f.Name] < len(s.Inputs)
	}
	schema := arrow.NewSchema(fields, nil)
	for i := range s.Inputs {
		s.Inputs[i] = b.conform(s.Node, s.Inputs[i], schema)
	}
	s.Op, s.Schema = &ConcatOp{}, schema
	return nil
}

// conform adds a step that gives an input schema's columns, by name, unless it has just those: cast where their type
// differs, null where it hasn't them.
func (b *binder) conform(node, input int, schema *arrow.Schema) int {
	in := b.program.Steps[input].Schema
	op, same := &ProjectOp{}, in.NumFields() == schema.NumFields()
	for i, f := range schema.Fields() {
		e := null(f.Type)
		if at := slices.IndexFunc(in.Fields(), func(g arrow.Field) bool { return g.Name == f.Name }); at >= 0 {
			e = column(at, in.Field(at).Type).castTo(f.Type)
		}
		op.Columns = append(op.Columns, e)
		same = same && e.Column == i
	}
	if same {
		return input
	}
	return b.program.add(Step{Node: node, Op: op, Inputs: []int{input}, Schema: schema})
}

func (*ConcatOp) place(pl *placer, _ int, s Step) (int, error) {
	apart, same := false, true
	for _, in := range s.Inputs {
		apart = apart || pl.apart(in)
		same = same && slices.EqualFunc(pl.at(in).Keys, s.Keys, slices.Equal[[]int])
		if kind := pl.at(in).Placement; kind != s.Placement && s.Placement == Replicated {
			s.Placement = kind
		}
	}
	for i, in := range s.Inputs {
		if apart && pl.at(in).Placement == Replicated {
			s.Inputs[i] = pl.exchange(in, s.Node, &Exchange{Kind: Even})
			same = false
		}
	}
	if !same {
		s.Keys = nil
	}
	return pl.out.add(s), nil
}

func (*ConcatOp) sift(reads []int, n int) ([][]int, bool) { return everywhere(reads, n), true }

func (op *ConcatOp) needs(wanted []int, n int) [][]int { return same(wanted, nil, n) }

func (op *ConcatOp) narrow(_ []int, in []narrowed) (Op, []int) { return op, in[0].left }
