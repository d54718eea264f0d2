package encoding

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

func newScope(t testing.TB) *memory.Scope {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	t.Cleanup(scope.Close)
	return scope
}

func cells(b *table.Batch, ids []uint32) []string {
	if ids == nil {
		for i := range b.Len {
			ids = append(ids, uint32(i))
		}
	}
	var rows []string
	for _, id := range ids {
		var row []string
		for k := range b.Cols {
			row = append(row, compute.Format(&b.Cols[k], int(id)))
		}
		rows = append(rows, strings.Join(row, "|"))
	}
	return rows
}

const everyKind = "n null, b bool, i1 int8, i2 int16, i4 int32, i8 int64, u1 uint8, u2 uint16, u4 uint32, u8 uint64, " +
	"f float32, d float64, s utf8, l large_utf8, v string_view, day date32, t timestamp[us, tz=UTC], " +
	"h halffloat, dec decimal128(10, 2), wide decimal256(50, 2), fb fixed_size_binary[3], li list<utf8>, la large_list<int64>, " +
	"st struct<a: int8, b: list<struct<c: utf8, d: bool>>>"

func everyRow(i int) []any {
	long := strings.Repeat("x", 9+i)
	return []any{nil, i%2 == 0, i, i, -i, i, i, i, i, i, 0.5 * float64(i), math.NaN(), long, "short", long + "!", i, i,
		0.5, optest.Decimal("-1.25"), optest.Decimal("3.50"), "abc", []any{long, nil, "z"}, []any{i, i + 1},
		optest.Struct{i, []any{optest.Struct{long, true}, optest.Struct{nil, nil}}}}
}

func everyBatch(t testing.TB, rows int) *table.Batch {
	var list [][]any
	for i := range rows {
		row := everyRow(i)
		if i%3 == 1 {
			for k := range row {
				row[k] = nil
			}
		}
		list = append(list, row)
	}
	return optest.Batch(t, everyKind, list...)
}

func TestRoundTrip(t *testing.T) {
	leak.Check(t)
	whole := everyBatch(t, 40)
	defer whole.Release()
	for name, test := range map[string]struct {
		batch *table.Batch
		ids   []uint32
	}{
		"all":          {whole, nil},
		"slice":        {whole.Slice(5, 17), nil},
		"odd slice":    {whole.Slice(9, 1), nil},
		"no rows":      {whole.Slice(3, 0), nil},
		"picked":       {whole, []uint32{39, 0, 0, 7, 12, 13, 14, 1, 4, 7}},
		"picked none":  {whole, []uint32{}},
		"picked valid": {whole, []uint32{0, 2, 3, 5}},
		"of a slice":   {whole.Slice(11, 20), []uint32{19, 3, 4, 5, 6, 7, 8, 9, 10}},
	} {
		t.Run(name, func(t *testing.T) {
			scope := newScope(t)
			schema := optest.Schema(t, everyKind)
			buffer, err := Encode(scope, test.batch, test.ids, 77)
			require.NoError(t, err)
			got, err := Read(scope, schema, buffer.Bytes())
			require.NoError(t, err)
			require.EqualValues(t, 77, got.Seq)
			require.Equal(t, cells(test.batch, test.ids), cells(got, nil))
			for k := range got.Cols {
				require.Equal(t, got.Cols[k].Nulls == 0 || got.Cols[k].Kind == column.Null, got.Cols[k].Valid.Bits == nil)
			}
			got.Release()
			buffer.Release()
			require.Zero(t, scope.Held())
		})
	}
}

func TestOffsetsAreTruncatedAndOnlyLiveCharactersTravel(t *testing.T) {
	scope := newScope(t)
	long := strings.Repeat("dead", 1000)
	b := optest.Batch(t, "s utf8", []any{long}, []any{"alive and over twelve"}, []any{"short"}, []any{long})
	defer b.Release()
	buffer, err := Encode(scope, b.Slice(1, 2), nil, 0)
	require.NoError(t, err)
	require.Equal(t, headerSize+descriptorSize+2*viewSize+align(len("alive and over twelve")), len(buffer.Bytes()))
}

