package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// search is how the values of a column are looked up among those of a set.
type search struct {
	column, set arrow.DataType // what both are cast to
	key         arrow.DataType // what they are compared as
	asKey       Kernel         // makes the latter of the former
}

// search returns how argument x is looked up among argument set.
func (c *Call) search(x, set int) (search, error) {
	values, among := c.Args[x], c.Args[set]
	if !compute.CanCompare(values.Type, among.Type) {
		return search{}, status.Errorf(status.TypeMismatch, "%s (%s) can't be among values of type %s: cast one of them",
			values.Text, column.DisplayName(values.Type), column.DisplayName(among.Type))
	}
	s := search{column: values.Type, set: among.Type, asKey: unary(func(_ *memory.Scope, c *column.Column) (column.Column, error) {
		c.Retain()
		return *c, nil
	})}
	t := values.Type
	if wide, ok := commonWide(values.Type, among.Type); ok {
		t, s.column, s.set, s.asKey = wide, wide, wide, unary(compute.AsKey)
	}
	if compute.TimeClassOf(t) != compute.NoTime && !isNull(among.Type) {
		t = compute.Finer(t, among.Type)
		s.column, s.set = t, t
	}
	s.key, _ = compute.KeyType(t)
	return s, nil
}

// among prepares a kernel of what makes results of the values to look up and the others, once it has seen the set.
func (s *search) among(scope *memory.Scope, set *column.Column, see func(keys *column.Column) (Kernel, error)) (Kernel, error) {
	keys, err := s.asKey(scope, []*column.Column{set})
	if err != nil {
		return nil, err
	}
	scope.OnClose(keys.Release)
	eval, err := see(&keys)
	if err != nil {
		return nil, err
	}
	return func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
		x, err := s.asKey(scope, args[:1])
		if err != nil {
			return x, err
		}
		defer x.Release()
		return eval(scope, append([]*column.Column{&x}, args[1:]...))
	}, nil
}

func isIn(c *Call) (Bound, error) {
	s, err := c.search(0, 1)
	return Bound{Type: boolean, Args: []arrow.DataType{s.column, s.set}, AnyLayout: true, Prepare: func(scope *memory.Scope, args []*column.Column) (Kernel, error) {
		values, err := args[1].AsViews(scope)
		if err != nil {
			return nil, err
		}
		scope.OnClose(values.Release)
		return s.among(scope, &values, func(keys *column.Column) (Kernel, error) {
			set, err := compute.NewSet(scope, s.key, keys)
			return func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
				return set.Contains(scope, args[0])
			}, err
		})
	}}, err
}

// lookup returns what the first key that equals a value stands for; of a value that equals none, what else there is.
func lookup(c *Call) (Bound, error) {
	s, err := c.search(0, 2)
	if err != nil {
		return Bound{}, err
	}
	c.Args[3].Literal = true // the values take on the type of what else there is
	t, err := c.alike(1, 3)
	return Bound{Type: t, Args: []arrow.DataType{s.column, t, s.set, t}, Prepare: func(scope *memory.Scope, args []*column.Column) (Kernel, error) {
		values := args[3]
		if values.Len != args[2].Len {
			return nil, status.Errorf(status.Invalid, "%d keys can't be looked up with %d values", args[2].Len, values.Len)
		}
		return s.among(scope, args[2], func(keys *column.Column) (Kernel, error) {
			places, err := compute.NewLookup(scope, s.key, keys)
			return func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
				return places.Values(scope, args[0], values, args[1])
			}, err
		})
	}}, err
}

// commonWide returns the type in which values are looked up among others, where one is a decimal or a fixed-size binary.
func commonWide(a, b arrow.DataType) (arrow.DataType, bool) {
	switch {
	case isNull(a) || isNull(b):
		return nil, false
	case isDecimal(a) || isDecimal(b):
		if t, ok := compute.CommonDecimal(a, b); ok {
			return t, true
		}
		return float64Type, true
	}
	return arrow.BinaryTypes.Binary, a.ID() == arrow.FIXED_SIZE_BINARY || b.ID() == arrow.FIXED_SIZE_BINARY
}
