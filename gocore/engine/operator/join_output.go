package operator

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// joinOutColumn is how one output column is made: from a slot of the left part or of the right part, or of both.
type joinOutColumn struct {
	typ    arrow.DataType
	kind   column.Kind
	width  int // of an element while it is gathered: bools are bytes
	sides  [2]outSource
	either bool // the sides' values are the same wherever both rows exist
	tells  bool // it is the indicator of the sides that the row is of
	heaps  *compute.HeapMerger
	pieces *compute.Pieces // of a column whose rows are gathered by their addresses, which are the values here
}

// outSource is the slots of one side's column; from is false where the output column doesn't read that side.
type outSource struct {
	from         bool
	value, valid int
}

const (
	leftSide  = 0
	rightSide = 1
)

// joinEmitter makes batches of at most table.MaxRows rows.
type joinEmitter interface {
	// start opens a batch of about that many rows.
	start(expected int) error
	// rows is how many the open batch has, room how many it still takes.
	rows() int
	room() int
	// add appends the rows that ids name, by side; nil ids stand for rows that aren't there. Those of side ascending
	// are in order.
	add(parts [2]*joinPart, ids [2][]uint32, ascending int) error
	// finish returns the open batch.
	finish(w *exec.Worker, seq uint64) (*table.Batch, error)
	// free gives back what no batch took.
	free()
}

// joinOutput gathers rows of partitions.
type joinOutput struct {
	cols  []joinOutColumn
	scope *memory.Scope
	n     int
	limit int // rows that the buffers of this batch hold
	data  []outBuffers
}

var _ joinEmitter = (*joinOutput)(nil)

func (o *joinOutput) rows() int { return o.n }

func (o *joinOutput) room() int { return o.limit - o.n }

// outBuffers is the memory of one column of the batch that is being made. valid and the bytes of bools are reused.
type outBuffers struct {
	values *memory.Buffer
	valid  *memory.Buffer // bytes, 1 = present
	nulls  bool           // valid is in use
}

func newJoinOutput(cols []joinOutColumn, scope *memory.Scope) *joinOutput {
	return &joinOutput{cols: cols, scope: scope, data: make([]outBuffers, len(cols))}
}

// start opens a batch that has room for limit rows, and no more.
func (o *joinOutput) start(limit int) error {
	o.n, o.limit = 0, limit
	for i := range o.cols {
		c, d := &o.cols[i], &o.data[i]
		d.nulls = false
		if c.width == 0 || (c.kind == column.Bool && d.values != nil) {
			continue
		}
		size := limit
		if c.kind == column.Bool {
			size = table.MaxRows
		}
		b, err := o.scope.Alloc(size * c.width)
		if err != nil {
			return err
		}
		d.values = b
	}
	return nil
}

func (o *joinOutput) add(parts [2]*joinPart, ids [2][]uint32, ascending int) error {
	n := max(len(ids[leftSide]), len(ids[rightSide]))
	for i := range o.cols {
		c := &o.cols[i]
		if c.width == 0 {
			continue
		}
		if c.tells {
			fillElements(memory.As[column.View](o.data[i].values.Bytes())[o.n:o.n+n], indicatorView(ids[leftSide] != nil, ids[rightSide] != nil))
			continue
		}
		side := leftSide
		switch {
		case c.either && ids[leftSide] != nil && ids[rightSide] != nil:
			side = ascending
		case !c.sides[leftSide].from || (c.sides[rightSide].from && ids[leftSide] == nil):
			side = rightSide
		}
		if err := o.addTo(i, c.sides[side], parts[side], ids[side], n); err != nil {
			return err
		}
	}
	o.n += n
	return nil
}

var indicatorType = arrow.BinaryTypes.String

// indicators are the values of an indicator column, by which sides a row is of.
var indicators = struct{ both, left, right column.View }{
	column.MakeView([]byte("both"), 0, 0), column.MakeView([]byte("left_only"), 0, 0), column.MakeView([]byte("right_only"), 0, 0)}

// indicatorView returns the indicator of a row that has a left row, a right one or both.
func indicatorView(left, right bool) column.View {
	switch {
	case !right:
		return indicators.left
	case !left:
		return indicators.right
	}
	return indicators.both
}

func (o *joinOutput) addTo(i int, from outSource, part *joinPart, ids []uint32, n int) error {
	c, d := &o.cols[i], &o.data[i]
	values := d.values.Bytes()[o.n*c.width : (o.n+n)*c.width]
	if ids == nil && c.pieces != nil {
		fillElements(memory.As[uint64](values), compute.MissingRow)
		return nil
	}
	if ids == nil {
		clear(values)
		valid, err := o.valid(d, n)
		clear(valid)
		return err
	}
	gatherElements(values, part.slots[from.value], c.width, ids)
	switch {
	case from.valid != noSlot:
		valid, err := o.valid(d, n)
		if err != nil {
			return err
		}
		gatherRows(valid, part.slots[from.valid], ids)
	case d.nulls:
		valid, _ := o.valid(d, n)
		fillElements(valid, 1)
	}
	return nil
}

