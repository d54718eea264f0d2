package fileio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// inQuery runs f in a query of two workers and checks that its memory comes back.
func inQuery(t *testing.T, f func(q *exec.Query)) {
	t.Helper()
	budget := memory.NewBudget(0)
	scope := memory.NewScope(budget, t.Name())
	q := exec.NewQuery(context.Background(), exec.NewPool(2), scope)
	f(q)
	require.NoError(t, q.Wait())
	scope.Close()
	require.Zero(t, budget.Used())
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// readCSV returns a part of a file as text: the schema, then a line a row, "null" for a null.
func readCSV(t *testing.T, path string, o CSVOptions, part, parts int) (text string, err error) {
	t.Helper()
	inQuery(t, func(q *exec.Query) {
		var c *CSV
		if c, err = OpenCSV(t.Context(), path, o, part, parts); err != nil {
			return
		}
		defer func() { require.NoError(t, c.Close()) }()
		var schema *arrow.Schema
		if schema, err = c.Schema(q); err != nil {
			return
		}
		var src exec.Source
		if src, err = c.Source(schema); err != nil {
			return
		}
		var tab *table.Table
		if tab, err = optest.Materialize(q, schema, src); err != nil {
			return
		}
		defer tab.Release()
		text = render(tab)
	})
	return text, err
}

func render(tab *table.Table) string {
	var out strings.Builder
	for i, f := range tab.Schema.Fields() {
		if i > 0 {
			out.WriteString(" ")
		}
		fmt.Fprintf(&out, "%s:%s", f.Name, f.Type)
	}
	for _, b := range tab.Batches {
		texts := make([]func(int) string, len(b.Cols))
		for k := range b.Cols {
			if err := b.Cols[k].Check(); err != nil {
				panic(err)
			}
			c, err := b.Cols[k].AsViews(memory.NewScope(memory.NewBudget(0), "render"))
			if err != nil {
				panic(err)
			}
			texts[k] = texter(&c)
		}
		for row := range b.Len {
			out.WriteString("\n")
			for k := range b.Cols {
				if k > 0 {
					out.WriteString("|")
				}
				if b.Cols[k].IsNull(row) {
					out.WriteString("null")
				} else {
					out.WriteString(texts[k](row))
				}
			}
		}
	}
	return out.String()
}

func with(change func(*CSVOptions)) CSVOptions {
	o := DefaultCSVOptions()
	change(&o)
	return o
}

func TestReadCSV(t *testing.T) {
	plain := DefaultCSVOptions()
	for _, c := range []struct {
		name, file string
		options    CSVOptions
		want       string
	}{
		{"types", "a,b,c,d\n1,1.5,x,True\n2,,yy,false\n", plain, "a:int64 b:float64 c:utf8 d:bool\n1|1.5|x|True\n2|null|yy|False"},
		{"int and float make float", "a\n1\n2.5\n", plain, "a:float64\n1.0\n2.5"},
		{"bool and int make text", "a\nTrue\n1\n", plain, "a:utf8\nTrue\n1"},
		{"an integer beyond 64 bits stays text", "a\n1\n18446744073709551616\n", plain, "a:utf8\n1\n18446744073709551616"},
		{"all null", "a,b\n,1\nNA,2\n", plain, "a:null b:int64\nnull|1\nnull|2"},
		{"no last line end, CRLF, BOM", "\xEF\xBB\xBFa,b\r\n1,2\r\n3,4", plain, "a:int64 b:int64\n1|2\n3|4"},
		{"blank lines are no rows", "a\n\n1\n\n\n2\n\n", plain, "a:int64\n1\n2"},
		{"quotes", "a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\nz,1\n", plain, "a:utf8 b:utf8\nx,\"y\"|two\nlines\nz|1"},
		{"quotes and line ends", "a,b\r\n\"x\",\"\"\r\n\"\r\n\",\"\"\"\"\r\n", plain, "a:utf8 b:utf8\nx|null\n\r\n|\""},
		{"a quoted last field without a line end", "a,b\n1,\"x\"", plain, "a:int64 b:utf8\n1|x"},
		{"signs and many digits", "a\n+1\n-9223372036854775808\n", plain, "a:int64\n1\n-9223372036854775808"},
		{"short records are filled with nulls", "a,b\n1\n2,3\n", plain, "a:int64 b:int64\n1|null\n2|3"},
		{"header only", "a,b\n", plain, "a:null b:null"},
		{"names made distinct", "a,a,,a.1\n1,2,3,4\n", plain, "a:int64 a.2:int64 Unnamed: 2:int64 a.1:int64\n1|2|3|4"},
		{"no header", "1,2\n3,4\n", with(func(o *CSVOptions) { o.Header = false }), "0:int64 1:int64\n1|2\n3|4"},
		{"names replace the header", "a,b\n1,2\n", with(func(o *CSVOptions) { o.Names = []string{"x", "y"} }), "x:int64 y:int64\n1|2"},
		{"some columns", "a,b,c\n1,2,3\n", with(func(o *CSVOptions) { o.UseColumns = []string{"c", "a"} }), "a:int64 c:int64\n1|3"},
		{"given types", "a,b\n1,2\n", with(func(o *CSVOptions) { o.Types = map[string]string{"a": "str", "b": "int8"} }), "a:utf8 b:int8\n1|2"},
		{"types of columns that aren't there", "a\n1\n", with(func(o *CSVOptions) { o.Types = map[string]string{"b": "str"} }), "a:int64\n1"},
		{"null texts", "a\n-\nNA\n", with(func(o *CSVOptions) { o.NAValues, o.KeepDefaultNA = []string{"-"}, false }), "a:utf8\nnull\nNA"},
		{"skipped lines and comments", "junk \"\n#x\na\n#y\n1\n", with(func(o *CSVOptions) { o.SkipRows, o.Comment = 1, "#" }), "a:int64\n1"},
		{"comments end lines", "a,b # names\n1,2 # c \"\n# \"full\n\"x#\",\"4\"# \"d\"\n  # only\n5,6#\n", with(func(o *CSVOptions) { o.Comment = "#" }), "a:utf8 b :int64\n1|2\nx#|4\n  |null\n5|6"},
		{"spaces around numbers", "a,b\n 1,2.5 \n", plain, "a:int64 b:float64\n1|2.5"},
		{"the first rows", "a\n1\n2\n3\n", with(func(o *CSVOptions) { o.MaxRows = 2 }), "a:int64\n1\n2"},
		{"dates", "a\n2013-01-01 05:00:00\n2013-01-02\n", with(func(o *CSVOptions) { o.ParseDates = []string{"a"} }),
			"a:timestamp[us]\n2013-01-01 05:00:00\n2013-01-02 00:00:00"},
		{"dates with a zone", "a\n2013-01-01T05:00:00Z\n", with(func(o *CSVOptions) { o.ParseDates = []string{"a"} }),
			"a:timestamp[us, tz=UTC]\n2013-01-01 05:00:00+00:00"},
		{"tabs", "a\tb\n1\t2\n", with(func(o *CSVOptions) { o.Delimiter = "\t" }), "a:int64 b:int64\n1|2"},
		{"long strings", "a\n" + strings.Repeat("long ", 9) + "\nshort\n", plain, "a:utf8\n" + strings.Repeat("long ", 9) + "\nshort"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readCSV(t, write(t, c.file), c.options, 0, 1)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReadCSVRefuses(t *testing.T) {
	plain := DefaultCSVOptions()
	for _, c := range []struct {
		name, file string
		options    CSVOptions
		code       status.Code
		text       string
	}{
		{"empty file", "", plain, status.Malformed, "t.csv is empty"},
		{"too many fields", "a,b\n1,2\n1,2,3\n", plain, status.Malformed, "t.csv, line 3: 3 fields where the header has 2"},
		{"stray quote", "a,b\n1,2\n3,x\"y\n", plain, status.Malformed, "t.csv, line 3: column 4"},
		{"not UTF-8", "a,b\nx,y\nx,\xe9\n", plain, status.Malformed, "t.csv, line 3: column 3: byte 0xe9 is not UTF-8"},
		{"a header that is not UTF-8", "a,\xe9\nx,y\n", plain, status.Malformed, "t.csv, line 1: column 3: byte 0xe9"},
		{"carriage returns alone", "a,b\r1,2\r3,4", plain, status.Malformed, "carriage returns alone"},
		{"text behind a quote", "a,b\n1,\"y\"z\n", plain, status.Malformed, "t.csv, line 2: column 6"},
		{"a quote on a later line of a record", "a,b\n\"x\ny\",z\"\n", plain, status.Malformed, "t.csv, line 3: column 5"},
		{"a header's quote never closed", "a,\"b\n" + strings.Repeat("1,2\n", chunkBytes/4), plain, status.Malformed, "t.csv, line 1: a first record of 4.0 MiB"},
		{"open quote", "a,b\n1,2\n3,\"y\n", plain, status.Malformed, "t.csv, line"},
		{"a value of another type", "a\n1\nx\n", with(func(o *CSVOptions) { o.Types = map[string]string{"a": "int64"} }), status.Malformed, `t.csv, line 3: column "a": "x" is no int64`},
		{"out of range", "a\n300\n", with(func(o *CSVOptions) { o.Types = map[string]string{"a": "uint8"} }), status.Malformed, `"300" is no uint8`},
		{"unknown column", "a\n1\n", with(func(o *CSVOptions) { o.UseColumns = []string{"b"} }), status.NotFound, `no column "b"; it has a`},
		{"unknown type", "a\n1\n", with(func(o *CSVOptions) { o.Types = map[string]string{"a": "list"} }), status.Unsupported, `"list"`},
		{"names of another count", "a\n1\n", with(func(o *CSVOptions) { o.Names = []string{"b", "c"} }), status.Malformed, "1 fields for 2 names"},
		{"delimiter", "a\n1\n", with(func(o *CSVOptions) { o.Delimiter = "ab" }), status.Invalid, "one ASCII character"},
		{"encoding", "a\n1\n", with(func(o *CSVOptions) { o.Encoding = "latin-1" }), status.Unsupported, "utf-8"},
		{"gzip", "\x1f\x8b\x08", plain, status.Unsupported, "gzip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readCSV(t, write(t, c.file), c.options, 0, 1)
			require.Error(t, err)
			require.Equal(t, c.code, status.CodeOf(err), "%v", err)
			require.Contains(t, err.Error(), c.text)
		})
	}
	_, err := OpenCSV(t.Context(), filepath.Join(t.TempDir(), "none.csv"), plain, 0, 1)
	require.Equal(t, status.NotFound, status.CodeOf(err))
}

// The parts of a file are its rows in order, in equal shares, wherever chunks and blocks end.
func TestCSVParts(t *testing.T) {
	for _, rows := range []int{0, 1, 3, 10, 300_000} {
		var file strings.Builder
		file.WriteString("a,b\n")
		for i := range rows {
			fmt.Fprintf(&file, "%d,\"line\n%d\"\n", i, i*7)
		}
		path := write(t, file.String())
		whole, err := readCSV(t, path, DefaultCSVOptions(), 0, 1)
		require.NoError(t, err)
		for _, parts := range []int{2, 3, 4} {
			var all []string
			for part := range parts {
				text, err := readCSV(t, path, DefaultCSVOptions(), part, parts)
				require.NoError(t, err)
				_, body, _ := strings.Cut(text, "\n")
				got := strings.Count(body, "|")
				require.Contains(t, []int{rows / parts, rows/parts + 1}, got)
				if got > 0 {
					all = append(all, body)
				}
			}
			_, want, _ := strings.Cut(whole, "\n")
			require.True(t, want == strings.Join(all, "\n"), "rows %d parts %d", rows, parts)
		}
	}
}

// A value that comes after the first guess of the types was made still counts.
func TestCSVLateValues(t *testing.T) {
	ints := strings.Repeat("1\n", 2*sampleRows)
	for _, c := range []struct{ name, file, wantType string }{
		{"text", "a\n" + ints + "x\n", "a:utf8"},
		{"float", "a\n" + ints + "2.5\n", "a:float64"},
		{"int after nulls", "a\n" + strings.Repeat("NA\n", 2*sampleRows) + "7\n", "a:int64"},
		{"zone", "a\n" + strings.Repeat("2013-01-01\n", 2*sampleRows) + "2013-01-01T05:00:00Z\n", "a:timestamp[us, tz=UTC]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := DefaultCSVOptions()
			if c.name == "zone" {
				o.ParseDates = []string{"a"}
			}
			text, err := readCSV(t, write(t, c.file), o, 0, 1)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(text, c.wantType+"\n"), text[:40])
			require.Equal(t, 2*sampleRows+1, strings.Count(text, "\n"))
		})
	}
}

func TestCSVAndIPCRoundTrip(t *testing.T) {
	file := "i,f,s,b,t,n\n1,0.1,\"a,\"\"b\",True,2013-01-01 05:00:00.5,\n,,,,,\n-3,1e+300," + strings.Repeat("w", 40) + ",False,1969-12-31 23:59:59,\n"
	o := with(func(o *CSVOptions) { o.ParseDates = []string{"t"} })
	want, err := readCSV(t, write(t, file), o, 0, 1)
	require.NoError(t, err)
	dir := t.TempDir()
	csvPath, ipcPath := filepath.Join(dir, "out.csv"), filepath.Join(dir, "out.arrow")
	inQuery(t, func(q *exec.Query) {
		for _, ipc := range []bool{false, true} {
			c, err := OpenCSV(t.Context(), write(t, file), o, 0, 1)
			require.NoError(t, err)
			schema, err := c.Schema(q)
			require.NoError(t, err)
			src, err := c.Source(schema)
			require.NoError(t, err)
			var sink exec.Sink = NewIPCWriter(ipcPath, schema)
			if !ipc {
				sink, err = NewCSVWriter(csvPath, schema, DefaultCSVWriteOptions())
				require.NoError(t, err)
			}
			_, err = q.Run(src, nil, sink)
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}
	})
	got, err := readCSV(t, csvPath, o, 0, 1)
	require.NoError(t, err)
	require.Equal(t, want, got)
	inQuery(t, func(q *exec.Query) {
		x, err := OpenIPC(ipcPath, q.Scope)
		require.NoError(t, err)
		src, err := x.Source()
		require.NoError(t, err)
		tab, err := optest.Materialize(q, x.Schema(), src)
		require.NoError(t, err)
		require.Equal(t, strings.ReplaceAll(want, "s:utf8", "s:large_utf8"), render(tab))
		tab.Release()
		require.NoError(t, x.Close())
	})
	leftovers, err := filepath.Glob(filepath.Join(dir, ".pycylon-*"))
	require.NoError(t, err)
	require.Empty(t, leftovers)
}

// An integer that no int64 holds makes a column text wherever it is, so that parts of a file agree with all of it.
func TestCSVWideIntegers(t *testing.T) {
	const wide = "99999999999999999999"
	late := strings.Repeat("1.5\n", 2*sampleRows) + wide + "\n"
	for _, file := range []string{wide + "\n1.5\n", "1.5\n" + wide + "\n", "1.5\n-" + wide + "\n", "NA\n1\n+" + wide + "\n", late} {
		text, err := readCSV(t, write(t, "a\n"+file), DefaultCSVOptions(), 0, 1)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(text, "a:utf8\n"), text)
		text, err = readCSV(t, write(t, "a\n"+file), with(func(o *CSVOptions) { o.Types = map[string]string{"a": "double"} }), 0, 1)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(text, "a:float64\n"), text)
	}
	text, err := readCSV(t, write(t, "a\n0.12345678901234567\n1234567890123456789\n"), DefaultCSVOptions(), 0, 1)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(text, "a:float64\n"), text)
}

