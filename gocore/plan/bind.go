package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
)

// userNames are operations as pandas calls them, for errors.
var userNames = map[string]string{"scan_csv": "read_csv", "scan_ipc": "read_ipc", "join": "merge", "group": "groupby",
	"sort": "sort_values", "write_csv": "to_csv", "project": "assign", "slice": "iloc"}

// UserName returns an operation's name as a user knows it.
func UserName(op string) string {
	if name, ok := userNames[op]; ok {
		return name
	}
	return op
}

// Name returns the root operation's name as a user knows it.
func (p *Plan) Name() string { return UserName(p.Nodes[p.Root].Op) }

// binder makes a Program of a Plan, one step or a few per node.
type binder struct {
	plan    *Plan
	args    []*arrow.Schema
	program *Program
	step    []int // of each node: the step that holds its result
}

// Bind resolves names and checks types. sources holds the schema of each node that is a table or a scan, agreed by all
// ranks, by its index; args the schemas of the arguments. The program has no Exchange but those that the plan names.
func Bind(p *Plan, sources map[int]*arrow.Schema, args []*arrow.Schema) (*Program, error) {
	b := &binder{plan: p, args: args, program: &Program{}, step: make([]int, len(p.Nodes))}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		s := Step{Node: i}
		for _, in := range n.Inputs {
			s.Inputs = append(s.Inputs, b.step[in])
		}
		var err error
		if source, ok := sources[i]; ok {
			err = b.source(&s, n.Spec, source)
		} else {
			err = b.operation(&s, n.Spec)
		}
		if err == nil {
			err = checkSchema(s.Schema)
		}
		if err != nil {
			return nil, status.In(UserName(n.Op), err)
		}
		b.step[i] = b.program.add(s)
	}
	b.program.Root = b.step[p.Root]
	return b.program, nil
}

// in returns the schema of a step's i-th input.
func (b *binder) in(s *Step, i int) *arrow.Schema { return b.program.Steps[s.Inputs[i]].Schema }

// source makes the step of a table or a scan. A local source in a collective plan is this rank's share.
func (b *binder) source(s *Step, spec Spec, schema *arrow.Schema) error {
	s.Schema = schema
	source := &SourceOp{Arg: -1}
	s.Op, s.Placement = source, Local
	switch spec := spec.(type) {
	case *Table:
		source.Arg, s.Placement = spec.Arg, spec.Placement.Kind
		if s.Placement == Partitioned && len(spec.Placement.Keys) > 0 {
			keys, err := findAll(schema, spec.Placement.Keys, "the placement")
			if err != nil {
				return err
			}
			s.Keys = sets(keys)
		}
	case *ScanCSV:
		source.Format, source.Path, source.Share, source.Options = "csv", spec.Path, spec.Share, spec.Options
		switch spec.Share {
		case ShareSlice:
			s.Placement = Partitioned
		case ShareReplicate:
			s.Placement = Replicated
		}
	case *ScanIPC:
		source.Format, source.Path, source.Share = "ipc", spec.Path, ShareAll
	}
	if s.Placement == Local && b.plan.Collective() {
		s.Placement = Partitioned
	}
	return nil
}

func (b *binder) operation(s *Step, spec Spec) error {
	switch spec := spec.(type) {
	case *Join:
		return b.join(s, spec)
	case *Group:
		return b.group(s, spec)
	case *Concat:
		return b.concat(s)
	case *Filter:
		predicate, err := spec.Predicate.bind(b.in(s, 0), b.args)
		if err != nil {
			return err
		}
		if t := predicate.Type; t.ID() != arrow.BOOL && t.ID() != arrow.NULL {
			return status.Errorf(status.TypeMismatch, "a filter takes bool, and %s is %s", spec.Predicate.text(), t)
		}
		s.Op, s.Schema = &FilterOp{predicate.castTo(arrow.FixedWidthTypes.Boolean)}, b.in(s, 0)
		return nil
	case *Project:
		return b.project(s, spec)
	case *Take:
		if spec.Arg < 0 || spec.Arg >= len(b.args) || b.args[spec.Arg].NumFields() == 0 || !kindOf(b.args[spec.Arg].Field(0).Type).IsInteger() {
			return status.Errorf(status.Invalid, "the row positions must be a column of integers")
		}
		s.Op, s.Schema = &TakeOp{spec.Arg}, b.in(s, 0)
		return nil
	case *Sort:
		keys, err := b.sortKeys(s, spec)
		s.Op, s.Schema = &SortOp{keys}, b.in(s, 0)
		return err
	case *Shuffle:
		keys, err := findAll(b.in(s, 0), spec.Keys, "")
		s.Op, s.Schema = &Exchange{Kind: ByHash, Keys: keys}, b.in(s, 0)
		return err
	}
	s.Schema = b.in(s, 0)
	switch spec := spec.(type) {
	case *Slice:
		s.Op = &SliceOp{Offset: spec.Offset, Length: spec.Length}
	case *Repartition:
		s.Op = &Exchange{Kind: Even}
	case *Replicate:
		s.Op = &Exchange{Kind: ToAll}
	case *Gather:
		s.Op = &Exchange{Kind: ToRoot, Root: spec.Root}
	case *WriteCSV:
		s.Op = &WriteOp{Format: "csv", Path: spec.Path, Options: spec.Options}
	case *WriteIPC:
		s.Op = &WriteOp{Format: "ipc", Path: spec.Path}
	default:
		return status.Errorf(status.Internal, "no schema was given for a %T", spec)
	}
	return nil
}

