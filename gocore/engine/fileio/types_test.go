package fileio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const everyType = "n null, b bool, i int16, u uint64, f float, s utf8, v utf8_view, bin binary, bv binary_view, d date32, t timestamp[us, tz=UTC], " +
	"t32 time32[ms], t64 time64[ns], du duration[us], dict dictionary<utf8, int16>, f16 halffloat, dec decimal128(20, 3), wide decimal256(60, 2), " +
	"fb fixed_size_binary[5], li list<int64>, ls large_list<utf8_view>, fl fixed_size_list<double>[3], m map<utf8, int32>, " +
	"st struct<a: int8, s: utf8, d: decimal256(40, 1)>, deep list<struct<x: list<binary>, y: bool>>, nothing struct<>"

// Rows of every type come back, also from slices; strings are large and dictionaries values then.
func TestIPCOfEveryType(t *testing.T) {
	rows := optest.RandomRows(t, 1, everyType, 60, 20)
	for i, row := range rows {
		for k := range row {
			if (i+k)%3 == 0 {
				row[k] = nil
			}
		}
	}
	path := filepath.Join(t.TempDir(), "every.arrow")
	schema := optest.Schema(t, everyType)
	whole := optest.Batch(t, everyType, rows...)
	defer whole.Release()
	for _, batches := range [][]*table.Batch{{whole}, {whole.Slice(13, 30), whole.Slice(1, 5)}, {}} {
		inQuery(t, func(q *exec.Query) {
			var want []string
			for _, b := range batches {
				views, err := b.AsViews(q.Scope)
				require.NoError(t, err)
				want = append(want, optest.Rows(t, views)...)
				views.Release()
			}
			_, err := q.Run(exec.NewScan(batches), nil, NewIPCWriter(path, schema))
			require.NoError(t, err)
			x, err := OpenIPC(path, q.Scope)
			require.NoError(t, err)
			require.Equal(t, "large_list<large_utf8>", column.TypeName(x.Schema().Field(x.Schema().FieldIndices("ls")[0]).Type))
			back, err := x.Source()
			require.NoError(t, err)
			got, err := optest.Materialize(q, x.Schema(), back)
			require.NoError(t, err)
			var read []string
			for _, b := range got.Batches {
				views, err := b.AsViews(q.Scope)
				require.NoError(t, err)
				read = append(read, optest.Rows(t, views)...)
				views.Release()
			}
			require.Equal(t, strings.Join(want, "\n"), strings.Join(read, "\n"))
			got.Release()
			require.NoError(t, x.Close())
		})
	}
}

// Files of others have dictionaries, also inside lists, and arrays that begin in the middle.
func TestIPCOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.arrow")
	alloc := arrowmemory.NewGoAllocator()
	dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	fields := []arrow.Field{{Name: "d", Type: dictionary, Nullable: true}, {Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true},
		{Name: "f", Type: arrow.FixedSizeListOf(2, arrow.BinaryTypes.String), Nullable: true}}
	rows := `[{"d":"x","l":[1],"f":["a","b"]},{"d":"y","l":[2,null,3],"f":null},{"d":null,"l":null,"f":["c",null]},{"d":"x","l":[],"f":["e","a long enough text"]}]`
	record, _, err := array.RecordFromJSON(alloc, arrow.NewSchema(fields, nil), strings.NewReader(rows))
	require.NoError(t, err)
	defer record.Release()
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(record.Schema()))
	require.NoError(t, err)
	part := record.NewSlice(1, 4)
	defer part.Release()
	require.NoError(t, w.Write(part))
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	inQuery(t, func(q *exec.Query) {
		x, err := OpenIPC(path, q.Scope)
		require.NoError(t, err)
		require.Equal(t, "dictionary<utf8, int8>", column.TypeName(x.Schema().Field(0).Type))
		src, err := x.Source()
		require.NoError(t, err)
		got, err := optest.Materialize(q, x.Schema(), src)
		require.NoError(t, err)
		require.Equal(t, []string{`"y" | [2, null, 3] | null`, `null | null | ["c", null]`, `"x" | [] | ["e", "a long enough text"]`}, optest.Rows(t, got.Batches[0]))
		got.Release()
		require.NoError(t, x.Close())
	})
}

func TestCSVTextsOfEveryType(t *testing.T) {
	schema := "t time64[us], u time32[s], d duration[ms], dec decimal128(5, 2), fb fixed_size_binary[2], h halffloat, l list<utf8>, s struct<a: int8>, b binary, c dictionary<date32, int8>"
	path := filepath.Join(t.TempDir(), "every.csv")
	batch := optest.Batch(t, schema, []any{3_661_000_500, 1, -500, optest.Decimal("-1.50"), "ab", 0.5, []any{"x", nil}, optest.Struct{1}, "raw", 1},
		[]any{nil, nil, 90_000_000, nil, nil, nil, nil, nil, nil, nil})
	defer batch.Release()
	inQuery(t, func(q *exec.Query) {
		sink, err := NewCSVWriter(path, optest.Schema(t, schema), DefaultCSVWriteOptions())
		require.NoError(t, err)
		_, err = q.Run(exec.NewScan([]*table.Batch{batch}), nil, sink)
		require.NoError(t, err)
	})
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "t,u,d,dec,fb,h,l,s,b,c\n01:01:01.0005,00:00:01,-1 days +23:59:59.5,-1.50,ab,0.5,\"[\"\"x\"\", null]\",{1},raw,1970-01-02\n,,1 days 01:00:00,,,,,,,\n", string(text))
}
