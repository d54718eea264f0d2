package optest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// numbers returns values as the elements of a numeric kind; nulls get a value that would show.
func numbers(kind column.Kind, values []any) []byte {
	switch kind {
	case column.Int8:
		return memory.BytesOf(convert[int8](values))
	case column.Int16:
		return memory.BytesOf(convert[int16](values))
	case column.Int32:
		return memory.BytesOf(convert[int32](values))
	case column.Int64:
		return memory.BytesOf(convert[int64](values))
	case column.Uint8:
		return memory.BytesOf(convert[uint8](values))
	case column.Uint16:
		return memory.BytesOf(convert[uint16](values))
	case column.Uint32:
		return memory.BytesOf(convert[uint32](values))
	case column.Uint64:
		return memory.BytesOf(convert[uint64](values))
	case column.Float32:
		return memory.BytesOf(convert[float32](values))
	}
	return memory.BytesOf(convert[float64](values))
}

func convert[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64](values []any) []T {
	out := make([]T, len(values))
	for i, value := range values {
		switch v := value.(type) {
		case int:
			out[i] = T(v)
		case uint64:
			out[i] = T(v)
		case float64:
			out[i] = T(v)
		default:
			out[i] = 77
		}
	}
	return out
}

// layoutStrings fills c with strings. Views of null rows point nowhere, as a foreign producer may leave them.
func layoutStrings(c *column.Column, values []string, layout column.Layout, own func(string, []byte) []byte) {
	c.Layout = layout
	heap := []byte("front")
	starts := make([]int, 0, len(values)+1)
	for _, s := range values {
		starts = append(starts, len(heap))
		heap = append(heap, s...)
	}
	starts = append(starts, len(heap))
	heap = own("characters", heap)
	c.Heaps = [][]byte{heap}
	switch layout {
	case column.Offsets32:
		offsets := make([]int32, len(starts))
		for i, at := range starts {
			offsets[i] = int32(at)
		}
		c.Offsets = own("offsets", memory.BytesOf(offsets))
	case column.Offsets64:
		offsets := make([]int64, len(starts))
		for i, at := range starts {
			offsets[i] = int64(at)
		}
		c.Offsets = own("offsets", memory.BytesOf(offsets))
	default:
		views := make([]column.View, len(values))
		for i := range values {
			views[i] = column.MakeView(heap[starts[i]:starts[i+1]], 0, starts[i])
			if c.IsNull(i) {
				views[i] = column.View{Size: 1 << 30, Heap: 1 << 30}
			}
		}
		c.Views = memory.As[column.View](own("views", memory.BytesOf(views)))
	}
}

// Rows returns a batch's rows as text, after it has checked that its columns are well-formed.
func Rows(t testing.TB, b *table.Batch) []string {
	t.Helper()
	require.LessOrEqual(t, b.Len, table.MaxRows)
	for i := range b.Cols {
		c := &b.Cols[i]
		require.Equal(t, b.Len, c.Len, "rows of column %d", i)
		checkColumn(t, c, fmt.Sprintf("column %d", i))
	}
	rows := make([]string, b.Len)
	for r := range rows {
		cells := make([]string, len(b.Cols))
		for i := range b.Cols {
			cells[i] = compute.Format(&b.Cols[i], r)
		}
		rows[r] = strings.Join(cells, " | ")
	}
	return rows
}

func checkColumn(t testing.TB, c *column.Column, name string) {
	t.Helper()
	kind, ok := column.KindOf(c.Type)
	require.True(t, ok && kind == c.Kind, "%s has type %s and kind %d", name, c.Type, c.Kind)
	switch {
	case kind == column.Null:
		require.Equal(t, c.Len, c.Nulls, "nulls of %s", name)
	case c.Valid.Bits == nil:
		require.Zero(t, c.Nulls, "nulls of %s, which has no bitmap", name)
	default:
		require.NotZero(t, c.Nulls, "%s has a bitmap and no nulls", name)
	}
	if kind == column.String {
		require.Equal(t, column.Views, c.Layout, "layout of %s", name)
	}
	require.NoError(t, c.Check(), name)
	for k := range c.Children {
		checkColumn(t, &c.Children[k], fmt.Sprintf("%s.%d", name, k))
	}
}

// RowText writes a literal row as Rows does.
func RowText(row []any) string {
	cells := make([]string, len(row))
	for i, value := range row {
		cells[i] = valueText(value)
	}
	return strings.Join(cells, " | ")
}

// RandomRows returns n rows for the columns that Schema would parse, each value one of distinct: strings of 0 to 20
// characters with common prefixes, integers and floats around 0.
func RandomRows(t testing.TB, seed uint64, columns string, n, distinct int) [][]any {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	schema := Schema(t, columns)
	rows := make([][]any, n)
	for i := range rows {
		for _, field := range schema.Fields() {
			rows[i] = append(rows[i], randomValue(rng, field.Type, distinct))
		}
	}
	return rows
}

func randomValue(rng *rand.Rand, t arrow.DataType, distinct int) any {
	v := rng.IntN(distinct)
	kind, _ := column.KindOf(t)
	switch {
	case kind == column.Null:
		return nil
	case kind == column.Bool:
		return v%2 == 0
	case kind == column.String:
		return strings.Repeat("x", v%17) + strconv.Itoa(v)
	case kind == column.FixedBinary:
		width := column.ValueType(t).(*arrow.FixedSizeBinaryType).ByteWidth
		return (strings.Repeat("x", width) + strconv.Itoa(v%10))[min(width, 1):][:width]
	case kind.IsFloat():
		return float64(v-distinct/2) / 4
	case kind == column.Float16:
		return float64(v%1024) / 4
	case kind == column.Decimal128 || kind == column.Decimal256:
		scale := int(column.ValueType(t).(arrow.DecimalType).GetScale())
		return Decimal(column.DecimalOf(int64(v-distinct/2)).Append(nil, scale))
	case kind == column.List:
		list := []any{}
		for range listSize(t, v%4) {
			list = append(list, randomValue(rng, column.ChildTypes(t)[0], distinct))
		}
		return list
	case kind == column.Struct:
		fields := Struct{}
		for _, field := range column.ChildTypes(t) {
			fields = append(fields, randomValue(rng, field, distinct))
		}
		return fields
	case kind.IsSigned():
		return v - distinct/2
	}
	return v
}
