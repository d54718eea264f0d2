package encoding

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// malformed is the error of bytes that Encode can't have written for this schema.
func malformed(format string, args ...any) error {
	e := status.Errorf(status.Malformed, format, args...)
	return status.Errorf(status.Malformed, "an encoded batch is damaged: %w", e)
}

// Read copies an encoded batch into scope and decodes it: for bytes that their owner takes back.
func Read(scope *memory.Scope, schema *arrow.Schema, encoded []byte) (*table.Batch, error) {
	buffer, err := scope.Alloc(len(encoded))
	if err != nil {
		return nil, err
	}
	defer buffer.Release()
	copy(buffer.Bytes(), encoded)
	return Decode(buffer, schema)
}

// Decode returns the batch that lies encoded in buffer, whose columns have the types of schema. They refer to the
// buffer, each with a reference of its own; the caller keeps his.
func Decode(buffer *memory.Buffer, schema *arrow.Schema) (*table.Batch, error) {
	batches, err := DecodeAll(buffer, []int{len(buffer.Bytes())}, schema)
	if err != nil {
		return nil, err
	}
	return batches[0], nil
}

// DecodeAll is Decode for several encoded batches of the given sizes, which lie one behind the other.
func DecodeAll(buffer *memory.Buffer, sizes []int, schema *arrow.Schema) ([]*table.Batch, error) {
	n := schema.NumFields()
	batches, room := make([]table.Batch, len(sizes)), make([]column.Column, n*len(sizes))
	all, rest, owners := make([]*table.Batch, len(sizes)), buffer.Bytes(), []*memory.Buffer{buffer}
	for i, size := range sizes {
		all[i] = &batches[i]
		all[i].Cols = room[i*n : (i+1)*n : (i+1)*n]
		if err := decode(rest[:size:size], owners, schema, all[i]); err != nil {
			return nil, err
		}
		rest = rest[size:]
	}
	for _, b := range all {
		b.Retain()
	}
	return all, nil
}

// decode fills in b, whose columns are there, of the given schema.
func decode(encoded []byte, owners []*memory.Buffer, schema *arrow.Schema, b *table.Batch) error {
	if len(encoded) < headerSize {
		return malformed("%d bytes are no header", len(encoded))
	}
	if v := encoded[0]; v != Version {
		return malformed("version %d, where this is %d", v, Version)
	}
	columns, rows := int(binary.LittleEndian.Uint32(encoded[4:])), int(binary.LittleEndian.Uint32(encoded[8:]))
	seq, length := binary.LittleEndian.Uint64(encoded[16:]), binary.LittleEndian.Uint64(encoded[24:])
	if length != uint64(len(encoded)) {
		return malformed("%d bytes announced, %d there", length, len(encoded))
	}
	if columns != schema.NumFields() {
		return malformed("%d columns, where the schema has %d", columns, schema.NumFields())
	}
	if rows > table.MaxRows {
		return malformed("%d rows in a batch", rows)
	}
	body := headerSize
	for i := range columns {
		body += descriptorSize * partsOf(schema.Field(i).Type)
	}
	if len(encoded) < body {
		return malformed("%d bytes are no %d columns", len(encoded), columns)
	}
	r := reader{descriptors: encoded[headerSize:body], rest: encoded[body:], owners: owners}
	b.Len, b.Seq = rows, seq
	for i := range b.Cols {
		var err error
		if b.Cols[i], err = r.column(schema.Field(i).Type, rows); err != nil {
			return status.Errorf(status.Malformed, "column %q: %w", schema.Field(i).Name, err)
		}
		if err := b.Cols[i].Check(); err != nil {
			return status.Errorf(status.Malformed, "column %q: %w", schema.Field(i).Name, malformed("%w", err))
		}
	}
	if len(r.rest) > 0 {
		return malformed("%d bytes behind its last column", len(r.rest))
	}
	return nil
}

// partsOf returns how many descriptors a column of type t has: its own and its children's.
func partsOf(t arrow.DataType) int {
	n := 1
	for _, child := range column.ChildTypes(t) {
		n += partsOf(child)
	}
	return n
}

