package plan

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// How is which rows a join keeps that match none of the other side.
type How string

// The joins.
const (
	Inner How = "inner"
	Left  How = "left"
	Right How = "right"
	Outer How = "outer"
)

// Join matches the rows of two inputs on equal keys.
type Join struct {
	How      How       `json:"how"`
	LeftOn   []string  `json:"left_on"`
	RightOn  []string  `json:"right_on"`
	Suffixes [2]string `json:"suffixes"`
}

// Side is where an output column of a join comes from.
type Side uint8

// The sides. A Coalesced column is a key: the left value where there is a left row, else the right one.
const (
	LeftSide Side = iota
	RightSide
	Coalesced
)

// JoinColumn is an output column of a join: a column of a side, or a position in the key lists.
type JoinColumn struct {
	Side  Side
	Index int
}

// JoinOp matches rows on equal keys, whose types are pairwise the same.
type JoinOp struct {
	How                 How
	LeftKeys, RightKeys []int
	Output              []JoinColumn
}

// Name is "join".
func (*JoinOp) Name() string { return "join" }

func (s *Join) check() error {
	if len(s.LeftOn) == 0 || len(s.LeftOn) != len(s.RightOn) {
		return fmt.Errorf("%d keys on the left and %d on the right: give the same number, at least one", len(s.LeftOn), len(s.RightOn))
	}
	return oneOf("how", s.How, Inner, Left, Right, Outer)
}

// bind binds a merge and names its output as pandas does:
//
//	a key of one name on both sides   one column, at the left's place
//	keys of different names           both columns
//	another name that both sides have suffixes[0] on the left's, suffixes[1] on the right's
func (spec *Join) bind(b *binder, s *Step) error {
	left, right := b.in(s, 0), b.in(s, 1)
	op := &JoinOp{How: spec.How, LeftKeys: make([]int, len(spec.LeftOn)), RightKeys: make([]int, len(spec.RightOn))}
	types := make([]arrow.DataType, len(spec.LeftOn))
	for i := range spec.LeftOn {
		var err error
		if op.LeftKeys[i], err = find(left, spec.LeftOn[i], "the left frame"); err != nil {
			return err
		}
		if op.RightKeys[i], err = find(right, spec.RightOn[i], "the right frame"); err != nil {
			return err
		}
		l, r := left.Field(op.LeftKeys[i]), right.Field(op.RightKeys[i])
		t, ok := Common(l.Type, r.Type)
		if !ok {
			return status.Errorf(status.TypeMismatch, "key %q is %s on the left and key %q is %s on the right: cast one of them (astype)",
				l.Name, TypeName(l.Type), r.Name, TypeName(r.Type))
		}
		types[i] = t
	}
	schema, err := op.name(spec, left, right, types)
	if err != nil {
		return err
	}
	s.Inputs[0] = b.castKeys(s.Node, s.Inputs[0], op.LeftKeys, types)
	s.Inputs[1] = b.castKeys(s.Node, s.Inputs[1], op.RightKeys, types)
	s.Op, s.Schema = op, schema
	return nil
}

// name sets the output's columns and returns its schema.
func (op *JoinOp) name(spec *Join, left, right *arrow.Schema, types []arrow.DataType) (*arrow.Schema, error) {
	var fields []arrow.Field
	coalesced := map[string]int{} // a name that is a key of both sides at one position
	for i := range spec.LeftOn {
		if _, twice := coalesced[spec.LeftOn[i]]; spec.LeftOn[i] == spec.RightOn[i] && !twice {
			coalesced[spec.LeftOn[i]] = i
		}
	}
	overlaps := func(name string) bool {
		_, isKey := coalesced[name]
		return !isKey && hasField(left, name) && hasField(right, name)
	}
	for i, f := range left.Fields() {
		if k, ok := coalesced[f.Name]; ok {
			op.Output = append(op.Output, JoinColumn{Coalesced, k})
			nullable := f.Nullable || right.Field(op.RightKeys[k]).Nullable
			fields = append(fields, arrow.Field{Name: f.Name, Type: types[k], Nullable: nullable})
			continue
		}
		if overlaps(f.Name) {
			if spec.Suffixes[0] == "" && spec.Suffixes[1] == "" {
				return nil, status.Errorf(status.Invalid, "both frames have a column %q: give suffixes, or rename one of them", f.Name)
			}
			f.Name += spec.Suffixes[0]
		}
		f.Nullable = f.Nullable || spec.How == Right || spec.How == Outer
		op.Output = append(op.Output, JoinColumn{LeftSide, i})
		fields = append(fields, f)
	}
	for i, f := range right.Fields() {
		if _, ok := coalesced[f.Name]; ok {
			continue
		}
		if overlaps(f.Name) {
			f.Name += spec.Suffixes[1]
		}
		f.Nullable = f.Nullable || spec.How == Left || spec.How == Outer
		op.Output = append(op.Output, JoinColumn{RightSide, i})
		fields = append(fields, f)
	}
	for i, f := range fields {
		if slices.ContainsFunc(fields[:i], func(g arrow.Field) bool { return g.Name == f.Name }) {
			return nil, status.Errorf(status.Invalid, "the suffixes %q and %q make two columns called %q: choose others", spec.Suffixes[0], spec.Suffixes[1], f.Name)
		}
	}
	return arrow.NewSchema(fields, nil), nil
}

func hasField(s *arrow.Schema, name string) bool { return len(s.FieldIndices(name)) > 0 }

// castKeys adds a step that appends cast copies of the key columns whose type isn't the pair's, and points keys there.
// The columns themselves keep their type in the output.
func (b *binder) castKeys(node, input int, keys []int, types []arrow.DataType) int {
	in := b.program.Steps[input].Schema
	op := &ProjectOp{}
	fields := in.Fields()
	for i, f := range fields {
		op.Columns = append(op.Columns, column(i, f.Type))
	}
	fields = slices.Clone(fields)
	for k, at := range keys {
		if f := in.Field(at); !arrow.TypeEqual(f.Type, types[k]) {
			op.Columns = append(op.Columns, column(at, f.Type).castTo(types[k]))
			keys[k] = len(fields)
			fields = append(fields, arrow.Field{Name: f.Name, Type: types[k], Nullable: f.Nullable})
		}
	}
	if len(fields) == in.NumFields() {
		return input
	}
	return b.program.add(Step{Node: node, Op: op, Inputs: []int{input}, Schema: arrow.NewSchema(fields, nil)})
}
