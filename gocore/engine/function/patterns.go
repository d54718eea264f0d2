package function

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// patterns are the functions of strings that search, and those of the lists that a split makes.
var patterns = map[string]entry{
	"str_contains":   {least: 1, bind: matches(compute.Anywhere)},
	"str_match":      {least: 1, bind: matches(compute.AtStart)},
	"str_fullmatch":  {least: 1, bind: matches(compute.Whole)},
	"str_count":      {least: 1, bind: countMatches},
	"str_extract":    {least: 1, bind: extract},
	"str_replace":    {least: 1, bind: replace},
	"str_split":      {least: 1, bind: split},
	"str_split_part": {least: 1, bind: splitPart},
	"list_len":       {least: 1, bind: listLength},
	"list_join":      {least: 1, bind: listJoin},
}

// pattern are the options of a search: a regular expression, or a text.
type pattern struct {
	Pattern    string `json:"pattern"`
	Regex      bool   `json:"regex"`
	IgnoreCase bool   `json:"ignore_case"`
}

func (p pattern) compile(anchor compute.Anchor) (*compute.Pattern, error) {
	if p.Regex || p.IgnoreCase {
		text := p.Pattern
		if !p.Regex {
			text = compute.QuotePattern(text)
		}
		return compute.CompilePattern(text, anchor, p.IgnoreCase)
	}
	return compute.LiteralPattern(p.Pattern, anchor), nil
}

func matches(anchor compute.Anchor) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		o := pattern{}
		if err := c.options(&o); err != nil {
			return Bound{}, err
		}
		p, err := o.compile(anchor)
		if err != nil {
			return Bound{}, err
		}
		b, err := c.text(boolean, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.MatchesText(scope, a, p)
		})
		b.Slow = p.IsSlow()
		return b, err
	}
}

func countMatches(c *Call) (Bound, error) {
	o := pattern{}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	p, err := o.compile(compute.Anywhere)
	if err != nil {
		return Bound{}, err
	}
	b, err := c.text(int64Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.CountMatches(scope, a, p)
	})
	b.Slow = !p.IsLiteral()
	return b, err
}

func extract(c *Call) (Bound, error) {
	o := struct {
		pattern
		Group int `json:"group"`
	}{Group: 1, pattern: pattern{Regex: true}}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	p, err := o.compile(compute.Anywhere)
	if err != nil {
		return Bound{}, err
	}
	if o.Group < 0 || o.Group > p.Groups() {
		return Bound{}, status.Errorf(status.Invalid, "the pattern has %d groups: there is no group %d", p.Groups(), o.Group)
	}
	b, err := c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.ExtractGroup(scope, a, p, o.Group)
	})
	b.Slow = true
	return b, err
}

func replace(c *Call) (Bound, error) {
	o := struct {
		pattern
		With  string `json:"with"`
		Limit int    `json:"limit"`
	}{Limit: -1}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	p, err := o.compile(compute.Anywhere)
	if err != nil {
		return Bound{}, err
	}
	with := o.With
	if o.Regex {
		with = template(with)
	}
	b, err := c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.ReplaceText(scope, a, p, with, o.Regex, o.Limit)
	})
	b.Slow = !p.IsLiteral() || o.Regex
	return b, err
}

// cuts are the options of a split.
type cuts struct {
	Separator string `json:"separator"`
	Side      side   `json:"side"`
	Limit     int    `json:"limit"`
}

func split(c *Call) (Bound, error) {
	o := cuts{Limit: -1}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	b, err := c.text(arrow.ListOf(c.Args[0].Type), func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.SplitText(scope, a, o.Separator, o.Side.Side, o.Limit)
	})
	b.AnyLayout = false // what the pieces are cut out of
	return b, err
}

func splitPart(c *Call) (Bound, error) {
	o := struct {
		cuts
		At int `json:"at"`
	}{cuts: cuts{Limit: -1}}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	if err := (bounds{Start: &o.At}).check(c); err != nil {
		return Bound{}, err
	}
	return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.SplitPart(scope, a, o.Separator, o.Side.Side, o.Limit, o.At)
	})
}

// list returns the type of an argument's elements.
func (c *Call) list() (arrow.DataType, error) {
	if list, ok := c.Args[0].Type.(arrow.ListLikeType); ok {
		return list.Elem(), nil
	}
	return nil, c.refuse(0, "lists")
}

func listLength(c *Call) (Bound, error) {
	_, err := c.list()
	return Bound{Type: int64Type, Eval: unary(compute.ListLength)}, err
}

func listJoin(c *Call) (Bound, error) {
	var o struct {
		Separator string `json:"separator"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	element, err := c.list()
	if err != nil || !isText(element) {
		return Bound{}, c.refuse(0, "lists of strings")
	}
	return Bound{Type: element, Eval: unary(func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.JoinElements(scope, a, o.Separator)
	})}, nil
}

// template turns a replacement in the syntax of Python's re into Go's.
func template(python string) string {
	var b strings.Builder
	for i := 0; i < len(python); i++ {
		switch next := python[i]; {
		case next == '$':
			b.WriteString("$$")
		case next != '\\' || i+1 == len(python):
			b.WriteByte(next)
		default:
			i++
			i += escape(&b, python[i:])
		}
	}
	return b.String()
}

// escape writes what stands behind a backslash and returns how many bytes more than one it read.
func escape(b *strings.Builder, rest string) int {
	if name, _, ok := strings.Cut(strings.TrimPrefix(rest, "g<"), ">"); ok && strings.HasPrefix(rest, "g<") {
		b.WriteString("${" + name + "}")
		return len("g<") + len(name)
	}
	digits := 0
	for digits < min(2, len(rest)) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	if digits > 0 {
		b.WriteString("${" + rest[:digits] + "}")
		return digits - 1
	}
	special := map[byte]string{'n': "\n", 't': "\t", 'r': "\r"}
	if text, ok := special[rest[0]]; ok {
		b.WriteString(text)
	} else {
		b.WriteByte(rest[0])
	}
	return 0
}
