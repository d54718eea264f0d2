package plan

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// described is an Op that can say more of itself than its name.
type described interface {
	Op
	describe(w words) string
}

// words is what an Op needs to name columns and values.
type words struct {
	in      []*arrow.Schema // of the inputs; nil where only an operator knows it
	out     *arrow.Schema
	literal func(arg, column int) string
}

// Describe says what a step does: "filter (n > 20)". literal gives the text of a literal, which plans don't hold.
func (p *Program) Describe(at int, literal func(arg, column int) string) string {
	s := &p.Steps[at]
	op, ok := s.Op.(described)
	if !ok {
		return s.Op.Name()
	}
	w := words{out: s.Schema, literal: literal}
	for _, in := range s.Inputs {
		w.in = append(w.in, p.Steps[in].Schema)
	}
	return strings.TrimSpace(s.Op.Name() + " " + op.describe(w))
}

// column names a column of input k.
func (w words) column(k, i int) string {
	if w.in[k] == nil {
		return fmt.Sprintf("#%d", i)
	}
	return w.in[k].Field(i).Name
}

// columns names columns of input k.
func (w words) columns(k int, list []int) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = w.column(k, c)
	}
	return strings.Join(names, ", ")
}

// sort names the keys of an order.
func (w words) sort(keys []BoundSortKey) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = w.column(0, k.Column)
		if k.Descending {
			names[i] += " desc"
		}
		if k.NullsFirst {
			names[i] += " nulls first"
		}
	}
	return strings.Join(names, ", ")
}

// symbols are the functions that stand between their arguments.
var symbols = map[string]string{"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "and": "and", "or": "or",
	"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}

// expr writes an expression over the first input.
func (w words) expr(e *BoundExpr) string {
	switch {
	case e.Column >= 0:
		return w.column(0, e.Column)
	case e.Arg >= 0:
		return w.literal(e.Arg, e.ArgCol)
	case e.Fn == nil:
		return "null"
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = w.expr(a)
	}
	if symbol, ok := symbols[e.Fn.Name]; ok && len(args) == 2 {
		return "(" + args[0] + " " + symbol + " " + args[1] + ")"
	}
	if e.Fn.Name == "cast" {
		return fmt.Sprintf("cast(%s, %s)", args[0], TypeName(e.Type))
	}
	return e.Fn.Name + "(" + strings.Join(args, ", ") + ")"
}
