package optest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/float16"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Column returns a column of literal values in lent memory, without an owner.
func Column(t testing.TB, typ string, values ...any) column.Column {
	t.Helper()
	return (&lender{}).column(typeOf(t, typ), values, variation{})
}

// Strings is Column for strings in one of the layouts.
func Strings(t testing.TB, layout column.Layout, values ...any) column.Column {
	t.Helper()
	return (&lender{}).column(typeOf(t, "utf8"), values, variation{layout: layout})
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
	case kind == column.FixedBinary:
		return ""
	case kind == column.Decimal128 || kind == column.Decimal256:
		return Decimal(strconv.Itoa(i))
	case kind == column.List:
		return slices.Repeat([]any{lead(column.ChildTypes(t)[0], i)}, listSize(t, i))
	case kind == column.Struct:
		var s Struct
		for _, field := range column.ChildTypes(t) {
			s = append(s, lead(field, i))
		}
		return s
	}
	return 100 + i
}

// listSize returns the elements of a list of type t: those of its type, or n.
func listSize(t arrow.DataType, n int) int {
	if fixed, ok := t.(*arrow.FixedSizeListType); ok {
		return int(fixed.Len())
	}
	return n
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
	case column.List, column.Struct:
		l.children(&c, values, own)
	case column.Decimal128, column.Decimal256, column.FixedBinary, column.Float16:
		c.Values = own(kindName(kind), make([]byte, c.Len*c.Width()))
		for i, value := range values {
			setWide(&c, i, value)
		}
	default:
		c.Values = own(kindName(kind), numbers(kind, values))
	}
	return c
}

func kindName(k column.Kind) string { return fmt.Sprintf("values of kind %d", k) }

// setWide sets row i of a column of the kinds that are no keys by themselves.
func setWide(c *column.Column, i int, value any) {
	switch v := value.(type) {
	case nil:
	case Decimal:
		scale := int(column.ValueType(c.Type).(arrow.DecimalType).GetScale())
		d, ok := column.ParseDecimal(string(v), scale)
		if !ok {
			panic(fmt.Sprintf("%q is no decimal", v))
		}
		c.SetDecimal(i, d)
	case string:
		copy(c.Values[i*c.Width():(i+1)*c.Width()], v)
	case int:
		column.Of[uint16](c)[i] = float16.New(float32(v)).Uint16()
	case float64:
		column.Of[uint16](c)[i] = float16.New(float32(v)).Uint16()
	}
}

// children makes those of a list or struct. Lists have elements under their nulls, too, and in front.
func (l *lender) children(c *column.Column, values []any, own func(string, []byte) []byte) {
	columns := make([][]any, len(column.ChildTypes(c.Type)))
	if c.Kind == column.List {
		c.Layout = column.LayoutOf(c.Type)
		element := column.ChildTypes(c.Type)[0]
		rows := slices.Repeat([]any{lead(element, 1)}, listSize(c.Type, 2))
		ends := []int64{int64(len(rows))}
		for _, value := range values {
			list, ok := value.([]any)
			if !ok {
				list = slices.Repeat([]any{lead(element, 2)}, listSize(c.Type, 1))
			}
			rows = append(rows, list...)
			ends = append(ends, int64(len(rows)))
		}
		columns[0] = rows
		c.Offsets = own("list offsets", offsetBytes(c.Layout, ends))
	} else {
		for _, value := range values {
			fields, _ := value.(Struct)
			for k := range columns {
				var field any
				if fields != nil {
					field = fields[k]
				}
				columns[k] = append(columns[k], field)
			}
		}
	}
	for k, t := range column.ChildTypes(c.Type) {
		child := l.column(t, columns[k], variation{}) // strings inside are views
		c.Children = append(c.Children, child)
		c.Owners = append(c.Owners, child.Owners...)
	}
}

func offsetBytes(layout column.Layout, ends []int64) []byte {
	if layout == column.Offsets64 {
		return memory.BytesOf(ends)
	}
	narrow := make([]int32, len(ends))
	for i, end := range ends {
		narrow[i] = int32(end)
	}
	return memory.BytesOf(narrow)
}
