package column

import (
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// MaxDepth is how deep lists and structs may lie in each other.
const MaxDepth = 64

// ParseType returns the type that TypeName calls name.
func ParseType(name string) (arrow.DataType, error) {
	p := typeParser{rest: name}
	t := p.parse(0)
	if t == nil || p.rest != "" {
		return nil, status.Errorf(status.Unsupported, "type %q isn't supported: bool, int8 to uint64, halffloat, float, double, "+
			"utf8, large_utf8, utf8_view, binary, large_binary, binary_view, fixed_size_binary[n], decimal128(precision, scale), "+
			"decimal256(precision, scale), date32, date64, time32[unit], time64[unit], duration[unit], timestamp[unit], "+
			"timestamp[unit, tz=ZONE], dictionary<T, index>, list<T>, large_list<T>, fixed_size_list<T>[n], map<K, V> and "+
			"struct<name: T, ...> are", name)
	}
	return t, nil
}

// typeParser reads a type's name from its start; nil stands for what is none.
type typeParser struct{ rest string }

// accept takes text off the rest, if it begins so.
func (p *typeParser) accept(text string) bool {
	rest, ok := strings.CutPrefix(p.rest, text)
	if ok {
		p.rest = rest
	}
	return ok
}

// word takes a plain word off the rest.
func (p *typeParser) word() string {
	n := 0
	for n < len(p.rest) && fieldName(p.rest[n:n+1]) == p.rest[n:n+1] {
		n++
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return w
}

func (p *typeParser) number() (int, bool) {
	sign := ""
	if p.accept("-") {
		sign = "-"
	}
	n, err := strconv.ParseInt(sign+p.word(), 10, 32)
	return int(n), err == nil
}

func (p *typeParser) parse(depth int) arrow.DataType {
	if depth > MaxDepth {
		return nil
	}
	name := p.word()
	if synonym, ok := synonyms[name]; ok {
		name = synonym
	}
	if t, ok := simpleTypes[name]; ok {
		return t
	}
	switch name {
	case "decimal128", "decimal256":
		return p.decimal(name)
	case "fixed_size_binary":
		if n, ok := p.size(); ok {
			return &arrow.FixedSizeBinaryType{ByteWidth: n}
		}
	case "time32", "time64", "duration", "timestamp":
		return p.time(name)
	case "dictionary":
		return p.dictionary(depth)
	case "list", "large_list", "fixed_size_list", "map", "struct":
		return p.nested(name, depth)
	}
	return nil
}

func (p *typeParser) decimal(name string) arrow.DataType {
	if !p.accept("(") {
		return nil
	}
	precision, okPrecision := p.number()
	comma := p.accept(", ")
	scale, okScale := p.number()
	if !okPrecision || !comma || !okScale || !p.accept(")") {
		return nil
	}
	t, ok := NewDecimalType(name == "decimal256", precision, scale)
	if !ok {
		return nil
	}
	return t
}

// NewDecimalType returns decimal128 or, if wide, decimal256, and false where it can't have that precision and scale.
func NewDecimalType(wide bool, precision, scale int) (arrow.DataType, bool) {
	if precision < 1 || scale < -MaxScale || scale > MaxScale || precision > MaxPrecision || !wide && precision > 38 {
		return nil, false
	}
	if wide {
		return &arrow.Decimal256Type{Precision: int32(precision), Scale: int32(scale)}, true
	}
	return &arrow.Decimal128Type{Precision: int32(precision), Scale: int32(scale)}, true
}

// size reads [n].
func (p *typeParser) size() (int, bool) {
	if !p.accept("[") {
		return 0, false
	}
	n, ok := p.number()
	return n, ok && n >= 0 && p.accept("]")
}

func (p *typeParser) time(name string) arrow.DataType {
	if !p.accept("[") {
		return nil
	}
	unit, ok := timeUnits[p.word()]
	if !ok {
		return nil
	}
	if name == "timestamp" && p.accept(", tz=") {
		zone, rest, closed := strings.Cut(p.rest, "]")
		if !closed || zone == "" {
			return nil
		}
		p.rest = rest
		return &arrow.TimestampType{Unit: unit, TimeZone: zone}
	}
	switch short := unit <= arrow.Millisecond; {
	case !p.accept("]"), name == "time32" && !short, name == "time64" && short:
		return nil
	case name == "time32":
		return &arrow.Time32Type{Unit: unit}
	case name == "time64":
		return &arrow.Time64Type{Unit: unit}
	case name == "duration":
		return &arrow.DurationType{Unit: unit}
	}
	return &arrow.TimestampType{Unit: unit}
}

func (p *typeParser) dictionary(depth int) arrow.DataType {
	if !p.accept("<") {
		return nil
	}
	value := p.parse(depth + 1)
	if value == nil || !p.accept(", ") {
		return nil
	}
	index, ok := simpleTypes[p.word()]
	ordered := p.accept(", ordered")
	if !ok || !arrow.IsInteger(index.ID()) || !p.accept(">") {
		return nil
	}
	t := &arrow.DictionaryType{IndexType: index, ValueType: value, Ordered: ordered}
	if _, ok := KindOf(t); !ok {
		return nil
	}
	return t
}

func (p *typeParser) nested(name string, depth int) arrow.DataType {
	if !p.accept("<") {
		return nil
	}
	if name == "struct" {
		return p.fields(depth)
	}
	t := p.parse(depth + 1)
	if t == nil {
		return nil
	}
	if name == "map" {
		if !p.accept(", ") {
			return nil
		}
		value := p.parse(depth + 1)
		if value == nil || !p.accept(">") {
			return nil
		}
		return MapOf(t, value)
	}
	if !p.accept(">") {
		return nil
	}
	switch name {
	case "list":
		return ListOf(t)
	case "large_list":
		return LargeListOf(t)
	}
	n, ok := p.size()
	if !ok || n == 0 { // Arrow v17 panics at 0
		return nil
	}
	return FixedListOf(int32(n), t)
}

// fields reads the fields of a struct up to its ">".
func (p *typeParser) fields(depth int) arrow.DataType {
	var names []string
	var types []arrow.DataType
	for !p.accept(">") {
		if len(names) > 0 && !p.accept(", ") {
			return nil
		}
		name := p.word()
		if quoted, err := strconv.QuotedPrefix(p.rest); name == "" && err == nil {
			name, _ = strconv.Unquote(quoted)
			p.rest = p.rest[len(quoted):]
		} else if name == "" {
			return nil
		}
		if !p.accept(": ") {
			return nil
		}
		t := p.parse(depth + 1)
		if t == nil {
			return nil
		}
		names, types = append(names, name), append(types, t)
	}
	return StructOf(names, types)
}