// writeCSV writes what a CSV file holds to another and returns its text.
func writeCSV(t *testing.T, text string, o CSVWriteOptions) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.csv")
	var failed error
	inQuery(t, func(q *exec.Query) {
		c, err := OpenCSV(t.Context(), write(t, text), DefaultCSVOptions(), 0, 1)
		require.NoError(t, err)
		schema, err := c.Schema(q)
		require.NoError(t, err)
		src, err := c.Source(schema)
		require.NoError(t, err)
		sink, err := NewCSVWriter(path, schema, o)
		if failed = err; err == nil {
			_, err = q.Run(src, nil, sink)
			require.NoError(t, err)
		}
		require.NoError(t, c.Close())
	})
	if failed != nil {
		return "", failed
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(got), nil
}

func TestWriteCSV(t *testing.T) {
	options := DefaultCSVWriteOptions()
	for _, text := range []string{"a\n\"\"\nx\n\"\"\n", "a,b\n,\nx,1.5\n"} { // a null alone in its row is no blank line
		got, err := writeCSV(t, text, options)
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
	for _, delimiter := range []string{"", "ab", "\n", "\r", `"`} {
		options.Delimiter = delimiter
		_, err := writeCSV(t, "a\n1\n", options)
		require.Equal(t, status.Invalid, status.CodeOf(err), "%q", delimiter)
	}
}

func TestFailuresOfWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		err  error
		want status.Code
	}{
		{os.ErrPermission, status.IO},
		{context.Canceled, status.Cancelled},
		{status.Errorf(status.OutOfMemory, "no memory"), status.OutOfMemory},
	} {
		err := writeFile(path, func(*os.File) error { return c.err })
		require.Equal(t, c.want, status.CodeOf(err))
		require.ErrorContains(t, err, "writing "+path)
		require.NoFileExists(t, path)
	}
}

