// Package expr evaluates expressions over the columns of a batch: functions of columns, literals and other functions.
//
//	Column 2 ─┐
//	          ├─ lt ─┐
//	Literal ──┘      ├─ and ── Filter
//	...        not ──┘
//
// A Builder takes an expression apart into a Program: a list of steps, each a column, a literal or a function of earlier
// steps. What is asked for twice is one step (common subexpressions are computed once), and a function of literals
// is computed when it is built. Names, types and casts are bound before: package function knows the functions.
//
// A Program is evaluated batch by batch, step by step; a value is given back after the last step that reads it.
// A literal is a column of one row and is never spread out before it is a result: kernels let one row meet all.
package expr

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/function"
)

// Node is an expression that a Builder knows.
type Node int

// step computes one value. It is one of: a column of the batch, a literal, a function of earlier steps.
type step struct {
	typ     arrow.DataType
	index   int // of a column; -1
	literal *column.Column
	eval    function.Kernel
	args    []Node
	slow    bool
	set     bool // the literal is all values among which others are looked up
}

// Builder makes Programs over the columns of a schema. What it computes itself, functions of literals, lies in a scope
// that must outlive the programs.
type Builder struct {
	scope  *memory.Scope
	schema *arrow.Schema
	steps  []step
	known  map[string]Node
}

// NewBuilder returns a Builder.
func NewBuilder(scope *memory.Scope, schema *arrow.Schema) *Builder {
	return &Builder{scope: scope, schema: schema, known: map[string]Node{}}
}

// Type returns the type of a node's values.
func (b *Builder) Type(n Node) arrow.DataType { return b.steps[n].typ }

// add returns the step that is known by key, or adds s.
func (b *Builder) add(key string, s step) Node {
	n, ok := b.known[key]
	if !ok {
		n = Node(len(b.steps))
		b.steps = append(b.steps, s)
		b.known[key] = n
	}
	return n
}

// Column returns the column at position index.
func (b *Builder) Column(index int) (Node, error) {
	if index < 0 || index >= b.schema.NumFields() {
		return 0, status.Errorf(status.NotFound, "column %d isn't one of the %d columns", index, b.schema.NumFields())
	}
	return b.add(fmt.Sprintf("column %d", index), step{typ: b.schema.Field(index).Type, index: index}), nil
}

// Literal returns the value in the only row of c, which must live as long as the programs.
func (b *Builder) Literal(c column.Column) (Node, error) {
	if c.Len != 1 {
		return 0, status.Errorf(status.Invalid, "a literal is a column of one row, not %d", c.Len)
	}
	views, err := c.AsViews(b.scope)
	if err != nil {
		return 0, err
	}
	b.scope.OnClose(views.Release)
	return b.add(fmt.Sprintf("literal %v %s", c.Type, compute.Format(&views, 0)), step{typ: c.Type, index: -1, literal: &views}), nil
}

// Set returns the values in columns of type t, which must live as long as the programs, for a function that looks for
// others among them.
func (b *Builder) Set(key string, t arrow.DataType, columns []column.Column) (Node, error) {
	if n, ok := b.known[key]; ok {
		return n, nil
	}
	parts := make([]*column.Column, 0, len(columns))
	for i := range columns {
		views, err := columns[i].AsViews(b.scope)
		if err != nil {
			return 0, err
		}
		defer views.Release()
		parts = append(parts, &views)
	}
	values, err := compute.Concat(b.scope, t, parts)
	if err != nil {
		return 0, err
	}
	b.scope.OnClose(values.Release)
	return b.add(key, step{typ: t, index: -1, literal: &values, set: true}), nil
}

// Call returns f of args, which have the types that f takes.
func (b *Builder) Call(f *function.Bound, args ...Node) (Node, error) {
	if len(args) != len(f.Args) {
		return 0, status.Errorf(status.Internal, "%s takes %d arguments, not %d", f.Name, len(f.Args), len(args))
	}
	s := step{typ: f.Type, index: -1, slow: f.Slow}
	s.set = len(args) == 1 && b.steps[args[0]].set // a cast of a set
	known, constant := make([]*column.Column, len(args)), true
	for i, a := range args {
		if !arrow.TypeEqual(b.steps[a].typ, f.Args[i]) {
			return 0, status.Errorf(status.Internal, "argument %d of %s is %s, not %s", i, f.Name, b.steps[a].typ, f.Args[i])
		}
		known[i] = b.steps[a].literal
		constant = constant && known[i] != nil
		if !f.AnyLayout {
			a = b.views(a)
		}
		s.args = append(s.args, a)
	}
	key := fmt.Sprintf("%s %v", f.Key, s.args)
	if n, ok := b.known[key]; ok {
		return n, nil
	}
	s.eval = f.Eval
	if f.Prepare != nil {
		var err error
		if s.eval, err = f.Prepare(b.scope, known); err != nil {
			return 0, err
		}
	}
	if constant {
		var err error
		if s.literal, err = b.fold(s.eval, known); err != nil && s.set {
			return 0, err
		}
	}
	return b.add(key, s), nil
}

// views returns a node of the same values that has strings in the Views layout.
func (b *Builder) views(n Node) Node {
	s := &b.steps[n]
	if kind, _ := column.KindOf(s.typ); kind != column.String || s.index < 0 {
		return n
	}
	return b.add(fmt.Sprintf("views %d", n), step{typ: s.typ, index: -1, args: []Node{n},
		eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) { return args[0].AsViews(scope) }})
}

// fold computes a function of literals; where it fails, its error is one of evaluation, if there are rows at all.
func (b *Builder) fold(eval function.Kernel, literals []*column.Column) (*column.Column, error) {
	c, err := eval(b.scope, literals)
	if err != nil {
		return nil, err
	}
	b.scope.OnClose(c.Release)
	return &c, nil
}
