package fileio

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// CSVWriteOptions is how a CSV file is written.
type CSVWriteOptions struct {
	Delimiter string `json:"delimiter"` // one character
	Header    bool   `json:"header"`
	NA        string `json:"na_rep"` // the text of a null
}

// DefaultCSVWriteOptions is what DataFrame.to_csv(index=False) of pandas writes.
func DefaultCSVWriteOptions() CSVWriteOptions { return CSVWriteOptions{Delimiter: ",", Header: true} }

// CSVWriter is the Sink that writes its batches, in order, to a CSV file (RFC 4180, "\n"). The file appears under its
// name when it is complete.
type CSVWriter struct {
	exec.Collect
	path    string
	schema  *arrow.Schema
	options CSVWriteOptions
}

var _ exec.Sink = (*CSVWriter)(nil)

// NewCSVWriter returns a sink that writes to path.
func NewCSVWriter(path string, schema *arrow.Schema, options CSVWriteOptions) (*CSVWriter, error) {
	if utf8.RuneCountInString(options.Delimiter) != 1 || strings.ContainsAny(options.Delimiter, "\"\r\n\uFFFD") {
		return nil, status.Errorf(status.Invalid, "delimiter %q must be one character, and no quote or line end", options.Delimiter)
	}
	return &CSVWriter{path: path, schema: schema, options: options}, nil
}

// Finish writes the file and returns an empty Source.
func (s *CSVWriter) Finish(q *exec.Query) (exec.Source, error) {
	defer s.Release()
	err := writeFile(s.path, func(f *os.File) error {
		buffered := bufio.NewWriterSize(f, 1<<20)
		w := csvRecords{csv.NewWriter(buffered), buffered}
		w.Comma = []rune(s.options.Delimiter)[0]
		if err := s.write(q, w); err != nil {
			return err
		}
		w.Flush()
		if err := w.Error(); err != nil {
			return err
		}
		return buffered.Flush()
	})
	if err != nil {
		return nil, err
	}
	return exec.NewScan(nil), nil
}

// csvRecords writes records. A record of one empty field would be a blank line, which is no record: it is quoted.
type csvRecords struct {
	*csv.Writer
	out *bufio.Writer // which Writer has as its own buffer, too: it is larger than a new one
}

func (w csvRecords) put(record []string) error {
	if len(record) != 1 || record[0] != "" {
		return w.Write(record)
	}
	_, err := w.out.WriteString("\"\"\n")
	return err
}

func (s *CSVWriter) write(q *exec.Query, w csvRecords) error {
	record := make([]string, s.schema.NumFields())
	if s.options.Header {
		for i, f := range s.schema.Fields() {
			record[i] = f.Name
		}
		if err := w.put(record); err != nil {
			return err
		}
	}
	for _, b := range s.Batches() {
		if err := s.writeBatch(q, w, b, record); err != nil {
			return err
		}
	}
	return nil
}

// writeBatch writes the rows of b, each by way of record.
func (s *CSVWriter) writeBatch(q *exec.Query, w csvRecords, b *table.Batch, record []string) error {
	views, err := b.AsViews(q.Scope)
	if err != nil {
		return err
	}
	defer views.Release()
	texts := make([]func(int) string, len(views.Cols))
	for k := range views.Cols {
		texts[k] = texter(&views.Cols[k])
	}
	for row := range b.Len {
		for k := range views.Cols {
			if views.Cols[k].IsNull(row) {
				record[k] = s.options.NA
			} else {
				record[k] = texts[k](row)
			}
		}
		if err := w.put(record); err != nil {
			return err
		}
		if row%yieldRows == 0 && q.Context().Err() != nil {
			return context.Cause(q.Context())
		}
	}
	return nil
}

