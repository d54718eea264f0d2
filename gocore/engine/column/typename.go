package column

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// simpleTypes are the types without parameters by their names; those of several names print as the first.
var simpleTypes = map[string]arrow.DataType{
	"null": arrow.Null, "bool": arrow.FixedWidthTypes.Boolean,
	"int8": arrow.PrimitiveTypes.Int8, "int16": arrow.PrimitiveTypes.Int16,
	"int32": arrow.PrimitiveTypes.Int32, "int64": arrow.PrimitiveTypes.Int64,
	"uint8": arrow.PrimitiveTypes.Uint8, "uint16": arrow.PrimitiveTypes.Uint16,
	"uint32": arrow.PrimitiveTypes.Uint32, "uint64": arrow.PrimitiveTypes.Uint64,
	"halffloat": arrow.FixedWidthTypes.Float16, "float": arrow.PrimitiveTypes.Float32, "double": arrow.PrimitiveTypes.Float64,
	"utf8": arrow.BinaryTypes.String, "large_utf8": arrow.BinaryTypes.LargeString, "utf8_view": arrow.BinaryTypes.StringView,
	"binary": arrow.BinaryTypes.Binary, "large_binary": arrow.BinaryTypes.LargeBinary, "binary_view": arrow.BinaryTypes.BinaryView,
	"date32": arrow.FixedWidthTypes.Date32, "date64": arrow.FixedWidthTypes.Date64,
}

var simpleNames = func() map[arrow.Type]string {
	names := map[arrow.Type]string{}
	for name, t := range simpleTypes {
		names[t.ID()] = name
	}
	return names
}()

// synonyms are names that are read, too, and shown to people.
var synonyms = map[string]string{"float16": "halffloat", "float32": "float", "float64": "double", "string_view": "utf8_view"}

var displayNames = func() map[arrow.Type]string {
	names := maps.Clone(simpleNames)
	for shown, name := range synonyms {
		names[simpleTypes[name].ID()] = shown
	}
	return names
}()

var timeUnits = map[string]arrow.TimeUnit{"s": arrow.Second, "ms": arrow.Millisecond, "us": arrow.Microsecond, "ns": arrow.Nanosecond}

// TypeName returns the name of a type as it crosses the C ABI and goes from rank to rank:
//
//	int64  double  utf8  decimal128(10, 2)  fixed_size_binary[4]  time32[s]  duration[us]  timestamp[us, tz=UTC]
//	dictionary<utf8, int32>  dictionary<utf8, int32, ordered>  list<int64>  large_list<T>  fixed_size_list<T>[3]
//	map<K, V>  struct<a: int64, "another name": utf8>
func TypeName(t arrow.DataType) string { return typeName(t, simpleNames) }

// DisplayName is TypeName in the words of NumPy and pandas: float16, float32, float64 and string_view.
func DisplayName(t arrow.DataType) string { return typeName(t, displayNames) }

func typeName(t arrow.DataType, simple map[arrow.Type]string) string {
	if name, ok := simple[t.ID()]; ok {
		return name
	}
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return fmt.Sprintf("decimal128(%d, %d)", t.Precision, t.Scale)
	case *arrow.Decimal256Type:
		return fmt.Sprintf("decimal256(%d, %d)", t.Precision, t.Scale)
	case *arrow.FixedSizeBinaryType:
		return fmt.Sprintf("fixed_size_binary[%d]", t.ByteWidth)
	case *arrow.DictionaryType:
		ordered := ""
		if t.Ordered {
			ordered = ", ordered"
		}
		return fmt.Sprintf("dictionary<%s, %s%s>", typeName(t.ValueType, simple), typeName(t.IndexType, simple), ordered)
	case *arrow.MapType:
		return fmt.Sprintf("map<%s, %s>", typeName(t.KeyType(), simple), typeName(t.ItemType(), simple))
	case *arrow.FixedSizeListType:
		return fmt.Sprintf("fixed_size_list<%s>[%d]", typeName(t.Elem(), simple), t.Len())
	case *arrow.ListType:
		return fmt.Sprintf("list<%s>", typeName(t.Elem(), simple))
	case *arrow.LargeListType:
		return fmt.Sprintf("large_list<%s>", typeName(t.Elem(), simple))
	case *arrow.StructType:
		fields := make([]string, t.NumFields())
		for i, f := range t.Fields() {
			fields[i] = fieldName(f.Name) + ": " + typeName(f.Type, simple)
		}
		return "struct<" + strings.Join(fields, ", ") + ">"
	}
	return t.String() // time32, time64, duration, timestamp, and what isn't supported
}

// fieldName quotes a field's name unless it is a plain word.
func fieldName(name string) string {
	for _, c := range name {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return strconv.Quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// ListOf, LargeListOf, FixedListOf, MapOf and StructOf are the nested types as pycylon holds them: every element may be
// null, whatever its producer said, and the elements' own names are those of Arrow's specification. So types that
// differ only in these are one type.
func ListOf(t arrow.DataType) arrow.DataType { return arrow.ListOfField(element(t)) }

// LargeListOf returns large_list<t>.
func LargeListOf(t arrow.DataType) arrow.DataType { return arrow.LargeListOfField(element(t)) }

// FixedListOf returns fixed_size_list<t>[n].
func FixedListOf(n int32, t arrow.DataType) arrow.DataType {
	return arrow.FixedSizeListOfField(n, element(t))
}

func element(t arrow.DataType) arrow.Field { return arrow.Field{Name: "item", Type: t, Nullable: true} }

// MapOf returns map<key, value>.
func MapOf(key, value arrow.DataType) arrow.DataType { return arrow.MapOf(key, value) }

// StructOf returns struct<names[i]: types[i], ...>.
func StructOf(names []string, types []arrow.DataType) arrow.DataType {
	fields := make([]arrow.Field, len(names))
	for i := range names {
		fields[i] = arrow.Field{Name: names[i], Type: types[i], Nullable: true}
	}
	return arrow.StructOf(fields...)
}
