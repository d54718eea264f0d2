// Package encoding turns a batch into bytes and back: the one format for the wire and for spilled data.
//
//	offset 0        1         4         8       12      16      24       32
//	       | version | 3 zero  | columns | rows  | zero  | seq   | length |  one column descriptor each ...  sections ...
//
// A list or struct is followed by its children, descriptor behind descriptor and section behind section; columns counts
// those that aren't children.
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
//	          List: rows + 1 offsets, from 0 on, of 8 bytes if flags bit 1, else 4; the last is the child's rows.
//	          Struct: nothing.
//
// Decode reads bytes from a peer or a disk: it checks every count and offset, and the columns that it returns lie in
// the encoded bytes, without another copy.
package encoding

import (
	"encoding/binary"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Version is compared by ranks before rows move between them.
const Version = 2

const (
	headerSize     = 32
	descriptorSize = 24
	plain          = 0
	hasValidity    = 1
	wideOffsets    = 2
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
	buffer, _, err := EncodeAll(scope, b, [][]uint32{ids}, seq)
	return buffer, err
}

// EncodeAll is Encode for several lists of rows, whose encoded batches lie one behind the other: it returns their sizes,
// too.
func EncodeAll(scope *memory.Scope, b *table.Batch, lists [][]uint32, seq uint64) (*memory.Buffer, []int, error) {
	plans, sizes, size := make([]plan, len(lists)), make([]int, len(lists)), 0
	room := make([]part, 0, len(lists)*len(b.Cols)) // of all plans, where no column has children
	defer func() {
		for i := range plans {
			plans[i].release()
		}
	}()
	for i, ids := range lists {
		plans[i].parts = room[len(room):]
		if err := plans[i].make(scope, b, ids); err != nil {
			return nil, nil, err
		}
		if n := len(room) + len(plans[i].parts); n <= cap(room) {
			room = room[:n]
		}
		sizes[i] = plans[i].size
		size += sizes[i]
	}
	buffer, err := scope.Alloc(size)
	if err != nil {
		return nil, nil, err
	}
	rest := buffer.Bytes()
	for i := range plans {
		plans[i].write(rest[:sizes[i]], seq)
		rest = rest[sizes[i]:]
	}
	return buffer, sizes, nil
}

// plan is an encoded batch before it is written.
type plan struct {
	columns, rows int
	parts         []part
	size          int
}

func (p *plan) make(scope *memory.Scope, b *table.Batch, ids []uint32) error {
	p.columns, p.rows = len(b.Cols), len(ids)
	if ids == nil {
		p.rows = b.Len
	}
	for i := range b.Cols {
		var err error
		if p.parts, err = divide(p.parts, scope, &b.Cols[i], ids, p.rows); err != nil {
			return err
		}
	}
	p.size = headerSize + descriptorSize*len(p.parts)
	for i := range p.parts {
		d := &p.parts[i].descriptor
		if d.heap > maxHeap {
			return status.Errorf(status.Unsupported, "a column of a batch of %d rows has %s of text: at most %s fit",
				p.rows, memory.Bytes(d.heap), memory.Bytes(maxHeap))
		}
		p.size += d.bytes(p.parts[i].rows)
	}
	return nil
}

// write fills to, which has the plan's size.
func (p *plan) write(to []byte, seq uint64) {
	dst := to[:0]
	dst = append(dst, Version, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(p.columns))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(p.rows))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(p.size))
	for i := range p.parts {
		dst = p.parts[i].descriptor.append(dst)
	}
	w := writer{to[len(dst):]}
	for i := range p.parts {
		w.part(&p.parts[i])
	}
}

func (p *plan) release() {
	for i := range p.parts {
		if p.parts[i].gathered != nil {
			p.parts[i].gathered.Release()
		}
	}
}

// part is a column, or a child of one, that is written: rows ids of c, all where ids is nil.
type part struct {
	c          *column.Column
	ids        []uint32
	rows       int
	descriptor descriptor
	gathered   *column.Column // c itself, where the rows of a nested column had to be gathered
}

// divide appends the parts of a column: itself, then its children.
func divide(parts []part, scope *memory.Scope, c *column.Column, ids []uint32, rows int) ([]part, error) {
	p := part{c: c, ids: ids, rows: rows}
	if ids != nil && column.IsNested(c.Kind) {
		gathered, err := compute.Gather(scope, c, ids)
		if err != nil {
			return parts, err
		}
		p.c, p.ids, p.gathered = &gathered, nil, &gathered
	}
	p.descriptor = describe(p.c, p.ids, rows)
	parts = append(parts, p)
	for i := range p.c.Children {
		child := &p.c.Children[i]
		if p.c.Kind == column.List {
			first, last := p.c.Span()
			elements := child.Slice(first, last-first)
			child = &elements
		}
		var err error
		if parts, err = divide(parts, scope, child, nil, child.Len); err != nil {
			return parts, err
		}
	}
	return parts, nil
}

// part writes the sections of a part.
func (w *writer) part(p *part) {
	d := &p.descriptor
	if d.flags&hasValidity != 0 {
		writeBits(w.section(column.BitmapBytes(p.rows)), p.c.Valid, p.ids, p.rows)
	}
	values := w.section(d.values)
	switch d.kind {
	case column.String:
		writeStrings(memory.As[column.View](values), w.section(d.heap), p.c, p.ids)
	case column.List:
		writeOffsets(values, p.c)
	default:
		writeValues(values, p.c, p.ids, p.rows)
	}
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

// describe measures the rows of a column, without its children.
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
	case column.List:
		d.values = (rows + 1) * c.OffsetWidth()
		if c.Layout == column.Offsets64 {
			d.flags = wideOffsets
		}
	default:
		d.values = rows * c.Width()
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
			d.flags |= hasValidity
		}
	}
	if c.Kind == column.String {
		d.heap = heapBytes(c, ids, rows)
	}
	return d
}
