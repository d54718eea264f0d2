package plan

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
)

// AsofDirection is where an asof join looks for a row.
type AsofDirection string

// The directions.
const (
	AsofBackward AsofDirection = "backward" // the last row that isn't after
	AsofForward  AsofDirection = "forward"  // the first row that isn't before
	AsofNearest  AsofDirection = "nearest"
)

// AsofJoin gives each left row the right row of its By whose On is nearest: its output is the left rows, in their order,
// and the right's columns.
type AsofJoin struct {
	LeftOn    string        `json:"left_on"`
	RightOn   string        `json:"right_on"`
	LeftBy    []string      `json:"left_by"`
	RightBy   []string      `json:"right_by"`
	Suffixes  [2]string     `json:"suffixes"`
	Direction AsofDirection `json:"direction"`
	Strict    bool          `json:"strict"` // leaves out right rows whose On is equal
	// Tolerance is how far away On may be: a number, or of times a number of microseconds.
	Tolerance    *Literal `json:"tolerance"`
	Microseconds bool     `json:"microseconds"`
}

// AsofJoinOp is an AsofJoin; the right side must be sorted by RightKeys and then RightOn.
type AsofJoinOp struct {
	LeftOn, RightOn     int
	LeftKeys, RightKeys []int
	Output              []JoinColumn
	Direction           AsofDirection
	Strict              bool
	Tolerance           *BoundExpr // a literal, nil where there is none
	Rate                *Rate      // of On, where Tolerance is in microseconds
}

// Rate is how often a type of time counts: Count times in Seconds.
type Rate struct{ Count, Seconds uint64 }

// Name is "asof join".
func (*AsofJoinOp) Name() string { return "asof join" }

func (spec *AsofJoin) check() error {
	if len(spec.LeftBy) != len(spec.RightBy) {
		return fmt.Errorf("%d columns on the left and %d on the right: give the same number", len(spec.LeftBy), len(spec.RightBy))
	}
	return oneOf("direction", spec.Direction, AsofBackward, AsofForward, AsofNearest)
}

func (op *AsofJoinOp) compares() [][]int {
	return [][]int{append(slices.Clone(op.LeftKeys), op.LeftOn), append(slices.Clone(op.RightKeys), op.RightOn)}
}

func (op *AsofJoinOp) asKeys([]*arrow.Schema) Op { return op }

// bind names the output as a left Join on By and On does.
func (spec *AsofJoin) bind(b *binder, s *Step) error {
	as := &Join{How: Left, Suffixes: spec.Suffixes}
	as.LeftOn = append(append(as.LeftOn, spec.LeftBy...), spec.LeftOn)
	as.RightOn = append(append(as.RightOn, spec.RightBy...), spec.RightOn)
	joined := *s
	if err := as.bind(b, &joined); err != nil {
		return err
	}
	on := len(spec.LeftBy)
	join := joined.Op.(*JoinOp)
	op := &AsofJoinOp{LeftOn: join.LeftKeys[on], RightOn: join.RightKeys[on], LeftKeys: join.LeftKeys[:on], RightKeys: join.RightKeys[:on],
		Direction: spec.Direction, Strict: spec.Strict}
	for _, c := range join.Output {
		if c.Side == Coalesced { // there is always a left row
			c = JoinColumn{LeftSide, join.LeftKeys[c.Index]}
		}
		op.Output = append(op.Output, c)
	}
	s.Op, s.Inputs, s.Schema = op, joined.Inputs, joined.Schema
	t := b.in(s, 0).Field(op.LeftOn).Type
	if k := kindOf(t); !k.IsInteger() && !k.IsFloat() {
		return status.Errorf(status.TypeMismatch, "column %q is %s: merge_asof is on numbers or times", spec.LeftOn, TypeName(t))
	}
	return op.bound(b, spec, t)
}

// bound binds the tolerance, of an On of type t.
func (op *AsofJoinOp) bound(b *binder, spec *AsofJoin, t arrow.DataType) error {
	if spec.Tolerance == nil {
		return nil
	}
	literal, err := (&Expr{Lit: spec.Tolerance}).bind(nil, b.args)
	if err != nil {
		return err
	}
	op.Tolerance = literal
	rate := rateOf(t)
	k := kindOf(literal.Type)
	switch {
	case spec.Microseconds && rate != nil && k == col.Int64:
		op.Rate = rate
	case spec.Microseconds || rate != nil || k != col.Int64 && (k != col.Float64 || !kindOf(t).IsFloat()):
		return status.Errorf(status.TypeMismatch, "column %q is %s: give a tolerance that is a difference of two such values, not %s",
			spec.LeftOn, TypeName(t), TypeName(literal.Type))
	}
	return nil
}

// rateOf returns the rate of a type of time, nil of others.
func rateOf(t arrow.DataType) *Rate {
	unit := func(u arrow.TimeUnit) *Rate {
		return &Rate{map[arrow.TimeUnit]uint64{arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9}[u], 1}
	}
	switch t := col.ValueType(t).(type) {
	case *arrow.TimestampType:
		return unit(t.Unit)
	case *arrow.DurationType:
		return unit(t.Unit)
	case *arrow.Time32Type:
		return unit(t.Unit)
	case *arrow.Time64Type:
		return unit(t.Unit)
	case *arrow.Date32Type:
		return &Rate{1, 24 * 60 * 60}
	case *arrow.Date64Type:
		return unit(arrow.Millisecond)
	}
	return nil
}

// place gives every rank all of the right side, sorted; the left rows stay where they are, in their order.
func (op *AsofJoinOp) place(pl *placer, _ int, s Step) (int, error) {
	right := s.Inputs[1]
	if s.Placement = pl.at(s.Inputs[0]).Placement; pl.apart(right) {
		right = pl.exchange(right, s.Node, &Exchange{Kind: ToAll})
	} else if s.Placement == Replicated {
		s.Placement = pl.at(right).Placement
	}
	keys := ascending(append(op.RightKeys[:len(op.RightKeys):len(op.RightKeys)], op.RightOn))
	sorted := Step{Node: s.Node, Op: &SortOp{Keys: keys}, Inputs: []int{right}, Schema: pl.at(right).Schema, Placement: pl.at(right).Placement}
	s.Inputs[1] = pl.out.add(sorted)
	carried := JoinOp{Output: op.Output}
	s.Keys = carried.carried(pl.at(s.Inputs[0]).Keys, LeftSide, nil)
	return pl.out.add(s), nil
}

func (op *AsofJoinOp) describe(w words) string {
	text := fmt.Sprintf("%s %s = %s", op.Direction, w.column(0, op.LeftOn), w.column(1, op.RightOn))
	if len(op.LeftKeys) > 0 {
		text += " by " + w.columns(0, op.LeftKeys)
	}
	return text
}
