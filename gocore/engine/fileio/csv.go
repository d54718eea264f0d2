package fileio

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// CSV is one part of an open CSV file. Its methods are called in order: Schema, then Source, then Close.
type CSV struct {
	path    string
	file    *os.File
	options CSVOptions
	names   []string // of every field of a record
	use     []int    // the fields that are columns
	pieces  []piece
	null    wordSet
	truth   map[string]bool // text of a bool to its value

	kept       []*table.Batch // the pieces, where Schema's first guess of types held
	keptSchema *arrow.Schema
}

// piece is a chunk of which this part reads rows rows after skip.
type piece struct {
	chunk
	skip, take int
}

// OpenCSV opens path, finds its records and takes part part (from 0) of parts equal shares of its rows.
// Errors: NotFound, IO, Malformed, Unsupported, Invalid options, and why ctx ended.
func OpenCSV(ctx context.Context, path string, options CSVOptions, part, parts int) (*CSV, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, status.Errorf(status.NotFound, "no file %s", path)
	} else if err != nil {
		return nil, status.Errorf(status.IO, "opening %s: %w", path, err)
	}
	c := &CSV{path: path, file: f, options: options}
	if err := c.open(ctx, part, parts); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

func (c *CSV) open(ctx context.Context, part, parts int) error {
	magic := make([]byte, 2)
	if _, err := c.file.ReadAt(magic, 0); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		return status.Errorf(status.Unsupported, "%s is compressed with gzip: unpack it first", c.path)
	}
	index, err := indexCSV(ctx, c.file, &c.options)
	if err != nil {
		return err
	}
	if err := c.readNames(index); err != nil {
		return err
	}
	if err := c.selectColumns(); err != nil {
		return err
	}
	chunks, skip, rows := index.share(part, parts)
	for _, ch := range chunks {
		take := int(min(int64(ch.rows-skip), rows))
		c.pieces = append(c.pieces, piece{ch, skip, take})
		rows -= int64(take)
		skip = 0
	}
	c.null.add(c.options.NAValues)
	if c.options.KeepDefaultNA {
		c.null.add(defaultNA)
	}
	c.truth = words(defaultTrue, c.options.TrueValues)
	for text := range words(defaultFalse, c.options.FalseValues) {
		c.truth[text] = false
	}
	return nil
}

// reader returns a record reader over ch, whose bytes are read into text.
func (c *CSV) reader(ch chunk, text []byte) (*recordReader, error) {
	if n, err := c.file.ReadAt(text[:ch.size], ch.offset); int64(n) < ch.size {
		return nil, status.Errorf(status.IO, "reading %s, which has become shorter: %w", c.path, err)
	}
	if !utf8.Valid(text[:ch.size]) {
		return nil, c.notUTF8(ch, text[:ch.size])
	}
	r := &recordReader{path: c.path, data: text[:ch.size], comma: c.options.Delimiter[0], line: ch.line}
	if c.options.Comment != "" {
		r.comment = c.options.Comment[0]
	}
	return r, nil
}

// notUTF8 tells where text stops being UTF-8.
func (c *CSV) notUTF8(ch chunk, text []byte) error {
	at := 0
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	line := bytes.Count(text[:at], []byte{'\n'})
	column := at - bytes.LastIndexByte(text[:at], '\n')
	return malformed(c.path, ch.line+line, "column %d: byte 0x%02x is not UTF-8; convert the file (iconv -f latin1 -t utf-8)", column, text[at])
}