// Slices that don't begin at bit or offset 0 leave as they are.
func TestIPCSlices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.arrow")
	inQuery(t, func(q *exec.Query) {
		c, err := OpenCSV(t.Context(), write(t, "s,b\n"+strings.Repeat("x,True\nyy,\n,False\n", 20)), DefaultCSVOptions(), 0, 1)
		require.NoError(t, err)
		schema, err := c.Schema(q)
		require.NoError(t, err)
		src, err := c.Source(schema)
		require.NoError(t, err)
		tab, err := optest.Materialize(q, schema, src)
		require.NoError(t, err)
		defer tab.Release()
		b := tab.Batches[0]
		large, err := b.Cols[0].WithLayout(column.Offsets64, q.Scope)
		require.NoError(t, err)
		defer large.Release()
		whole := &table.Batch{Cols: []column.Column{large, b.Cols[1]}, Len: b.Len}
		part := whole.Slice(13, 30)
		_, err = q.Run(exec.NewScan([]*table.Batch{part}), nil, NewIPCWriter(path, schema))
		require.NoError(t, err)
		x, err := OpenIPC(path, q.Scope)
		require.NoError(t, err)
		back, err := x.Source()
		require.NoError(t, err)
		got, err := optest.Materialize(q, schema, back)
		require.NoError(t, err)
		require.Equal(t, render(&table.Table{Schema: schema, Batches: []*table.Batch{part}}), render(got))
		got.Release()
		require.NoError(t, x.Close())
		require.NoError(t, c.Close())
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add("a,b\n1,\"x\"\n", 2, false)
	f.Add("a\r\n\"\n", 1, false)
	f.Add("a,b # x\n1,\"x\" #\"\n\"#\",2", 2, true)
	f.Fuzz(func(t *testing.T, text string, parts int, comments bool) {
		if parts < 1 || parts > 4 {
			return
		}
		o := DefaultCSVOptions()
		if comments {
			o.Comment = "#"
		}
		path := write(t, text)
		for part := range parts {
			if _, err := readCSV(t, path, o, part, parts); err != nil {
				require.NotEqual(t, status.Internal, status.CodeOf(err), "%v", err)
				require.NotContains(t, err.Error(), "changed", "index and parser disagree on where records end")
			}
		}
	})
}

func TestOpeningACSVFileIsCancelled(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := OpenCSV(ctx, write(t, "a\n1\n"), DefaultCSVOptions(), 0, 1)
	require.ErrorIs(t, err, why)
}

func FuzzOpenIPC(f *testing.F) {
	f.Add([]byte("ARROW1\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "f.arrow")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		inQuery(t, func(q *exec.Query) {
			x, err := OpenIPC(path, q.Scope)
			if err != nil {
				require.NotEqual(t, status.Internal, status.CodeOf(err))
				return
			}
			if _, err = x.Source(); err != nil {
				require.NotEqual(t, status.Internal, status.CodeOf(err))
			}
			require.NoError(t, x.Close())
		})
	})
}
