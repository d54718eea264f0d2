package fileio

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// fromZero returns c laid out as type t, with a reference of its own, and a String column's offsets from 0 on: Arrow v17
// writes others wrong.
func fromZero(c *column.Column, t arrow.DataType, scope *memory.Scope) (column.Column, error) {
	if c.Kind != column.String || c.Layout != column.Offsets64 || memory.As[int64](c.Offsets)[0] == 0 {
		return compute.Outside(scope, c, t)
	}
	views, err := c.AsViews(scope)
	if err != nil {
		return column.Column{}, err
	}
	defer views.Release()
	return compute.Outside(scope, &views, t)
}

// toArrow lends c's buffers, as compute.Outside lays them out, to an Arrow array, which must not outlive c.
func toArrow(c *column.Column) arrow.ArrayData {
	buffers := []*arrowmemory.Buffer{nil}
	if c.Valid.Bits != nil {
		buffers[0] = arrowmemory.NewBufferBytes(c.Valid.Bits[:column.BitmapBytes(c.Len)])
	}
	switch {
	case c.Kind == column.Null || c.Kind == column.Struct || c.Kind == column.List && c.Offsets == nil:
	case c.Kind == column.List:
		buffers = append(buffers, arrowmemory.NewBufferBytes(c.Offsets))
	case c.Kind == column.String:
		buffers = append(buffers, arrowmemory.NewBufferBytes(c.Offsets), arrowmemory.NewBufferBytes(c.Heaps[0]))
	default:
		buffers = append(buffers, arrowmemory.NewBufferBytes(c.Values))
	}
	children := make([]arrow.ArrayData, len(c.Children))
	for i := range children {
		children[i] = toArrow(&c.Children[i])
		defer children[i].Release()
	}
	return array.NewData(c.Type, c.Len, buffers, children, c.Nulls, 0)
}

// readType returns the type here of a column of a file: dictionaries inside others are read as their values.
func readType(t arrow.DataType) arrow.DataType {
	d, ok := t.(*arrow.DictionaryType)
	if !ok {
		return column.NormalType(column.MapChildren(t, valueType))
	}
	t = &arrow.DictionaryType{IndexType: d.IndexType, ValueType: d.ValueType}
	if _, ok := column.KindOf(t); !ok {
		return readType(d.ValueType)
	}
	return t
}

func valueType(t arrow.DataType) arrow.DataType { return readType(column.ValueType(t)) }

// fromArrow makes a column of type t over an array's buffers, which it keeps alive, as its children do.
func fromArrow(scope *memory.Scope, data arrow.ArrayData, t arrow.DataType) (column.Column, error) {
	if data.DataType().ID() == arrow.DICTIONARY {
		return fromDictionary(scope, data, t)
	}
	kind, _ := column.KindOf(t)
	c := column.Column{Type: t, Kind: kind, Len: data.Len(), Nulls: data.NullN()}
	data.Retain()
	c.Owners = []*memory.Buffer{memory.Foreign(nil, data.Release)}
	if kind == column.Null {
		c.Nulls = c.Len
		return c, nil
	}
	buffers := make([][]byte, len(data.Buffers()))
	for i, buffer := range data.Buffers() {
		if buffer != nil {
			buffers[i] = buffer.Bytes()
		}
	}
	from := data.Offset()
	if c.Nulls > 0 {
		c.Valid = column.Bitmap{Bits: buffers[0], Offset: from}
	}
	switch {
	case column.IsNested(kind):
		if err := childrenOf(scope, &c, data, buffers); err != nil {
			c.Release()
			return column.Column{}, err
		}
	case kind == column.Bool:
		c.Values, c.Offset = buffers[1], from
	case kind != column.String:
		c.Values = buffers[1][from*c.Width():]
	case column.LayoutOf(t) == column.Views:
		c.Views, c.Heaps = memory.As[column.View](buffers[1])[from:], buffers[2:]
	default:
		c.Layout = column.LayoutOf(t)
		c.Offsets, c.Heaps = buffers[1][from*c.OffsetWidth():], buffers[2:3]
	}
	return c, nil
}

// childrenOf sets the offsets and children of c. What lies in the array's children in front of its own offset is left
// out.
func childrenOf(scope *memory.Scope, c *column.Column, data arrow.ArrayData, buffers [][]byte) error {
	first, rows := data.Offset(), c.Len
	if fixed, ok := c.Type.(*arrow.FixedSizeListType); ok {
		size := int(fixed.Len())
		first, rows = first*size, rows*size
		offsets, owner, err := memory.Make[int64](scope, c.Len+1)
		if err != nil {
			return err
		}
		for i := range offsets {
			offsets[i] = int64(i * size)
		}
		c.Layout, c.Offsets, c.Owners = column.Offsets64, owner.Bytes(), append(c.Owners, owner)
	} else if c.Kind == column.List {
		c.Layout = column.LayoutOf(c.Type)
		c.Offsets = buffers[1][first*c.OffsetWidth():]
		first, rows = 0, data.Children()[0].Len()
	}
	for i, t := range column.ChildTypes(c.Type) {
		child, err := fromArrow(scope, data.Children()[i], t)
		if err != nil {
			return err
		}
		if err := child.Check(); err != nil { // before it is cut
			child.Release()
			return err
		}
		child = child.Slice(first, rows)
		views, err := child.AsViews(scope)
		child.Release()
		if err != nil {
			return err
		}
		c.Adopt(views)
	}
	return nil
}

// fromDictionary makes a column of the values that an array's codes stand for.
func fromDictionary(scope *memory.Scope, data arrow.ArrayData, t arrow.DataType) (column.Column, error) {
	d := data.DataType().(*arrow.DictionaryType)
	plain := array.NewData(d.IndexType, data.Len(), data.Buffers(), nil, data.NullN(), data.Offset())
	defer plain.Release()
	codes, err := fromArrow(scope, plain, d.IndexType)
	if err != nil {
		return codes, err
	}
	defer codes.Release()
	read, err := fromArrow(scope, data.Dictionary(), readType(d.ValueType))
	if err != nil {
		return read, err
	}
	defer read.Release()
	if err := errors.Join(codes.Check(), read.Check()); err != nil {
		return column.Column{}, err
	}
	values, err := read.AsViews(scope)
	if err != nil {
		return values, err
	}
	defer values.Release()
	return compute.Decode(scope, &codes, &values, t)
}
