package plan

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// TypeName returns the name of a type as it crosses the C ABI: "int64", "double", "utf8", "timestamp[us, tz=UTC]".
func TypeName(t arrow.DataType) string { return col.TypeName(t) }

// ParseType returns the type that TypeName calls name.
func ParseType(name string) (arrow.DataType, error) { return col.ParseType(name) }

func kindOf(t arrow.DataType) col.Kind {
	k, _ := col.KindOf(t)
	return k
}

// Common returns the narrowest type that holds the values of a and b alike, and false where there is none:
//
//	null with T           T
//	integers              the wider; signed with unsigned: the signed one that holds both (none for uint64)
//	integer with float    double          float with double     double
//	halffloat with float  float
//	decimals, integers    the decimal with the most digits on both sides of the point: 256 bits where 128 aren't enough,
//	                      none where 256 aren't       decimal with float: double
//	string layouts        large_utf8, unless alike    binary layouts: large_binary       string with binary: none
//	dictionary with T     as its values; with a dictionary of the same values: that of the wider codes
//	list with large_list  large_list                  other nested types: only with the same
//	timestamps            the finer unit, if both or neither have a zone; the zone of a
//	times, durations      the finer unit
//	dates                 date64          date with timestamp   none
func Common(a, b arrow.DataType) (arrow.DataType, bool) {
	ka, kb := kindOf(a), kindOf(b)
	switch {
	case arrow.TypeEqual(a, b):
		return a, true
	case a.ID() == arrow.NULL:
		return b, true
	case b.ID() == arrow.NULL:
		return a, true
	case a.ID() == arrow.DICTIONARY || b.ID() == arrow.DICTIONARY:
		return commonDictionary(a, b)
	case ka == col.String && kb == col.String:
		return commonString(a, b)
	case ka == col.List && kb == col.List:
		large := col.LargeListOf(col.ChildTypes(a)[0])
		return large, compute.CanCast(a, large) && compute.CanCast(b, large)
	case isDecimal(a) || isDecimal(b):
		return commonDecimal(a, b)
	case ka == col.Float16 && kb == col.Float32, ka == col.Float32 && kb == col.Float16:
		return arrow.PrimitiveTypes.Float32, true
	case ka == col.Float16 && isNumber(kb), isNumber(ka) && kb == col.Float16:
		return arrow.PrimitiveTypes.Float64, true
	case isTime(a) || isTime(b):
		return compute.CommonTime(a, b)
	case ka.IsInteger() && kb.IsInteger():
		return commonInteger(ka, kb)
	case isNumber(ka) && isNumber(kb):
		return arrow.PrimitiveTypes.Float64, true
	}
	return nil, false
}

func commonString(a, b arrow.DataType) (arrow.DataType, bool) {
	if compute.IsBinary(a) != compute.IsBinary(b) {
		return nil, false
	}
	if compute.IsBinary(a) {
		return arrow.BinaryTypes.LargeBinary, true
	}
	return arrow.BinaryTypes.LargeString, true
}

func commonDecimal(a, b arrow.DataType) (arrow.DataType, bool) {
	if t, ok := compute.CommonDecimal(a, b); ok {
		return t, true
	}
	return arrow.PrimitiveTypes.Float64, isFraction(kindOf(a)) || isFraction(kindOf(b))
}

func isFraction(k col.Kind) bool { return k.IsFloat() || k == col.Float16 }

func commonDictionary(a, b arrow.DataType) (arrow.DataType, bool) {
	da, okA := a.(*arrow.DictionaryType)
	db, okB := b.(*arrow.DictionaryType)
	if !okA || !okB || !arrow.TypeEqual(da.ValueType, db.ValueType) {
		return Common(col.ValueType(a), col.ValueType(b))
	}
	if kindOf(db.IndexType).Width() > kindOf(da.IndexType).Width() {
		return b, true
	}
	return a, true
}

func isNumber(k col.Kind) bool { return k.IsInteger() || k.IsFloat() }

func isTime(t arrow.DataType) bool { return compute.TimeClassOf(t) != compute.NoTime }

