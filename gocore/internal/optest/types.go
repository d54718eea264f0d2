package optest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Decimal is a literal of a decimal column, with as many digits behind the point as its scale: Decimal("-1.50").
type Decimal string

// Struct is a literal of a struct column, its fields in order. A list, or a map of Structs of key and value, is []any.
type Struct []any

// Schema parses "name type, ..."; types as column.TypeName prints them or as Arrow does ("int64", "float64", "utf8",
// "timestamp[us, tz=UTC]", "list<struct<a: int64, b: decimal128(10, 2)>>").
func Schema(t testing.TB, columns string) *arrow.Schema {
	t.Helper()
	var fields []arrow.Field
	for _, part := range splitColumns(columns) {
		name, typ, _ := strings.Cut(part, " ")
		fields = append(fields, arrow.Field{Name: name, Type: typeOf(t, typ), Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

func typeOf(t testing.TB, name string) arrow.DataType {
	t.Helper()
	typ, err := column.ParseType(name)
	require.NoError(t, err)
	return typ
}

// splitColumns cuts at the commas that lie in no brackets.
func splitColumns(columns string) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range columns {
		switch c {
		case '<', '[', '(':
			depth++
		case '>', ']', ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(columns[from:i]))
				from = i + 1
			}
		}
	}
	return append(parts, strings.TrimSpace(columns[from:]))
}

// valueText writes a literal value as compute.Format does.
func valueText(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return strconv.Quote(v)
	case []any:
		return "[" + valuesText(v) + "]"
	case Struct:
		return "{" + valuesText(v) + "}"
	}
	return fmt.Sprint(value)
}

func valuesText(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = valueText(v)
	}
	return strings.Join(texts, ", ")
}
