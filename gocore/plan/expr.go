package plan

import (
	"encoding/json"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/function"
)

// Expr is an expression by name, as in the JSON: a column, a literal or a function of expressions.
//
//	{"col": "name"}   {"lit": [argument, "column"]}   {"fn": "lt", "args": [...]}
//	{"set": [argument, "column"]}: all rows of a column of an argument, for functions that look for values among them
//	{"fn": "cast", "args": [e], "type": "int64"}      {"fn": "round", "args": [e], "options": {"decimals": 2}}
//
// Package function says which functions there are, and with which options.
type Expr struct {
	Col     *string         `json:"col,omitempty"`
	Lit     *Literal        `json:"lit,omitempty"`
	Set     *Literal        `json:"set,omitempty"`
	Fn      string          `json:"fn,omitempty"`
	Args    []*Expr         `json:"args,omitempty"`
	Type    string          `json:"type,omitempty"`
	Options json.RawMessage `json:"options,omitempty"`
}

// Literal is row 0 of a column of an argument: JSON can't carry int64, NaN or bytes.
type Literal struct {
	Arg    int
	Column string
}

// MarshalJSON writes [arg, "column"].
func (l Literal) MarshalJSON() ([]byte, error) { return json.Marshal([]any{l.Arg, l.Column}) }

// UnmarshalJSON reads [arg, "column"].
func (l *Literal) UnmarshalJSON(text []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if len(parts) != 2 {
		return fmt.Errorf("a literal is [argument, column], not %s", text)
	}
	if err := json.Unmarshal(parts[0], &l.Arg); err != nil {
		return err
	}
	return json.Unmarshal(parts[1], &l.Column)
}

// check refuses expressions that no schema could make right.
func (e *Expr) check(depth int) error {
	if e == nil {
		return fmt.Errorf("an expression is missing")
	}
	if depth > maxDepth {
		return fmt.Errorf("an expression is nested over %d deep", maxDepth)
	}
	forms := 0
	for _, has := range []bool{e.Col != nil, e.Lit != nil, e.Set != nil, e.Fn != ""} {
		if has {
			forms++
		}
	}
	if forms != 1 || (e.Fn == "" && len(e.Args)+len(e.Options) > 0) || (e.Fn != "cast" && e.Type != "") {
		return fmt.Errorf("an expression is one of col, lit, set and fn with args")
	}
	if e.Set != nil && depth == 0 {
		return fmt.Errorf("a set is an argument of a function, no column")
	}
	if e.Fn == "" {
		return nil
	}
	if err := function.Check(e.Fn, len(e.Args)); err != nil {
		return err
	}
	for _, a := range e.Args {
		if err := a.check(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// BoundExpr is an expression by position: a column of the input, a literal, a function of expressions, or else null.
type BoundExpr struct {
	Column int             // position in the input; -1 where it isn't a column
	Arg    int             // the argument that holds a literal; -1 where it isn't one
	ArgCol int             // the literal's column in the argument
	Set    bool            // all rows of the argument are meant
	Fn     *function.Bound // nil for columns, literals and null
	Args   []*BoundExpr
	Type   arrow.DataType // of the result
}

// column returns the expression of an input column.
func column(i int, t arrow.DataType) *BoundExpr { return &BoundExpr{Column: i, Arg: -1, Type: t} }

// null returns the expression of nulls.
func null(t arrow.DataType) *BoundExpr { return &BoundExpr{Column: -1, Arg: -1, Type: t} }

// castTo returns e, cast unless it has type t.
func (e *BoundExpr) castTo(t arrow.DataType) *BoundExpr {
	if arrow.TypeEqual(e.Type, t) {
		return e
	}
	return &BoundExpr{Column: -1, Arg: -1, Fn: function.Cast(e.Type, t), Args: []*BoundExpr{e}, Type: t}
}

// bind resolves names and checks types.
func (e *Expr) bind(in *arrow.Schema, args []*arrow.Schema) (*BoundExpr, error) {
	switch {
	case e.Col != nil:
		i, err := find(in, *e.Col, "")
		if err != nil {
			return nil, err
		}
		return column(i, in.Field(i).Type), nil
	case e.Lit != nil:
		return e.Lit.bind(args, false)
	case e.Set != nil:
		return e.Set.bind(args, true)
	}
	call := function.Call{Name: e.Fn, Options: e.Options}
	if e.Type != "" {
		t, err := ParseType(e.Type)
		if err != nil {
			return nil, err
		}
		call.To = t
	}
	b := &BoundExpr{Column: -1, Arg: -1}
	for _, a := range e.Args {
		bound, err := a.bind(in, args)
		if err != nil {
			return nil, err
		}
		b.Args = append(b.Args, bound)
		call.Args = append(call.Args, function.Argument{Type: bound.Type, Literal: bound.Arg >= 0, Set: bound.Set, Text: a.text()})
	}
	fn, err := function.Bind(call)
	if err != nil {
		return nil, err
	}
	for i, t := range fn.Args {
		b.Args[i] = b.Args[i].castTo(t)
	}
	b.Fn, b.Type = fn, fn.Type
	return b, nil
}

func (l *Literal) bind(args []*arrow.Schema, set bool) (*BoundExpr, error) {
	if l.Arg < 0 || l.Arg >= len(args) {
		return nil, status.Errorf(status.Invalid, "a literal refers to argument %d of %d", l.Arg, len(args))
	}
	i, err := find(args[l.Arg], l.Column, "the literals")
	if err != nil {
		return nil, err
	}
	return &BoundExpr{Column: -1, Arg: l.Arg, ArgCol: i, Set: set, Type: args[l.Arg].Field(i).Type}, nil
}

// text names an expression in an error.
func (e *Expr) text() string {
	switch {
	case e.Col != nil:
		return fmt.Sprintf("column %q", *e.Col)
	case e.Lit != nil:
		return fmt.Sprintf("the literal %q", e.Lit.Column)
	case e.Set != nil:
		return fmt.Sprintf("the values %q", e.Set.Column)
	}
	return "the result of " + e.Fn
}
