package plan

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// How is which rows are in the result of a join.
type How string

// The joins.
const (
	Inner How = "inner" // pairs that match
	Left  How = "left"  // and the left side's rows without a match
	Right How = "right" // and the right side's
	Outer How = "outer" // and both sides'
	Semi  How = "semi"  // the left side's rows with a match, each once
	Anti  How = "anti"  // the left side's rows without a match
	Cross How = "cross" // every row of the left with every row of the right: no keys
)

// always tells whether every row of the result has a row of that side.
func (h How) always(side Side) bool {
	if side == LeftSide {
		return h != Right && h != Outer
	}
	return h == Inner || h == Right || h == Cross
}

// leftOnly tells whether the result has columns of the left side only.
func (h How) leftOnly() bool { return h == Semi || h == Anti }

// Join matches the rows of two inputs on equal keys.
type Join struct {
	How      How       `json:"how"`
	LeftOn   []string  `json:"left_on"`
	RightOn  []string  `json:"right_on"`
	Suffixes [2]string `json:"suffixes"`
	// Indicator names a column that tells which sides a row is of: "both", "left_only" or "right_only".
	Indicator string `json:"indicator"`
	// UniqueLeft and UniqueRight refuse a side of which two rows have the same keys.
	UniqueLeft  bool `json:"unique_left"`
	UniqueRight bool `json:"unique_right"`
	// MaintainOrder puts the rows in the left side's order, then the right side's; those without a left row come last.
	MaintainOrder bool `json:"maintain_order"`
	// Algorithm is how rows that match are found. By sorting, the result is in the order of the keys.
	Algorithm Algorithm `json:"algorithm"`
}

// Algorithm is how a join finds the rows that match.
type Algorithm string

// The algorithms.
const (
	AutoJoin Algorithm = "auto" // by hashing: three times as fast where both sides are sorted already, four times where they aren't
	HashJoin Algorithm = "hash"
	SortJoin Algorithm = "sort"
)

// Side is where an output column of a join comes from.
type Side uint8

// The sides. A Coalesced column is a key: the left value where there is a left row, else the right one.
const (
	LeftSide Side = iota
	RightSide
	Coalesced
	Indicator
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
	// UniqueLeft, UniqueRight and MaintainOrder are of Join.
	UniqueLeft, UniqueRight, MaintainOrder bool
	Algorithm                              Algorithm
}

// Name is "join".
func (*JoinOp) Name() string { return "join" }

func (op *JoinOp) compares() [][]int { return [][]int{op.LeftKeys, op.RightKeys} }

func (op *JoinOp) asKeys([]*arrow.Schema) Op { return op }

func (s *Join) check() error {
	switch keys := len(s.LeftOn); {
	case s.How == Cross && keys+len(s.RightOn) > 0:
		return fmt.Errorf("a cross join has no keys")
	case s.How != Cross && (keys == 0 || keys != len(s.RightOn)):
		return fmt.Errorf("%d keys on the left and %d on the right: give the same number, at least one", keys, len(s.RightOn))
	case s.How.leftOnly() && s.Indicator != "":
		return fmt.Errorf("an indicator tells nothing of a %s join, whose rows are all of one kind", s.How)
	}
	if err := oneOf("algorithm", s.Algorithm, AutoJoin, HashJoin, SortJoin); err != nil {
		return err
	}
	return oneOf("how", s.How, Inner, Left, Right, Outer, Semi, Anti, Cross)
}

// bind binds a merge and names its output as pandas does:
//
//	a key of one name on both sides   one column, at the left's place
//	keys of different names           both columns
//	another name that both sides have suffixes[0] on the left's, suffixes[1] on the right's
//	a semi or anti join               the left's columns
func (spec *Join) bind(b *binder, s *Step) error {
	left, right := b.in(s, 0), b.in(s, 1)
	op := &JoinOp{How: spec.How, LeftKeys: make([]int, len(spec.LeftOn)), RightKeys: make([]int, len(spec.RightOn)),
		UniqueLeft: spec.UniqueLeft, UniqueRight: spec.UniqueRight, MaintainOrder: spec.MaintainOrder, Algorithm: spec.Algorithm}
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
		for _, f := range []arrow.Field{l, r} {
			if err := checkKey(f); err != nil {
				return err
			}
		}
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
	if spec.How.leftOnly() {
		for i := range left.Fields() {
			op.Output = append(op.Output, JoinColumn{LeftSide, i})
		}
		return left, nil
	}
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
		f.Nullable = f.Nullable || !spec.How.always(LeftSide)
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
		f.Nullable = f.Nullable || !spec.How.always(RightSide)
		op.Output = append(op.Output, JoinColumn{RightSide, i})
		fields = append(fields, f)
	}
	if spec.Indicator != "" {
		if slices.ContainsFunc(fields, func(f arrow.Field) bool { return f.Name == spec.Indicator }) {
			return nil, status.Errorf(status.Invalid, "there is a column %q already: give the indicator another name", spec.Indicator)
		}
		op.Output = append(op.Output, JoinColumn{Side: Indicator})
		fields = append(fields, arrow.Field{Name: spec.Indicator, Type: arrow.BinaryTypes.String})
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
	casts := newCasts(b.program.Steps[input].Schema)
	for k, at := range keys {
		keys[k] = casts.add(at, types[k])
	}
	return b.addCasts(node, input, casts)
}
