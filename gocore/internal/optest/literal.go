package optest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

var types = func() map[string]arrow.DataType {
	all := []arrow.DataType{arrow.Null, arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16,
		arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16,
		arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
		arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView,
		arrow.PrimitiveTypes.Date32, arrow.PrimitiveTypes.Date64}
	for unit := arrow.Second; unit <= arrow.Nanosecond; unit++ {
		all = append(all, &arrow.TimestampType{Unit: unit}, &arrow.TimestampType{Unit: unit, TimeZone: "UTC"})
	}
	names := map[string]arrow.DataType{}
	for _, t := range all {
		names[t.String()] = t
	}
	return names
}()

// Schema parses "name type, ..."; types as Arrow prints them ("int64", "float64", "utf8", "timestamp[us, tz=UTC]").
func Schema(t testing.TB, columns string) *arrow.Schema {
	t.Helper()
	var fields []arrow.Field
	for _, part := range strings.Split(strings.ReplaceAll(columns, ", tz", ",tz"), ", ") {
		name, typ, _ := strings.Cut(strings.ReplaceAll(part, ",tz", ", tz"), " ")
		require.NotNil(t, types[typ], "column %q has the unknown type %q", name, typ)
		fields = append(fields, arrow.Field{Name: name, Type: types[typ], Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// Column returns a column of literal values in lent memory, without an owner.
func Column(t testing.TB, typ string, values ...any) column.Column {
	t.Helper()
	require.NotNil(t, types[typ], "unknown type %q", typ)
	return (&lender{}).column(types[typ], values, variation{})
}

// Batch returns a literal batch in lent memory.
func Batch(t testing.TB, columns string, rows ...[]any) *table.Batch {
	t.Helper()
	return (&lender{}).batch(Schema(t, columns), rows, variation{})
}

// lender lends buffers and knows which it hasn't got back.
type lender struct {
	mu   sync.Mutex
	lent map[string]int
}

// lend copies bytes into a buffer that is overwritten when it comes back.
func (l *lender) lend(name string, bytes []byte) *memory.Buffer {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lent == nil {
		l.lent = map[string]int{}
	}
	l.lent[name]++
	return memory.Foreign(bytes, func() {
		for i := range bytes {
			bytes[i] = 0xDD
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.lent[name]--; l.lent[name] == 0 {
			delete(l.lent, name)
		}
	})
}

func (l *lender) held() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lent
}

// batches cuts input as v says.
func (l *lender) batches(t testing.TB, input Input, v variation) []*table.Batch {
	t.Helper()
	schema := Schema(t, input.Columns)
	n := len(input.Rows)
	size := v.rows
	if size == 0 {
		size = max(n, 1)
	}
	var whole *table.Batch
	if !v.apart {
		whole = l.batch(schema, input.Rows, v)
		defer whole.Release()
	}
	var batches []*table.Batch
	add := func(from, to int) {
		var b *table.Batch
		if v.apart {
			b = l.batch(schema, input.Rows[from:to], v)
		} else {
			b = whole.Slice(from, to-from)
			b.Retain()
		}
		b.Seq = uint64(len(batches))
		batches = append(batches, b)
	}
	for from := 0; from < n; from += size {
		if v.empty {
			add(from, from)
		}
		add(from, min(from+size, n))
	}
	if v.empty {
		add(n, n)
	}
	return batches
}

// batch returns rows as a slice of a batch that has v.lead rows more in front.
func (l *lender) batch(schema *arrow.Schema, rows [][]any, v variation) *table.Batch {
	b := &table.Batch{Len: len(rows)}
	for i, field := range schema.Fields() {
		values := make([]any, v.lead, v.lead+len(rows))
		for j := range values {
			values[j] = lead(field.Type, j)
		}
		for _, row := range rows {
			values = append(values, row[i])
		}
		c := l.column(field.Type, values, v)
		b.Cols = append(b.Cols, c.Slice(v.lead, len(rows)))
	}
	return b
}

// lead returns a value for the rows that are cut off: nulls among them.
func lead(t arrow.DataType, i int) any {
	kind, _ := column.KindOf(t)
	switch {
	case i%3 == 0:
		return nil
	case kind == column.Bool:
		return i%2 == 0
	case kind == column.String:
		return strings.Repeat("lead", i)
	}
	return 100 + i
}

// column returns values as a column, whose owners hold one reference each.
func (l *lender) column(t arrow.DataType, values []any, v variation) column.Column {
	kind, _ := column.KindOf(t)
	c := column.Column{Type: t, Kind: kind, Len: len(values)}
	valid := make([]byte, column.BitmapBytes(len(values)))
	for i, value := range values {
		if value == nil {
			c.Nulls++
		} else {
			column.Bitmap{Bits: valid}.Set(i)
		}
	}
	own := func(what string, bytes []byte) []byte {
		c.Owners = append(c.Owners, l.lend(what, bytes))
		return bytes
	}
	if c.Nulls > 0 && kind != column.Null {
		c.Valid = column.Bitmap{Bits: own("validity", valid)}
	}
	switch kind {
	case column.Null:
	case column.Bool:
		c.Values = own("bools", make([]byte, len(valid)))
		for i, value := range values {
			if value == true {
				column.Bitmap{Bits: c.Values}.Set(i)
			}
		}
	case column.String:
		strings := make([]string, len(values))
		for i, value := range values {
			strings[i], _ = value.(string)
		}
		layoutStrings(&c, strings, v.layout, own)
	default:
		c.Values = own(kindName(kind), numbers(kind, values))
	}
	return c
}

func kindName(k column.Kind) string { return fmt.Sprintf("values of kind %d", k) }