// records calls each for every record of p, with its line; a record with too many fields is refused. The texts of a
// record are lent for the call.
func (c *CSV) records(w *exec.Worker, p piece, each func(record []string, line int) error) error {
	text, err := w.Scope().Alloc(int(p.size))
	if err != nil {
		return err
	}
	defer text.Release()
	r, err := c.reader(p.chunk, text.Bytes())
	if err != nil {
		return err
	}
	for i := range p.skip + p.take {
		record, err := r.next()
		if err != nil {
			return err
		}
		if record == nil {
			return malformed(c.path, p.line, "the file changed while it was read")
		}
		if i < p.skip {
			continue
		}
		if len(record) > len(c.names) {
			return malformed(c.path, r.start, "%d fields where the header has %d", len(record), len(c.names))
		}
		if err := each(record, r.start); err != nil {
			return err
		}
		if i%yieldRows == yieldRows-1 {
			if err := w.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}

const yieldRows = 2048

// Schema returns the columns and their types: those of Options.Types, timestamp[us] for ParseDates, and for the others
// the narrowest of null, bool, int64, double and utf8 that holds every row of this part. Ranks unify theirs before
// they call Source.
//
// The file is parsed as the types of its first rows; where those hold for all, Source need not parse it again.
func (c *CSV) Schema(q *exec.Query) (*arrow.Schema, error) {
	fields := make([]arrow.Field, len(c.use))
	for i, f := range c.use {
		fields[i] = arrow.Field{Name: c.names[f], Nullable: true}
		if given, ok := c.options.Types[c.names[f]]; ok {
			t, err := ParseType(given)
			if err != nil {
				return nil, err
			}
			fields[i].Type = t
		}
	}
	guess := slices.Clone(fields)
	if err := c.infer(q, guess, sampleRows); err != nil {
		return nil, err
	}
	schema := arrow.NewSchema(guess, nil)
	kept := make([]*table.Batch, len(c.pieces))
	err := q.For(len(c.pieces), func(w *exec.Worker, i int) (err error) {
		kept[i], err = c.parse(w, i, schema)
		return err
	})
	if err == nil {
		c.kept, c.keptSchema = kept, schema
		return schema, nil
	}
	for _, b := range kept {
		if b != nil {
			b.Release()
		}
	}
	if !errors.As(err, &valueError{}) {
		return nil, err
	}
	if err := c.infer(q, fields, math.MaxInt); err != nil {
		return nil, err
	}
	return arrow.NewSchema(fields, nil), nil
}

// sampleRows is how many rows of a part the first guess of its types is made from.
const sampleRows = 1000

// Source returns the part's rows as columns of schema, whose fields are those of Schema with types that hold them.
func (c *CSV) Source(schema *arrow.Schema) (exec.Source, error) {
	if schema.NumFields() != len(c.use) {
		return nil, status.Errorf(status.Internal, "%d fields for %d columns of %s", schema.NumFields(), len(c.use), c.path)
	}
	return &csvSource{csv: c, schema: schema}, nil
}

// Close closes the file. The sources it made must not be used any more; their batches stay.
func (c *CSV) Close() error {
	for _, b := range c.kept {
		b.Release()
	}
	c.kept = nil
	return c.file.Close()
}

// ParseType returns the type with the given name: as types print ("int64", "timestamp[us]", "utf8"), or as pandas and
// pyarrow call it ("str", "float64", "datetime64[ns]").
func ParseType(name string) (arrow.DataType, error) {
	if t, ok := typesByName[name]; ok {
		return t, nil
	}
	return nil, status.Errorf(status.Unsupported, "type %q can't be read from CSV; take bool, int8 to uint64, float, double, utf8, date32 or timestamp[us]", name)
}

var typesByName = map[string]arrow.DataType{
	"bool": arrow.FixedWidthTypes.Boolean, "boolean": arrow.FixedWidthTypes.Boolean,
	"int8": arrow.PrimitiveTypes.Int8, "int16": arrow.PrimitiveTypes.Int16, "int32": arrow.PrimitiveTypes.Int32,
	"int64": arrow.PrimitiveTypes.Int64, "int": arrow.PrimitiveTypes.Int64, "Int64": arrow.PrimitiveTypes.Int64,
	"uint8": arrow.PrimitiveTypes.Uint8, "uint16": arrow.PrimitiveTypes.Uint16, "uint32": arrow.PrimitiveTypes.Uint32,
	"uint64": arrow.PrimitiveTypes.Uint64, "float": arrow.PrimitiveTypes.Float32, "float32": arrow.PrimitiveTypes.Float32,
	"double": arrow.PrimitiveTypes.Float64, "float64": arrow.PrimitiveTypes.Float64,
	"utf8": arrow.BinaryTypes.String, "str": arrow.BinaryTypes.String, "string": arrow.BinaryTypes.String, "object": arrow.BinaryTypes.String,
	"date32": arrow.FixedWidthTypes.Date32, "date": arrow.FixedWidthTypes.Date32,
	"timestamp[us]":  &arrow.TimestampType{Unit: arrow.Microsecond},
	"timestamp[ns]":  &arrow.TimestampType{Unit: arrow.Nanosecond},
	"datetime64[ns]": &arrow.TimestampType{Unit: arrow.Nanosecond}, "datetime64[us]": &arrow.TimestampType{Unit: arrow.Microsecond},
	"timestamp[us, tz=UTC]": arrow.FixedWidthTypes.Timestamp_us, "timestamp[ns, tz=UTC]": arrow.FixedWidthTypes.Timestamp_ns,
}