var signedOf = map[int]arrow.DataType{1: arrow.PrimitiveTypes.Int8, 2: arrow.PrimitiveTypes.Int16, 4: arrow.PrimitiveTypes.Int32, 8: arrow.PrimitiveTypes.Int64}
var unsignedOf = map[int]arrow.DataType{1: arrow.PrimitiveTypes.Uint8, 2: arrow.PrimitiveTypes.Uint16, 4: arrow.PrimitiveTypes.Uint32, 8: arrow.PrimitiveTypes.Uint64}

func commonInteger(a, b col.Kind) (arrow.DataType, bool) {
	switch {
	case a.IsSigned() && b.IsSigned():
		return signedOf[max(a.Width(), b.Width())], true
	case !a.IsSigned() && !b.IsSigned():
		return unsignedOf[max(a.Width(), b.Width())], true
	case b.IsSigned():
		a, b = b, a
	}
	t, ok := signedOf[max(a.Width(), 2*b.Width())]
	return t, ok
}

// sameHash tells whether values of from that were cast to another type hash as before, so that rows placed by one are
// placed by the other. Narrower integers are the same numbers, or an error; narrower floats are other numbers.
func sameHash(from, to arrow.DataType) bool {
	a, b := col.ValueType(from), col.ValueType(to)
	ka, kb := kindOf(a), kindOf(b)
	switch {
	case arrow.TypeEqual(a, b):
		return true
	case isTime(a) || isTime(b):
		return false // units differ
	case ka.IsFloat() && kb.IsFloat():
		return ka.Width() <= kb.Width()
	case ka.IsInteger() && kb.IsInteger(), ka == col.String && kb == col.String:
		return true
	}
	return false
}

// UnifySchemas returns the schema that holds the rows of both: names and order must be the same, types become their
// Common type, a field is nullable if either is.
func UnifySchemas(a, b *arrow.Schema) (*arrow.Schema, error) { return unify(a, b, nil) }

// UnifyTexts is UnifySchemas for parts of one text file: what has no common type is read as utf8, as it would be if one
// reader had seen the whole file.
func UnifyTexts(a, b *arrow.Schema) (*arrow.Schema, error) {
	return unify(a, b, arrow.BinaryTypes.String)
}

// unify is UnifySchemas; columns without a common type become otherwise, where there is one.
func unify(a, b *arrow.Schema, otherwise arrow.DataType) (*arrow.Schema, error) {
	if a.NumFields() != b.NumFields() {
		return nil, status.Errorf(status.TypeMismatch, "one has %d columns [%s], the other %d [%s]", a.NumFields(), list(a), b.NumFields(), list(b))
	}
	fields := make([]arrow.Field, a.NumFields())
	for i := range fields {
		fa, fb := a.Field(i), b.Field(i)
		if fa.Name != fb.Name {
			return nil, status.Errorf(status.TypeMismatch, "column %d is %q in one and %q in the other: give all the same columns in the same order", i, fa.Name, fb.Name)
		}
		t, ok := Common(fa.Type, fb.Type)
		if !ok {
			t = otherwise
		}
		if t == nil {
			return nil, status.Errorf(status.TypeMismatch, "column %q is %s in one and %s in the other: cast one of them", fa.Name, fa.Type, fb.Type)
		}
		fields[i] = arrow.Field{Name: fa.Name, Type: t, Nullable: fa.Nullable || fb.Nullable}
	}
	return arrow.NewSchema(fields, nil), nil
}

// checkKey refuses columns that aren't compared, by name.
func checkKey(f arrow.Field) error {
	if _, ok := compute.KeyType(f.Type); !ok {
		return notComparable(f)
	}
	return nil
}

// checkSchema refuses types that pycylon doesn't support, and names that can't be told or are there twice.
func checkSchema(s *arrow.Schema) error {
	seen := make(map[string]bool, s.NumFields())
	for _, f := range s.Fields() {
		if _, ok := col.KindOf(f.Type); !ok {
			return status.Errorf(status.Unsupported, "column %q has type %s, which isn't supported: cast or drop it first", f.Name, f.Type)
		}
		if err := col.CheckName(f.Name); err != nil {
			return status.Errorf(status.Invalid, "%w", err)
		}
		if seen[f.Name] {
			return status.Errorf(status.Invalid, "two columns are called %q: rename one of them", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

func list(s *arrow.Schema) string {
	const shown = 20
	names := make([]string, 0, shown)
	for i, f := range s.Fields() {
		if i == shown {
			names = append(names, fmt.Sprintf("... %d more", s.NumFields()-shown))
			break
		}
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