func (b *binder) project(s *Step, spec *Project) error {
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

func (b *binder) sortKeys(s *Step, spec *Sort) ([]BoundSortKey, error) {
	keys := make([]BoundSortKey, len(spec.Keys))
	for i, k := range spec.Keys {
		at, err := find(b.in(s, 0), k.Column, "")
		if err != nil {
			return nil, err
		}
		keys[i] = BoundSortKey{Column: at, Descending: !k.Ascending, NullsFirst: spec.NAPosition == NAFirst}
	}
	return keys, nil
}

// concat unifies its inputs' schemas, casting where they differ.
func (b *binder) concat(s *Step) error {
	schema := b.in(s, 0)
	for i := 1; i < len(s.Inputs); i++ {
		unified, err := UnifySchemas(schema, b.in(s, i))
		if err != nil {
			return status.Errorf(status.CodeOf(err), "inputs 0 and %d: %w", i, err)
		}
		schema = unified
	}
	for i := range s.Inputs {
		s.Inputs[i] = b.castColumns(s.Node, s.Inputs[i], schema)
	}
	s.Op, s.Schema = &ConcatOp{}, schema
	return nil
}

// castColumns adds a step that casts an input's columns to schema's types, where one differs.
func (b *binder) castColumns(node, input int, schema *arrow.Schema) int {
	in := b.program.Steps[input].Schema
	op, same := &ProjectOp{}, true
	for i, f := range schema.Fields() {
		e := column(i, in.Field(i).Type).castTo(f.Type)
		op.Columns = append(op.Columns, e)
		same = same && e.Column >= 0
	}
	if same {
		return input
	}
	return b.program.add(Step{Node: node, Op: op, Inputs: []int{input}, Schema: schema})
}

// aggType returns the type of an aggregate, and false where fn doesn't take t.
func aggType(fn string, t arrow.DataType) (arrow.DataType, bool) {
	k := kindOf(t)
	switch fn {
	case "count":
		return arrow.PrimitiveTypes.Int64, true
	case "min", "max":
		return t, true
	case "mean":
		return arrow.PrimitiveTypes.Float64, !isTime(t) && k != col.String
	case "sum":
		switch {
		case isTime(t) || k == col.String:
			return nil, false
		case k.IsFloat():
			return arrow.PrimitiveTypes.Float64, true
		case k.IsInteger() && !k.IsSigned():
			return arrow.PrimitiveTypes.Uint64, true
		}
		return arrow.PrimitiveTypes.Int64, true
	}
	return nil, false
}

var aggFns = []string{"sum", "min", "max", "count", "mean"}

func (b *binder) group(s *Step, spec *Group) error {
	in := b.in(s, 0)
	keys, err := findAll(in, spec.Keys, "")
	if err != nil {
		return err
	}
	op := &GroupOp{Keys: keys, DropNull: spec.DropNull, Input: in}
	var fields []arrow.Field
	for _, k := range keys {
		fields = append(fields, in.Field(k))
	}
	for _, a := range spec.Aggs {
		if !slices.Contains(aggFns, a.Fn) {
			return status.Errorf(status.Unsupported, "aggregate %q isn't supported: sum, min, max, count and mean are", a.Fn)
		}
		at, err := find(in, a.Column, "")
		if err != nil {
			return err
		}
		t, ok := aggType(a.Fn, in.Field(at).Type)
		if !ok {
			return status.Errorf(status.TypeMismatch, "%s of column %q, which is %s: aggregate numbers or bools, or cast it first", a.Fn, a.Column, in.Field(at).Type)
		}
		op.Aggs = append(op.Aggs, BoundAgg{a.Fn, at})
		fields = append(fields, arrow.Field{Name: a.Name, Type: t, Nullable: a.Fn != "count" && a.Fn != "sum"})
	}
	s.Op, s.Schema = op, arrow.NewSchema(fields, nil)
	if !spec.Sort {
		return nil
	}
	if err := checkSchema(s.Schema); err != nil {
		return err
	}
	sort := &SortOp{}
	for i := range keys {
		sort.Keys = append(sort.Keys, BoundSortKey{Column: i})
	}
	grouped := b.program.add(*s)
	*s = Step{Node: s.Node, Op: sort, Inputs: []int{grouped}, Schema: s.Schema}
	return nil
}
