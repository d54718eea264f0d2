package plan

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// userNames are operations as pandas calls them, for errors.
var userNames = map[string]string{"scan_csv": "read_csv", "scan_ipc": "read_ipc", "join": "merge", "asof_join": "merge_asof", "group": "groupby",
	"sort": "sort_values", "unique": "drop_duplicates", "setop": "set operation", "write_csv": "to_csv", "project": "assign", "slice": "iloc"}

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
			err = n.Spec.bind(b, &s)
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
	return withKeys(b.program)
}

// in returns the schema of a step's i-th input.
func (b *binder) in(s *Step, i int) *arrow.Schema { return b.program.Steps[s.Inputs[i]].Schema }

// project returns a step that keeps the first n columns of an input.
func (b *binder) project(node, input, n int) Step {
	fields, op := b.program.Steps[input].Schema.Fields()[:n], &ProjectOp{}
	for i, f := range fields {
		op.Columns = append(op.Columns, column(i, f.Type))
	}
	return Step{Node: node, Op: op, Inputs: []int{input}, Schema: arrow.NewSchema(fields, nil)}
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
