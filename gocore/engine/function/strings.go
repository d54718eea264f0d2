package function

import (
	"encoding/json"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// texts are the functions of strings. Positions and lengths are in code points.
var texts = map[string]entry{
	"str_len":           {least: 1, bind: measure(compute.TextLength)},
	"str_lower":         {least: 1, bind: changeCase(compute.Lower)},
	"str_upper":         {least: 1, bind: changeCase(compute.Upper)},
	"str_swapcase":      {least: 1, bind: changeCase(compute.SwapCase)},
	"str_title":         {least: 1, bind: changeCase(compute.Title)},
	"str_capitalize":    {least: 1, bind: changeCase(compute.Capitalize)},
	"str_isalpha":       {least: 1, bind: textClass(compute.IsAlpha)},
	"str_isdigit":       {least: 1, bind: textClass(compute.IsDigit)},
	"str_isalnum":       {least: 1, bind: textClass(compute.IsAlnum)},
	"str_isspace":       {least: 1, bind: textClass(compute.IsSpace)},
	"str_islower":       {least: 1, bind: textClass(compute.IsLower)},
	"str_isupper":       {least: 1, bind: textClass(compute.IsUpper)},
	"str_istitle":       {least: 1, bind: textClass(compute.IsTitle)},
	"str_isascii":       {least: 1, bind: textClass(compute.IsASCII)},
	"str_strip":         {least: 1, bind: strip},
	"str_remove_prefix": {least: 1, bind: removeAffix(compute.Left)},
	"str_remove_suffix": {least: 1, bind: removeAffix(compute.Right)},
	"str_startswith":    {least: 1, bind: hasAffix(compute.Left)},
	"str_endswith":      {least: 1, bind: hasAffix(compute.Right)},
	"str_slice":         {least: 1, bind: sliceText},
	"str_get":           {least: 1, bind: getAt},
	"str_pad":           {least: 1, bind: pad},
	"str_zfill":         {least: 1, bind: zeroFill},
	"str_repeat":        {least: 1, bind: repeat},
	"str_find":          {least: 1, bind: find(compute.Left)},
	"str_rfind":         {least: 1, bind: find(compute.Right)},
	"str_concat":        {least: 1, most: many, bind: concat},
}

// textArgs refuses arguments that aren't strings.
func (c *Call) textArgs() error {
	for i, a := range c.Args {
		if !isText(a.Type) {
			return c.refuse(i, "strings")
		}
	}
	return nil
}

// text is a function of one string column and options.
func (c *Call) text(typ arrow.DataType, f func(scope *memory.Scope, a *column.Column) (column.Column, error)) (Bound, error) {
	return Bound{Type: typ, Eval: unary(f), AnyLayout: true}, c.textArgs()
}

func measure(f func(*memory.Scope, *column.Column) (column.Column, error)) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) { return c.text(int64Type, f) }
}

func changeCase(to compute.Case) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.ChangeCase(scope, a, to)
		})
	}
}

func textClass(class compute.TextClass) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		return c.text(boolean, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.IsTextClass(scope, a, class)
		})
	}
}

var sides = map[string]compute.Side{"both": compute.Both, "left": compute.Left, "right": compute.Right}

// side reads the name of an end of a string.
type side struct{ compute.Side }

// UnmarshalJSON reads "both", "left" or "right".
func (s *side) UnmarshalJSON(text []byte) error {
	var name string
	if err := json.Unmarshal(text, &name); err != nil {
		return err
	}
	known, ok := sides[name]
	if !ok {
		return status.Errorf(status.Invalid, "side is %q: give one of both, left, right", name)
	}
	s.Side = known
	return nil
}