// texter returns how a present row of c is written.
func texter(c *column.Column) func(int) string {
	switch column.ValueType(c.Type).ID() {
	case arrow.BOOL:
		bits := column.Bitmap{Bits: c.Values, Offset: c.Offset}
		return func(i int) string {
			if bits.Get(i) {
				return "True"
			}
			return "False"
		}
	case arrow.INT8:
		return integerText[int8](c)
	case arrow.INT16:
		return integerText[int16](c)
	case arrow.INT32:
		return integerText[int32](c)
	case arrow.INT64:
		return integerText[int64](c)
	case arrow.UINT8:
		return integerText[uint8](c)
	case arrow.UINT16:
		return integerText[uint16](c)
	case arrow.UINT32:
		return integerText[uint32](c)
	case arrow.UINT64:
		v := column.Of[uint64](c)
		return func(i int) string { return strconv.FormatUint(v[i], 10) }
	case arrow.FLOAT32:
		v := column.Of[float32](c)
		return func(i int) string { return floatText(float64(v[i]), 32) }
	case arrow.FLOAT64:
		v := column.Of[float64](c)
		return func(i int) string { return floatText(v[i], 64) }
	case arrow.DATE32:
		v := column.Of[int32](c)
		return func(i int) string { return arrow.Date32(v[i]).ToTime().Format(time.DateOnly) }
	case arrow.DATE64:
		v := column.Of[int64](c)
		return func(i int) string { return arrow.Date64(v[i]).ToTime().Format(time.DateOnly) }
	case arrow.TIMESTAMP:
		return timestampText(c)
	case arrow.TIME32, arrow.TIME64:
		return dayTimeText(c)
	case arrow.DURATION:
		return durationText(c)
	case arrow.FIXED_SIZE_BINARY:
		width := c.Width()
		return func(i int) string { return string(c.Values[i*width : (i+1)*width]) }
	}
	if c.Kind == column.String {
		return func(i int) string { return string(c.Views[i].Bytes(c.Heaps)) }
	}
	return func(i int) string { return compute.Format(c, i) } // half floats, decimals, lists and structs
}

func integerText[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](c *column.Column) func(int) string {
	v := column.Of[T](c)
	return func(i int) string { return strconv.FormatInt(int64(v[i]), 10) }
}

// floatText writes the shortest text that reads back as v, with a point or exponent so that it reads back as a float.
func floatText(v float64, bits int) string {
	text := strconv.FormatFloat(v, 'g', -1, bits)
	for i := range len(text) {
		if c := text[i]; c == '.' || c == 'e' || c == 'n' || c == 'I' { // NaN and Inf, too
			return text
		}
	}
	return text + ".0"
}

// ticksOf returns the integers of a column of times or durations.
func ticksOf(c *column.Column) func(int) int64 {
	if c.Kind == column.Int32 {
		v := column.Of[int32](c)
		return func(i int) int64 { return int64(v[i]) }
	}
	v := column.Of[int64](c)
	return func(i int) int64 { return v[i] }
}

// dayTimeText writes a time of the day with the digits of a second that it has.
func dayTimeText(c *column.Column) func(int) string {
	ticks, step := ticksOf(c), compute.TickNanos(c.Type)
	return func(i int) string { return time.Unix(0, ticks(i)*step).UTC().Format("15:04:05.999999999") }
}

// durationText writes a duration as pandas does: -1 days +23:59:59.5.
func durationText(c *column.Column) func(int) string {
	const day = int64(24 * time.Hour)
	ticks, step := ticksOf(c), compute.TickNanos(c.Type)
	return func(i int) string {
		perDay := day / step
		days, rest := ticks(i)/perDay, ticks(i)%perDay
		if rest < 0 {
			days, rest = days-1, rest+perDay
		}
		sign := ""
		if days < 0 {
			sign = "+"
		}
		return fmt.Sprintf("%d days %s%s", days, sign, time.Unix(0, rest*step).UTC().Format("15:04:05.999999999"))
	}
}

// timestampText writes ISO 8601 with the digits of a second that the value has, in the column's zone.
func timestampText(c *column.Column) func(int) string {
	t := column.ValueType(c.Type).(*arrow.TimestampType)
	v := column.Of[int64](c)
	layout := "2006-01-02 15:04:05.999999999"
	zone := time.UTC
	if t.TimeZone != "" {
		layout += "-07:00"
		if z, err := t.GetZone(); err == nil {
			zone = z
		}
	}
	return func(i int) string { return arrow.Timestamp(v[i]).ToTime(t.Unit).In(zone).Format(layout) }
}

// writeFile writes path through a temporary file beside it, so that path is never a part of a file.
func writeFile(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".pycylon-*")
	if err != nil {
		return status.Errorf(status.IO, "writing %s: %w", path, err)
	}
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		code := status.CodeOf(err)
		if code == status.Internal { // of the system: the others say themselves what they are
			code = status.IO
		}
		return status.Errorf(code, "writing %s: %w", path, err)
	}
	return nil
}
