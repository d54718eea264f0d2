package operator

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// column makes a column of first (and second, for strings), null where present is 0; present may be nil.
func (d *groupDecoder) column(t arrow.DataType, present []uint64) (column.Column, error) {
	c, err := compute.New(d.scope, t, len(d.first))
	if err != nil {
		return c, err
	}
	if err = d.fill(&c); err == nil && present != nil && c.Kind != column.Null {
		err = d.setPresent(&c, present)
	}
	if err != nil {
		c.Release()
	}
	return c, err
}

func (d *groupDecoder) fill(c *column.Column) error {
	switch c.Kind {
	case column.Bool:
		for i, w := range d.first {
			c.Values[i>>3] |= byte(w&1) << (i & 7)
		}
	case column.Int8, column.Uint8:
		narrow[uint8](c, d.first)
	case column.Int16, column.Uint16:
		narrow[uint16](c, d.first)
	case column.Int32, column.Uint32:
		narrow[uint32](c, d.first)
	case column.Int64, column.Uint64, column.Float64:
		copy(column.Of[uint64](c), d.first)
	case column.Float32:
		values := column.Of[float32](c)
		for i, w := range d.first {
			values[i] = float32(math.Float64frombits(w))
		}
	case column.String:
		return d.fillStrings(c)
	}
	return nil
}

func narrow[T uint8 | uint16 | uint32](c *column.Column, words []uint64) {
	values := column.Of[T](c)
	for i, w := range words {
		values[i] = T(w)
	}
}

// heapBytes bounds a heap of an output column: a view's offset is an int32.
const heapBytes = 1<<31 - 1

// fillStrings makes views, and heaps of the column's own for the characters of long strings.
func (d *groupDecoder) fillStrings(c *column.Column) error {
	for from := 0; from < c.Len; {
		to, size := from, 0
		for ; to < c.Len; to++ {
			n := stringSize(d.first[to])
			if n <= shortString {
				continue
			}
			if size > 0 && size+n > heapBytes {
				break
			}
			size += n
		}
		var heap []byte
		if size > 0 {
			b, err := d.scope.Alloc(size)
			if err != nil {
				return err
			}
			heap = b.Bytes()[:0]
			c.Heaps, c.Owners = append(c.Heaps, b.Bytes()), append(c.Owners, b)
		}
		for ; from < to; from++ {
			w := [2]uint64{d.first[from], d.second[from]}
			s := chars(&w)
			c.Views[from].Put(s, len(c.Heaps)-1, len(heap))
			if len(s) > shortString {
				heap = append(heap, s...)
			}
		}
	}
	return nil
}

func (d *groupDecoder) setPresent(c *column.Column, present []uint64) error {
	nulls := 0
	for _, p := range present {
		if p == 0 {
			nulls++
		}
	}
	if nulls == 0 {
		return nil
	}
	b, err := d.scope.Zeroed(column.BitmapBytes(c.Len))
	if err != nil {
		return err
	}
	valid := column.Bitmap{Bits: b.Bytes()}
	for i, p := range present {
		if p != 0 {
			valid.Set(i)
		}
	}
	compute.SetValid(c, b, nulls)
	return nil
}