func parseDescriptor(src []byte) (descriptor, error) {
	d := descriptor{kind: column.Kind(src[0]), encoding: src[1], flags: src[2], nulls: int(binary.LittleEndian.Uint32(src[4:]))}
	values, heap := binary.LittleEndian.Uint64(src[8:]), binary.LittleEndian.Uint64(src[16:])
	const most = 1 << 40 // no int overflows in sums of these
	if d.encoding != plain {
		return d, malformed("encoding %d isn't known to this version", d.encoding)
	}
	if d.flags&^(hasValidity|wideOffsets) != 0 || values > most || heap > most {
		return d, malformed("a column with flags %#x, %d and %d bytes", d.flags, values, heap)
	}
	d.values, d.heap = int(values), int(heap)
	return d, nil
}

// reader cuts descriptors and sections off the encoded bytes.
type reader struct {
	descriptors, rest []byte
	owners            []*memory.Buffer
}

func (r *reader) section(n int) ([]byte, error) {
	if align(n) > len(r.rest) {
		return nil, malformed("a section of %d bytes, where %d are left", n, len(r.rest))
	}
	s := r.rest[:n:n]
	r.rest = r.rest[align(n):]
	return s, nil
}

// column reads the next column, its children, too. What its readers rely on is then checked by Check, but for the sizes
// that are needed to read on.
func (r *reader) column(t arrow.DataType, rows int) (column.Column, error) {
	d, err := parseDescriptor(r.descriptors)
	if err != nil {
		return column.Column{}, err
	}
	r.descriptors = r.descriptors[descriptorSize:]
	c := column.Column{Type: t, Len: rows, Nulls: d.nulls}
	kind, ok := column.KindOf(t)
	if !ok || kind != d.kind {
		return c, malformed("kind %d, where %s is %d", d.kind, t, kind)
	}
	c.Kind = kind
	if kind != column.Null {
		c.Owners = r.owners
	}
	want := rows * c.Width()
	switch kind {
	case column.Bool:
		want = column.BitmapBytes(rows)
	case column.List:
		c.Layout = column.Offsets32
		if d.flags&wideOffsets != 0 {
			c.Layout = column.Offsets64
		}
		want = (rows + 1) * c.OffsetWidth()
	}
	if d.values != want || (d.heap != 0 && kind != column.String) || (kind == column.Null && (d.nulls != rows || d.flags != 0)) {
		return c, malformed("%d bytes of values and %d nulls for %d rows of %s", d.values, d.nulls, rows, t)
	}
	if d.flags&hasValidity != 0 {
		if c.Valid.Bits, err = r.section(column.BitmapBytes(rows)); err != nil {
			return c, err
		}
		if d.nulls == 0 {
			return c, malformed("a validity bitmap without nulls")
		}
	}
	values, err := r.section(d.values)
	if err != nil {
		return c, err
	}
	heap, err := r.section(d.heap)
	if err != nil {
		return c, err
	}
	switch kind {
	case column.String:
		c.Views = memory.As[column.View](values)[:rows:rows]
		if len(heap) > 0 {
			c.Heaps = [][]byte{heap}
		}
	case column.List:
		c.Offsets = values
		end := lastOffset(&c)
		if end < 0 || end > mostElements {
			return c, malformed("%d elements in %d rows", end, rows)
		}
		err = r.children(&c, end)
	case column.Struct:
		err = r.children(&c, rows)
	default:
		c.Values = values
	}
	return c, err
}

// children reads c's children.
func (r *reader) children(c *column.Column, rows int) error {
	for _, t := range column.ChildTypes(c.Type) {
		child, err := r.column(t, rows)
		if err != nil {
			return err
		}
		c.Children = append(c.Children, child)
	}
	return nil
}

// mostElements bounds a child's rows, so that no sum of its sizes overflows.
const mostElements = 1 << 32

// lastOffset returns the last of a list's offsets, whatever it says.
func lastOffset(c *column.Column) int {
	if c.Layout == column.Offsets64 {
		return int(memory.As[int64](c.Offsets)[c.Len])
	}
	return int(memory.As[int32](c.Offsets)[c.Len])
}
