package operator

import (
	"math"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
)

// slotKind is how a slot's elements are made from a batch.
type slotKind uint8

const (
	slotKey     slotKind = iota // 8 bytes: the key's canonical value, or the hash of the keys
	slotValues                  // the values of a numeric column
	slotBool                    // 1 byte: a bool
	slotViews                   // 16 bytes: a view, its heap renumbered
	slotValid                   // 1 byte: 1 = present
	slotAddress                 // 8 bytes: the row's address, by which compute.Pieces finds what has no fixed width
)

// joinSlot is one array of fixed-width elements, one per row. A side is a list of slots, so that partitioning and
// gathering know nothing of columns: slot 0 is the key, then the values of each kept column and its validity.
type joinSlot struct {
	kind  slotKind
	col   int // position among the kept columns
	width int
}

// joinPart is rows of one side as slots: a partition, or a batch read where it lies.
type joinPart struct {
	rows  int
	slots [][]byte
}

func (p *joinPart) keys() []uint64 { return memory.As[uint64](p.slots[0])[:p.rows] }

// joinSide is one side while it is joined.
type joinSide struct {
	in    *joinInput
	exact bool // slot 0 is the key itself
	slots []joinSlot
	value []int // per kept column: the slot of its values, noSlot for Kind Null and for keys that aren't output
	valid []int // per kept column: the slot of its validity, noSlot without nulls and where value is the address

	address int // the slot of the rows' addresses

	chunks []joinChunk
	first  []int          // hashed: per batch, the number of rows before it
	hashes []uint64       // hashed and partitioned: of every row
	buffer *memory.Buffer // of hashes

	parts  []joinPart
	groups []*memory.Buffer // hold the partitions
}

// joinChunk is batches [from, to) of a side: at least one, and otherwise of a bounded number of rows.
type joinChunk struct{ from, to, rows int }

const noSlot = -1

func newJoinSide(in *joinInput, exact bool, output []bool) *joinSide {
	s := &joinSide{in: in, exact: exact, slots: []joinSlot{{kind: slotKey, col: in.keys[0], width: 8}}, address: noSlot}
	for c, kind := range in.kinds {
		value, valid := noSlot, noSlot
		isKey := in.isKey(c)
		add := func(kind slotKind, width int) int {
			s.slots = append(s.slots, joinSlot{kind, c, width})
			return len(s.slots) - 1
		}
		switch {
		case exact && isKey && (kind == column.Int64 || kind == column.Uint64):
			value = 0
		case kind == column.Null || (!output[c] && !(isKey && !exact)):
		case kind == column.Bool:
			value = add(slotBool, 1)
		case kind == column.String:
			value = add(slotViews, 16)
		case in.byAddress(c):
			if s.address == noSlot {
				s.address = add(slotAddress, 8)
			}
			value = s.address
		default:
			value = add(slotValues, kind.Width())
		}
		if value != noSlot && in.nulls[c] && !in.byAddress(c) {
			valid = add(slotValid, 1)
		}
		s.value, s.valid = append(s.value, value), append(s.valid, valid)
	}
	return s
}

// cut groups the batches into chunks of at most limit rows.
func (s *joinSide) cut(limit int) {
	rows := 0
	for i, b := range s.in.batches {
		s.first = append(s.first, rows)
		rows += b.Len
		last := len(s.chunks) - 1
		if last < 0 || s.chunks[last].rows+b.Len > limit {
			s.chunks = append(s.chunks, joinChunk{from: i})
			last++
		}
		s.chunks[last].to = i + 1
		s.chunks[last].rows += b.Len
	}
}

// hash writes the hashes of batch number i's keys to out.
func (s *joinSide) hash(i int, out []uint64) {
	b := s.in.batches[i]
	keys := make([]*column.Column, len(s.in.keys))
	for k, c := range s.in.keys {
		keys[k] = &b.Cols[c]
	}
	hashing.Columns(keys, out)
}

// inPlace returns n elements of a slot from row from of batch number i on where they lie, nil where they must be made.
func (s *joinSide) inPlace(slot, i, from, n int) []byte {
	x := &s.slots[slot]
	c := &s.in.batches[i].Cols[x.col]
	switch {
	case x.kind == slotKey && s.hashes != nil:
		return memory.BytesOf(s.hashes[s.first[i]+from : s.first[i]+from+n])
	case x.kind == slotKey && s.exact && c.Nulls == 0 && (c.Kind == column.Int64 || c.Kind == column.Uint64),
		x.kind == slotValues && (s.exact || c.Nulls == 0):
		return c.Values[from*x.width : (from+n)*x.width]
	case x.kind == slotViews && c.Layout == column.Views && c.Nulls == 0 && s.in.moved(x.col, i) == nil:
		return memory.BytesOf(c.Views[from : from+n])
	}
	return nil
}

