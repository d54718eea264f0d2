// Package encoding turns a batch into bytes and back: the one format for the wire and for spilled data.
//
//	offset 0        1         4         8       12      16      24       32
//	       | version | 3 zero  | columns | rows  | zero  | seq   | length |  one column descriptor each ...  sections ...
//
//	descriptor      0      1          2       3      4       8              16           24
//	                | kind | encoding | flags | zero | nulls | values bytes | heap bytes |
//
//	sections of a column, each from a multiple of 8 on: validity (if flags bit 0), values, heap
//
// Integers are little-endian; length is that of the whole. The kind is column.Kind: the logical type is the schema's,
// on which both sides agree beforehand. encoding says how the values are packed, so that others can be added without a
// change to the rest:
//
//	0 plain   numbers: rows x width bytes. Bool: a bitmap from its first bit on. Null: nothing.
//	          String: rows x 16-byte views; the heap holds the characters of views of over 12 bytes, in row order and
//	          nothing else. Null rows have a zero view.
//
// Decode reads bytes from a peer or a disk: it checks every count and offset, and the columns that it returns lie in
// the encoded bytes, without another copy.
package encoding

import (
	"encoding/binary"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Version is compared by peers when they connect.
const Version = 1

const (
	headerSize     = 32
	descriptorSize = 24
	plain          = 0
	hasValidity    = 1
	viewSize       = 16
	maxHeap        = 1<<31 - 1 // a view's offset is an int32 in Arrow
)

// descriptor is a column's entry, and where its sections lie.
type descriptor struct {
	kind     column.Kind
	encoding uint8
	flags    uint8
	nulls    int
	values   int // bytes
	heap     int // bytes
}

func (d *descriptor) append(dst []byte) []byte {
	dst = append(dst, byte(d.kind), d.encoding, d.flags, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(d.nulls))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(d.values))
	return binary.LittleEndian.AppendUint64(dst, uint64(d.heap))
}

// align rounds a size up to where the next section begins.
func align(n int) int { return (n + 7) &^ 7 }

// bytes returns the size of the column's sections for that many rows.
func (d *descriptor) bytes(rows int) int {
	n := align(d.values) + align(d.heap)
	if d.flags&hasValidity != 0 {
		n += align(column.BitmapBytes(rows))
	}
	return n
}

// Encode returns rows of b, in the order of ids, as one encoded batch with the given place in the order, allocated in
// scope. nil ids are all rows.
func Encode(scope *memory.Scope, b *table.Batch, ids []uint32, seq uint64) (*memory.Buffer, error) {
	rows := len(ids)
	if ids == nil {
		rows = b.Len
	}
	descriptors := make([]descriptor, len(b.Cols))
	size := headerSize + descriptorSize*len(b.Cols)
	for i := range b.Cols {
		descriptors[i] = describe(&b.Cols[i], ids, rows)
		if descriptors[i].heap > maxHeap {
			return nil, status.Errorf(status.Unsupported, "column %d of a batch of %d rows has %s of text: at most %s fit",
				i, rows, memory.Bytes(descriptors[i].heap), memory.Bytes(maxHeap))
		}
		size += descriptors[i].bytes(rows)
	}
	buffer, err := scope.Alloc(size)
	if err != nil {
		return nil, err
	}
	dst := buffer.Bytes()[:0]
	dst = append(dst, Version, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.Cols)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(rows))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(size))
	for i := range descriptors {
		dst = descriptors[i].append(dst)
	}
	out := buffer.Bytes()[len(dst):]
	for i := range b.Cols {
		d := &descriptors[i]
		w := writer{out}
		if d.flags&hasValidity != 0 {
			writeBits(w.section(column.BitmapBytes(rows)), b.Cols[i].Valid, ids, rows)
		}
		values := w.section(d.values)
		if d.kind == column.String {
			writeStrings(memory.As[column.View](values), w.section(d.heap), &b.Cols[i], ids)
		} else {
			writeValues(values, &b.Cols[i], ids, rows)
		}
		out = w.rest
	}
	return buffer, nil
}

// writer cuts sections off the bytes to write.
type writer struct{ rest []byte }

// section returns the next n bytes; what lies between them and the next section becomes 0.
func (w *writer) section(n int) []byte {
	s := w.rest[:n]
	clear(w.rest[n:align(n)])
	w.rest = w.rest[align(n):]
	return s
}

// describe measures the rows of a column.
func describe(c *column.Column, ids []uint32, rows int) descriptor {
	d := descriptor{kind: c.Kind, encoding: plain}
	switch c.Kind {
	case column.Null:
		d.nulls = rows
		return d
	case column.Bool:
		d.values = column.BitmapBytes(rows)
	case column.String:
		d.values = rows * viewSize
	default:
		d.values = rows * c.Kind.Width()
	}
	if c.Nulls > 0 {
		d.nulls = c.Nulls
		if ids != nil {
			d.nulls = 0
			for _, id := range ids {
				if !c.Valid.Get(int(id)) {
					d.nulls++
				}
			}
		}
		if d.nulls > 0 {
			d.flags = hasValidity
		}
	}
	if c.Kind == column.String {
		d.heap = heapBytes(c, ids, rows)
	}
	return d
}
