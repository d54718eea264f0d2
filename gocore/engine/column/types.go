package column

import (
	"github.com/apache/arrow/go/v17/arrow"
)

// kinds are those of the types that have one of their own.
var kinds = map[arrow.Type]Kind{
	arrow.NULL: Null, arrow.BOOL: Bool,
	arrow.INT8: Int8, arrow.INT16: Int16, arrow.INT32: Int32, arrow.INT64: Int64,
	arrow.UINT8: Uint8, arrow.UINT16: Uint16, arrow.UINT32: Uint32, arrow.UINT64: Uint64,
	arrow.FLOAT16: Float16, arrow.FLOAT32: Float32, arrow.FLOAT64: Float64,
	arrow.DECIMAL128: Decimal128, arrow.DECIMAL256: Decimal256,
	arrow.DATE32: Int32, arrow.DATE64: Int64, arrow.TIME32: Int32, arrow.TIME64: Int64,
	arrow.TIMESTAMP: Int64, arrow.DURATION: Int64,
	arrow.STRING: String, arrow.LARGE_STRING: String, arrow.STRING_VIEW: String,
	arrow.BINARY: String, arrow.LARGE_BINARY: String, arrow.BINARY_VIEW: String,
	arrow.FIXED_SIZE_BINARY: FixedBinary,
	arrow.LIST:              List, arrow.LARGE_LIST: List, arrow.FIXED_SIZE_LIST: List, arrow.MAP: List,
	arrow.STRUCT: Struct,
}

// KindOf returns the kind of t's elements, and false where pycylon doesn't support t or a type in it. A dictionary's is
// that of its values, which are no bools, lists or structs.
func KindOf(t arrow.DataType) (Kind, bool) {
	if d, ok := t.(*arrow.DictionaryType); ok {
		k, ok := KindOf(d.ValueType)
		return k, ok && !IsNested(k) && k > Bool && d.ValueType.ID() != arrow.DICTIONARY
	}
	k, ok := kinds[t.ID()]
	if IsNested(k) {
		for _, child := range ChildTypes(t) {
			if _, supported := KindOf(child); !supported {
				return k, false
			}
		}
	}
	return k, ok
}

// ValueType returns the type of t's values: a dictionary's, or t.
func ValueType(t arrow.DataType) arrow.DataType {
	if d, ok := t.(*arrow.DictionaryType); ok {
		return d.ValueType
	}
	return t
}

// ChildTypes returns the types of a nested column's Children, none for others.
func ChildTypes(t arrow.DataType) []arrow.DataType {
	switch t := t.(type) {
	case *arrow.MapType:
		return []arrow.DataType{t.Elem()}
	case arrow.ListLikeType:
		return []arrow.DataType{t.Elem()}
	case *arrow.StructType:
		types := make([]arrow.DataType, t.NumFields())
		for i := range types {
			types[i] = t.Field(i).Type
		}
		return types
	}
	return nil
}

// LayoutOf returns the layout in which Arrow holds a string, binary or list type.
func LayoutOf(t arrow.DataType) Layout {
	switch ValueType(t).ID() {
	case arrow.LARGE_STRING, arrow.LARGE_BINARY, arrow.LARGE_LIST:
		return Offsets64
	case arrow.STRING_VIEW, arrow.BINARY_VIEW:
		return Views
	}
	return Offsets32
}

// NormalType returns t with the names and flags that ListOf, MapOf and StructOf give, all the way down.
func NormalType(t arrow.DataType) arrow.DataType { return MapChildren(t, NormalType) }

// MapChildren returns t, of children whose types f gives: in the form of ListOf, MapOf and StructOf.
func MapChildren(t arrow.DataType, f func(arrow.DataType) arrow.DataType) arrow.DataType {
	switch t := t.(type) {
	case *arrow.MapType:
		return MapOf(f(t.KeyType()), f(t.ItemType()))
	case *arrow.FixedSizeListType:
		return FixedListOf(t.Len(), f(t.Elem()))
	case *arrow.LargeListType:
		return LargeListOf(f(t.Elem()))
	case *arrow.ListType:
		return ListOf(f(t.Elem()))
	case *arrow.StructType:
		names, types := make([]string, t.NumFields()), ChildTypes(t)
		for i := range types {
			names[i], types[i] = t.Field(i).Name, f(types[i])
		}
		return StructOf(names, types)
	}
	return t
}