// valid returns the validity of the next n rows; the rows before are present where there was none yet.
func (o *joinOutput) valid(d *outBuffers, n int) ([]byte, error) {
	if d.valid == nil {
		b, err := o.scope.Alloc(table.MaxRows)
		if err != nil {
			return nil, err
		}
		d.valid = b
	}
	if !d.nulls {
		d.nulls = true
		fillElements(d.valid.Bytes()[:o.n], 1)
	}
	return d.valid.Bytes()[o.n : o.n+n], nil
}

func (o *joinOutput) finish(w *exec.Worker, seq uint64) (*table.Batch, error) {
	b := &table.Batch{Cols: make([]column.Column, len(o.cols)), Len: o.n, Seq: seq}
	for i := range o.cols {
		if err := o.finishColumn(i, &b.Cols[i]); err != nil {
			b.Cols = b.Cols[:i]
			b.Release()
			return nil, err
		}
		if err := w.Yield(); err != nil { // a gather by address may take a millisecond
			b.Cols = b.Cols[:i+1]
			b.Release()
			return nil, err
		}
	}
	o.n, o.limit = 0, 0
	return b, nil
}

func (o *joinOutput) finishColumn(i int, dst *column.Column) error {
	c, d := &o.cols[i], &o.data[i]
	if c.pieces != nil {
		var err error
		*dst, err = c.pieces.Gather(o.scope, memory.As[uint64](d.values.Bytes())[:o.n])
		d.values.Release()
		d.values = nil
		return err
	}
	*dst = column.Column{Type: c.typ, Kind: c.kind, Len: o.n}
	var bitmap *memory.Buffer
	if d.nulls {
		var err error
		if bitmap, err = o.pack(d.valid.Bytes()[:o.n]); err != nil {
			return err
		}
	}
	var values *memory.Buffer
	var err error
	switch c.kind {
	case column.Null:
		dst.Nulls = o.n
		return nil
	case column.Bool:
		values, err = o.pack(d.values.Bytes()[:o.n])
	default:
		values, err = o.fit(d.values, o.n*c.width)
		d.values = nil
	}
	if err != nil {
		if bitmap != nil {
			bitmap.Release()
		}
		return err
	}
	dst.Owners = []*memory.Buffer{values}
	if c.kind == column.String {
		dst.Views = memory.As[column.View](values.Bytes())[:o.n:o.n]
		c.heaps.Attach(dst)
	} else {
		dst.Values = values.Bytes()
		if c.kind != column.Bool {
			dst.Values = dst.Values[:o.n*c.width]
		}
	}
	if bitmap != nil {
		compute.SetValid(dst, bitmap, o.n-column.Bitmap{Bits: bitmap.Bytes()}.Count(o.n))
	}
	return nil
}

// fit returns the first n bytes of b in a buffer that isn't much larger. It takes over b's reference.
func (o *joinOutput) fit(b *memory.Buffer, n int) (*memory.Buffer, error) {
	if n >= len(b.Bytes())/4*3 {
		return b, nil
	}
	small, err := o.scope.Alloc(n)
	if err == nil {
		copy(small.Bytes(), b.Bytes())
	}
	b.Release()
	return small, err
}

// pack makes bits of bytes of 0 and 1.
func (o *joinOutput) pack(bytes []byte) (*memory.Buffer, error) {
	b, err := o.scope.Alloc(column.BitmapBytes(len(bytes)))
	if err != nil {
		return nil, err
	}
	dst := b.Bytes()
	for ; len(bytes) >= 8; bytes, dst = bytes[8:], dst[1:] {
		dst[0] = byte(binary.LittleEndian.Uint64(bytes) * 0x0102040810204080 >> 56)
	}
	if len(bytes) > 0 {
		dst[0] = 0
		for i, v := range bytes {
			dst[0] |= v << i
		}
	}
	return b, nil
}

func (o *joinOutput) free() {
	for i := range o.data {
		d := &o.data[i]
		if d.values != nil {
			d.values.Release()
		}
		if d.valid != nil {
			d.valid.Release()
		}
		*d = outBuffers{}
	}
}

func fillElements[T any](elements []T, v T) {
	for i := range elements {
		elements[i] = v
	}
}

func gatherElements(dst, src []byte, width int, ids []uint32) {
	switch width {
	case 1:
		gatherRows(dst, src, ids)
	case 2:
		gatherRows(memory.As[uint16](dst), memory.As[uint16](src), ids)
	case 4:
		gatherRows(memory.As[uint32](dst), memory.As[uint32](src), ids)
	case 8:
		gatherRows(memory.As[uint64](dst), memory.As[uint64](src), ids)
	case 16:
		gatherRows(memory.As[column.View](dst), memory.As[column.View](src), ids)
	case 32:
		gatherRows(memory.As[column.Decimal](dst), memory.As[column.Decimal](src), ids)
	}
}

func gatherRows[T any](dst, src []T, ids []uint32) {
	dst = dst[:len(ids)]
	for i, id := range ids {
		dst[i] = src[id]
	}
}