// elements returns n elements of a slot from row from of batch number i on: in place, or made in scratch.
func (s *joinSide) elements(slot, i, from, n int, scratch []byte) []byte {
	if in := s.inPlace(slot, i, from, n); in != nil {
		return in
	}
	x := &s.slots[slot]
	c := &s.in.batches[i].Cols[x.col]
	scratch = scratch[:n*x.width]
	switch x.kind {
	case slotKey:
		if s.exact {
			canonicalKeys(c, from, memory.As[uint64](scratch))
		} else {
			s.hash(i, memory.As[uint64](scratch)) // of a whole batch
		}
	case slotValues:
		copy(scratch, c.Values[from*x.width:])
		s.clearNulls(c, from, x.width, scratch)
	case slotBool:
		expandBits(column.Bitmap{Bits: c.Values, Offset: c.Offset + from}, scratch)
		s.clearNulls(c, from, x.width, scratch)
	case slotValid:
		if c.Nulls == 0 {
			fillElements(scratch, 1)
		} else {
			expandBits(column.Bitmap{Bits: c.Valid.Bits, Offset: c.Valid.Offset + from}, scratch)
		}
	case slotAddress:
		s.addresses(i, from, memory.As[uint64](scratch))
	case slotViews:
		moveViews(memory.As[column.View](scratch), c, from, s.in.moved(x.col, i))
	}
	return scratch
}

// addresses writes those of the rows from row from of batch number i on.
func (s *joinSide) addresses(i, from int, out []uint64) {
	for r := range out {
		out[r] = compute.RowAddress(i, from+r)
	}
}

// clearNulls zeroes the elements of null rows where keys are compared by column: a null equals a null.
func (s *joinSide) clearNulls(c *column.Column, from, width int, elements []byte) {
	if s.exact || c.Nulls == 0 {
		return
	}
	for r := range len(elements) / width {
		if !c.Valid.Get(from + r) {
			clear(elements[r*width : (r+1)*width])
		}
	}
}

// moveViews copies or makes the views from row from on, renumbers their heaps, and clears those of nulls: they may point
// nowhere.
func moveViews(dst []column.View, c *column.Column, from int, moved []uint32) {
	if c.Layout == column.Views {
		copy(dst, c.Views[from:])
	} else {
		c.FillViews(dst, from)
	}
	if c.Nulls > 0 {
		for i := range dst {
			if !c.Valid.Get(from + i) {
				dst[i] = column.View{}
			}
		}
	}
	if moved == nil {
		return
	}
	for i := range dst {
		if !dst[i].IsInline() {
			dst[i].Heap = moved[dst[i].Heap]
		}
	}
}

// expandBits writes bits as bytes of 0 and 1.
func expandBits(bits column.Bitmap, dst []byte) {
	for i := range dst {
		at := bits.Offset + i
		dst[i] = bits.Bits[at>>3] >> (at & 7) & 1
	}
}

const nanKey = 0x7FF8000000000001

// canonicalKeys writes the keys from row from on as 64 bits, equal where the keys are; those of nulls become 0.
func canonicalKeys(c *column.Column, from int, out []uint64) {
	switch c.Kind {
	case column.Null:
		clear(out)
	case column.Bool:
		values := column.Bitmap{Bits: c.Values, Offset: c.Offset}
		for i := range out {
			out[i] = 0
			if values.Get(from + i) {
				out[i] = 1
			}
		}
	case column.Int8:
		widenKeys(column.Of[int8](c)[from:], out)
	case column.Int16:
		widenKeys(column.Of[int16](c)[from:], out)
	case column.Int32:
		widenKeys(column.Of[int32](c)[from:], out)
	case column.Int64, column.Uint64:
		copy(out, column.Of[uint64](c)[from:])
	case column.Uint8:
		widenKeys(column.Of[uint8](c)[from:], out)
	case column.Uint16:
		widenKeys(column.Of[uint16](c)[from:], out)
	case column.Uint32:
		widenKeys(column.Of[uint32](c)[from:], out)
	case column.Float32:
		floatKeys(column.Of[float32](c)[from:], out)
	case column.Float64:
		floatKeys(column.Of[float64](c)[from:], out)
	}
	if c.Nulls > 0 && c.Kind != column.Null {
		for i := range out {
			if !c.Valid.Get(from + i) {
				out[i] = 0
			}
		}
	}
}

func widenKeys[T int8 | int16 | int32 | uint8 | uint16 | uint32](values []T, out []uint64) {
	for i := range out {
		out[i] = uint64(values[i])
	}
}

func floatKeys[T float32 | float64](values []T, out []uint64) {
	for i := range out {
		out[i] = canonicalFloat(float64(values[i]))
	}
}

// canonicalFloat returns the bits of v with one zero and one NaN.
func canonicalFloat(v float64) uint64 {
	switch {
	case v == 0:
		return 0
	case v != v:
		return nanKey
	}
	return math.Float64bits(v)
}

// release frees the partitions that are left and what the input still holds.
func (s *joinSide) release() {
	for g, b := range s.groups {
		if b != nil {
			b.Release()
			s.groups[g] = nil
		}
	}
	if s.buffer != nil {
		s.buffer.Release()
		s.buffer, s.hashes = nil, nil
	}
	s.in.release()
}

// pointer returns where bytes start.
func pointer(bytes []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(bytes)) }