func TestDecodeRefusesDamage(t *testing.T) {
	scope := newScope(t)
	b := everyBatch(t, 20)
	defer b.Release()
	schema := optest.Schema(t, everyKind)
	buffer, err := Encode(scope, b, nil, 0)
	require.NoError(t, err)
	whole := buffer.Bytes()
	descriptor := func(i int) int { return headerSize + i*descriptorSize }
	valuesAt := func(column int) int { // of a column that has nulls
		at := headerSize
		for _, f := range schema.Fields() {
			at += descriptorSize * partsOf(f.Type)
		}
		for i := range column {
			d := describe(&b.Cols[i], nil, b.Len)
			at += d.bytes(b.Len)
		}
		return at + align((b.Len+7)/8)
	}
	viewsAt, decimalAt, listAt := func() int { return valuesAt(12) }, func() int { return valuesAt(18) }, func() int { return valuesAt(21) }
	for name, damage := range map[string]func(e []byte) []byte{
		"empty":             func(e []byte) []byte { return nil },
		"header only":       func(e []byte) []byte { return e[:headerSize] },
		"cut":               func(e []byte) []byte { return e[:len(e)-8] },
		"longer":            func(e []byte) []byte { return append(e, 0) },
		"version":           func(e []byte) []byte { e[0] = 9; return e },
		"columns":           func(e []byte) []byte { e[4]++; return e },
		"rows":              func(e []byte) []byte { e[8]++; return e },
		"many rows":         func(e []byte) []byte { e[11] = 0xFF; return e },
		"kind":              func(e []byte) []byte { e[descriptor(5)] = byte(column.Float64); return e },
		"encoding":          func(e []byte) []byte { e[descriptor(5)+1] = 1; return e },
		"flags":             func(e []byte) []byte { e[descriptor(5)+2] = 0xFE; return e },
		"no validity":       func(e []byte) []byte { e[descriptor(5)+2] = 0; return e },
		"null count":        func(e []byte) []byte { e[descriptor(5)+4]++; return e },
		"values size":       func(e []byte) []byte { e[descriptor(5)+8]++; return e },
		"huge values":       func(e []byte) []byte { e[descriptor(5)+15] = 0xFF; return e },
		"huge heap":         func(e []byte) []byte { e[descriptor(12)+21] = 0xFF; return e },
		"heap of numbers":   func(e []byte) []byte { e[descriptor(5)+16] = 8; return e },
		"view beyond":       func(e []byte) []byte { e[viewsAt()+5*16+12] = 0xFF; e[viewsAt()+5*16+13] = 0xFF; return e },
		"view of heap 1":    func(e []byte) []byte { e[viewsAt()+5*16+8] = 1; return e },
		"view size":         func(e []byte) []byte { e[viewsAt()+5*16+3] = 0x7F; return e },
		"list runs back":    func(e []byte) []byte { e[listAt()+5*4+1] = 0x70; return e },
		"list beyond":       func(e []byte) []byte { e[listAt()+20*4+3]++; return e },
		"list negative":     func(e []byte) []byte { e[listAt()+20*4+3] = 0xFF; return e },
		"decimal digits":    func(e []byte) []byte { e[decimalAt()+15] = 0x40; return e },
		"nulls of the null": func(e []byte) []byte { e[descriptor(0)+4]--; return e },
	} {
		t.Run(name, func(t *testing.T) {
			damaged := damage(append([]byte(nil), whole...))
			if name == "longer" {
				binary.LittleEndian.PutUint64(damaged[24:], uint64(len(damaged)))
			}
			_, err := Read(scope, schema, damaged)
			require.Equal(t, status.Malformed, status.CodeOf(err), "%v", err)
		})
	}
}

func FuzzDecode(f *testing.F) {
	scope := memory.NewScope(memory.NewBudget(0), "fuzz")
	b := everyBatch(f, 9)
	for _, ids := range [][]uint32{nil, {}, {1, 4}, {0, 8, 3}} {
		buffer, err := Encode(scope, b, ids, 5)
		require.NoError(f, err)
		f.Add(append([]byte(nil), buffer.Bytes()...))
	}
	schema := optest.Schema(f, everyKind)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		scope := memory.NewScope(memory.NewBudget(0), "fuzz")
		defer scope.Close()
		b, err := Read(scope, schema, encoded)
		if err != nil {
			return
		}
		_ = cells(b, nil) // reads every value
		again, err := Encode(scope, b, nil, b.Seq)
		require.NoError(t, err)
		require.LessOrEqual(t, len(again.Bytes()), len(encoded)+1024)
		b.Release()
		again.Release()
		require.Zero(t, scope.Held())
	})
}

func BenchmarkEncode(b *testing.B) {
	scope := newScope(b)
	const rows = 64 << 10
	ids := make([]uint32, rows/4)
	for i := range ids {
		ids[i] = uint32(4 * i)
	}
	batch := &table.Batch{Len: rows}
	for range 2 {
		values, _, err := memory.Make[int64](scope, rows)
		require.NoError(b, err)
		batch.Cols = append(batch.Cols, column.Column{Type: optest.Schema(b, "a int64").Field(0).Type, Kind: column.Int64, Len: rows, Values: memory.BytesOf(values)})
	}
	b.SetBytes(int64(len(ids) * 16))
	for b.Loop() {
		buffer, err := Encode(scope, batch, ids, 0)
		if err != nil {
			b.Fatal(err)
		}
		buffer.Release()
	}
}