func strip(c *Call) (Bound, error) {
	var o struct {
		Side side    `json:"side"`
		Cut  *string `json:"cut"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.Strip(scope, a, o.Side.Side, o.Cut)
	})
}

// textOption is the option of functions that look for a text.
type textOption struct {
	Text string `json:"text"`
}

func removeAffix(side compute.Side) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		var o textOption
		if err := c.options(&o); err != nil {
			return Bound{}, err
		}
		return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.RemoveAffix(scope, a, side, o.Text)
		})
	}
}

func hasAffix(side compute.Side) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		var o textOption
		if err := c.options(&o); err != nil {
			return Bound{}, err
		}
		return c.text(boolean, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.HasAffix(scope, a, side, o.Text)
		})
	}
}

// bounds are the options of a slice.
type bounds struct {
	Start *int `json:"start"`
	Stop  *int `json:"stop"`
}

func (b bounds) check(c *Call) error {
	for _, at := range []*int{b.Start, b.Stop} {
		if at != nil && (*at > math.MaxInt32 || *at < math.MinInt32) {
			return status.Errorf(status.Invalid, "the options of %s: position %d is too far", c.Name, *at)
		}
	}
	return nil
}

func sliceText(c *Call) (Bound, error) {
	o := struct {
		bounds
		Step int `json:"step"`
	}{Step: 1}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	if o.Step == 0 || o.Step > math.MaxInt32 || o.Step < math.MinInt32 {
		return Bound{}, status.Errorf(status.Invalid, "the options of %s: a step of %d", c.Name, o.Step)
	}
	if err := o.check(c); err != nil {
		return Bound{}, err
	}
	return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		if o.Step == 1 {
			return compute.SliceText(scope, a, compute.Bounds{Start: o.Start, Stop: o.Stop})
		}
		return compute.SliceTextBy(scope, a, o.Start, o.Stop, o.Step)
	})
}

func find(side compute.Side) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		var o struct {
			textOption
			bounds
		}
		if err := c.options(&o); err != nil {
			return Bound{}, err
		}
		if err := o.check(c); err != nil {
			return Bound{}, err
		}
		return c.text(int64Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.FindText(scope, a, o.Text, side, compute.Bounds{Start: o.Start, Stop: o.Stop})
		})
	}
}

// count is the option of functions that take a number of characters or times.
func (c *Call) count(n int, name string) error {
	if n < 0 || n > compute.LargestMade {
		return status.Errorf(status.Invalid, "the options of %s: %s is %d: 0 to %d are possible", c.Name, name, n, compute.LargestMade)
	}
	return nil
}

func pad(c *Call) (Bound, error) {
	o := struct {
		Width int    `json:"width"`
		Side  side   `json:"side"`
		Fill  string `json:"fill"`
	}{Side: side{compute.Left}, Fill: " "}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	if err := c.count(o.Width, "width"); err != nil {
		return Bound{}, err
	}
	if utf8.RuneCountInString(o.Fill) != 1 {
		return Bound{}, status.Errorf(status.Invalid, "the options of %s: fill is %q, not one character", c.Name, o.Fill)
	}
	fill, _ := utf8.DecodeRuneInString(o.Fill)
	return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.Pad(scope, a, o.Width, o.Side.Side, fill)
	})
}

func zeroFill(c *Call) (Bound, error) {
	var o struct {
		Width int `json:"width"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	if err := c.count(o.Width, "width"); err != nil {
		return Bound{}, err
	}
	return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.ZeroFill(scope, a, o.Width)
	})
}

func repeat(c *Call) (Bound, error) {
	var o struct {
		Times int `json:"times"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	if err := c.count(max(o.Times, 0), "times"); err != nil {
		return Bound{}, err
	}
	return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.RepeatText(scope, a, o.Times)
	})
}

// concat puts strings of each row behind each other: what + is of strings.
func concat(c *Call) (Bound, error) {
	var o struct {
		Separator string `json:"separator"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	b := Bound{AnyLayout: true, Eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
		return compute.JoinTexts(scope, args, o.Separator)
	}}
	all := make([]int, len(c.Args))
	for i, a := range c.Args {
		if !isText(a.Type) && !isNull(a.Type) {
			return Bound{}, c.refuse(i, "strings")
		}
		all[i] = i
	}
	var err error
	if b.Type, err = c.alike(all...); err != nil {
		return Bound{}, err
	}
	if isNull(b.Type) {
		b.Type = arrow.BinaryTypes.String
	}
	for range c.Args {
		b.Args = append(b.Args, b.Type)
	}
	return b, nil
}

// getAt returns the element or character at a position.
func getAt(c *Call) (Bound, error) {
	var o struct {
		At int `json:"at"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	if err := (bounds{Start: &o.At}).check(c); err != nil {
		return Bound{}, err
	}
	if list, ok := c.Args[0].Type.(arrow.ListLikeType); ok && c.Args[0].Type.ID() != arrow.MAP {
		return Bound{Type: list.Elem(), Eval: unary(func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.ListElement(scope, a, o.At)
		})}, nil
	}
	return c.text(c.Args[0].Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.CharacterAt(scope, a, o.At)
	})
}
