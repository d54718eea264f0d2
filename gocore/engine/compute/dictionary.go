package compute

import (
	"hash/maphash"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Dictionary numbers the distinct values of columns of one type in the order in which they first come: codes of what
// leaves as a dictionary column. An open-addressed table finds a value's code by the hash of its bytes; a small cache
// in front of it finds it by the view itself, since the strings of a column that came in as a dictionary are views of
// the same few characters.
type Dictionary struct {
	scope   *memory.Scope
	typ     arrow.DataType
	seed    maphash.Seed
	cols    []*column.Column
	entries []dictionaryEntry
	slots   []uint32 // code + 1, 0 is free; a power of two of them
	owners  [2]*memory.Buffer
}

// dictionaryEntry is a value: where it lies first, and its hash.
type dictionaryEntry struct{ address, hash uint64 }

const dictionaryStart = 64 // entries that it first has room for

// NewDictionary returns an empty dictionary of values of type t, in scope. Release gives it back.
func NewDictionary(scope *memory.Scope, t arrow.DataType) (*Dictionary, error) {
	d := &Dictionary{scope: scope, typ: t, seed: maphash.MakeSeed()}
	return d, d.grow(dictionaryStart)
}

// Release gives the memory of d back.
func (d *Dictionary) Release() {
	for i, b := range d.owners {
		if b != nil {
			b.Release()
			d.owners[i] = nil
		}
	}
}

// Len returns the number of distinct values.
func (d *Dictionary) Len() int { return len(d.entries) }

// Values returns the distinct values by code.
func (d *Dictionary) Values() (column.Column, error) {
	addresses, owner, err := memory.Make[uint64](d.scope, len(d.entries))
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	for i := range d.entries {
		addresses[i] = d.entries[i].address
	}
	return NewPieces(d.typ, d.cols).Gather(d.scope, addresses)
}

// Encode writes the codes of c's rows, 0 for nulls. c, of d's type and with strings as views, must outlive d.
func (d *Dictionary) Encode(c *column.Column, codes []uint32) error {
	piece := len(d.cols)
	d.cols = append(d.cols, c)
	var cache [256]struct {
		view column.View
		code uint32 // + 1
	}
	for i := range codes {
		codes[i] = 0
		if c.IsNull(i) {
			continue
		}
		if c.Kind != column.String {
			code, err := d.code(valueBytes(c, i), RowAddress(piece, i))
			if err != nil {
				return err
			}
			codes[i] = code
			continue
		}
		v := &c.Views[i]
		cached := &cache[(v.Size*31+v.Heap*17+v.Start+uint32(v.Prefix[0])*7+uint32(v.Prefix[3]))&255]
		if cached.code == 0 || cached.view != *v {
			code, err := d.code(v.Bytes(c.Heaps), RowAddress(piece, i))
			if err != nil {
				return err
			}
			cached.view, cached.code = *v, code+1
		}
		codes[i] = cached.code - 1
	}
	return nil
}

// valueBytes returns the bytes of row i, which isn't null: those of a string, or of an element of a fixed width.
func valueBytes(c *column.Column, i int) []byte {
	if c.Kind == column.String {
		return c.Views[i].Bytes(c.Heaps)
	}
	width := c.Width()
	return c.Values[i*width : (i+1)*width]
}

// code returns the code of a value, a new one where it is new: then it lies at address.
func (d *Dictionary) code(value []byte, address uint64) (uint32, error) {
	h := maphash.Bytes(d.seed, value)
	mask := uint64(len(d.slots) - 1)
	at := h & mask
	for ; d.slots[at] != 0; at = (at + 1) & mask {
		e := &d.entries[d.slots[at]-1]
		if e.hash == h && string(valueBytes(d.cols[e.address>>32], int(uint32(e.address)))) == string(value) {
			return d.slots[at] - 1, nil
		}
	}
	code := uint32(len(d.entries))
	d.entries = append(d.entries, dictionaryEntry{address, h})
	d.slots[at] = code + 1
	if len(d.entries) == cap(d.entries) {
		return code, d.grow(2 * len(d.entries))
	}
	return code, nil
}

// grow makes room for n entries, and twice as many slots.
func (d *Dictionary) grow(n int) error {
	if n > math.MaxInt32 {
		return status.Errorf(status.Unsupported, "a dictionary of over %d values: cast the column to %s", len(d.entries), column.DisplayName(d.typ))
	}
	entries, entriesOwner, err := memory.Make[dictionaryEntry](d.scope, n)
	if err != nil {
		return err
	}
	slotsOwner, err := d.scope.Zeroed(2 * n * 4)
	if err != nil {
		entriesOwner.Release()
		return err
	}
	slots := memory.As[uint32](slotsOwner.Bytes())[:2*n]
	for code := range d.entries {
		at := d.entries[code].hash & uint64(len(slots)-1)
		for slots[at] != 0 {
			at = (at + 1) & uint64(len(slots)-1)
		}
		slots[at] = uint32(code) + 1
	}
	d.entries = append(entries[:0:n], d.entries...)
	d.slots = slots
	d.Release()
	d.owners = [2]*memory.Buffer{entriesOwner, slotsOwner}
	return nil
}

// Decode returns the values that codes, integers below values.Len, stand for, as a column of type t: strings as views
// of the characters of values, which are Views. The code of a null doesn't matter, another beyond values is Malformed.
func Decode(scope *memory.Scope, codes, values *column.Column, t arrow.DataType) (column.Column, error) {
	ids, owner, err := memory.Make[uint32](scope, codes.Len)
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	if wrong := rowIDs(codes, ids, values.Len); wrong >= 0 {
		return column.Column{}, status.Errorf(status.Malformed, "row %d has code %s of a dictionary of %d values",
			wrong, Format(codes, wrong), values.Len)
	}
	c, err := Gather(scope, values, ids)
	c.Type = t
	return c, err
}

// rowIDs writes codes, those of nulls as Missing, and returns the first row whose code isn't below n, or -1.
func rowIDs(codes *column.Column, ids []uint32, n int) int {
	switch codes.Kind {
	case column.Int8:
		return idsOf(column.Of[int8](codes), codes, ids, n)
	case column.Uint8:
		return idsOf(column.Of[uint8](codes), codes, ids, n)
	case column.Int16:
		return idsOf(column.Of[int16](codes), codes, ids, n)
	case column.Uint16:
		return idsOf(column.Of[uint16](codes), codes, ids, n)
	case column.Int32:
		return idsOf(column.Of[int32](codes), codes, ids, n)
	case column.Uint32:
		return idsOf(column.Of[uint32](codes), codes, ids, n)
	case column.Int64:
		return idsOf(column.Of[int64](codes), codes, ids, n)
	}
	return idsOf(column.Of[uint64](codes), codes, ids, n)
}

func idsOf[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](values []T, codes *column.Column, ids []uint32, n int) int {
	for i, v := range values {
		switch {
		case codes.IsNull(i):
			ids[i] = Missing
		case v < 0 || uint64(v) >= uint64(n):
			return i
		default:
			ids[i] = uint32(v)
		}
	}
	return -1
}
