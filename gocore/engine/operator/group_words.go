package operator

import (
	"bytes"
	"math"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// fixedWords writes the elements of a column that isn't String as words: integers extended to 64 bits, floats as
// float64, booleans as 0 and 1.
func fixedWords(c *column.Column, from, n int, rows []uint32, dst []uint64) {
	dst = dst[:n]
	switch c.Kind {
	case column.Null:
		clear(dst)
	case column.Bool:
		values := column.Bitmap{Bits: c.Values, Offset: c.Offset + from}
		for i := range dst {
			row := i
			if rows != nil {
				row = int(rows[i])
			}
			row += values.Offset
			dst[i] = uint64(values.Bits[row>>3] >> (row & 7) & 1)
		}
	case column.Int8:
		integerWords[int8](c, from, rows, dst)
	case column.Int16:
		integerWords[int16](c, from, rows, dst)
	case column.Int32:
		integerWords[int32](c, from, rows, dst)
	case column.Uint8:
		integerWords[uint8](c, from, rows, dst)
	case column.Uint16:
		integerWords[uint16](c, from, rows, dst)
	case column.Uint32:
		integerWords[uint32](c, from, rows, dst)
	case column.Int64, column.Uint64, column.Float64:
		integerWords[uint64](c, from, rows, dst)
	case column.Float32:
		src := column.Of[float32](c)[from:]
		for i := range dst {
			row := i
			if rows != nil {
				row = int(rows[i])
			}
			dst[i] = math.Float64bits(float64(src[row]))
		}
	}
}

func integerWords[T int8 | int16 | int32 | uint8 | uint16 | uint32 | uint64](c *column.Column, from int, rows []uint32, dst []uint64) {
	src := column.Of[T](c)[from:]
	if rows != nil {
		for i, row := range rows {
			dst[i] = uint64(src[row])
		}
		return
	}
	for i, v := range src[:len(dst)] {
		dst[i] = uint64(v)
	}
}

// floatWords writes words of numbers and booleans of a kind that isn't a float as float64, to dst, which may be words.
func floatWords(kind column.Kind, words, dst []uint64) {
	dst = dst[:len(words)]
	if isUnsigned(kind) {
		for i, w := range words {
			dst[i] = math.Float64bits(float64(w))
		}
		return
	}
	for i, w := range words {
		dst[i] = math.Float64bits(float64(int64(w)))
	}
}

// stringColumnWords writes the two words of each string and tells whether one of them is long. Those of null rows mean
// nothing.
func stringColumnWords(c *column.Column, from int, rows []uint32, w0, w1 []uint64) (long bool) {
	switch c.Layout {
	case column.Offsets32:
		return offsetWords(memory.As[int32](c.Offsets)[from:], c.Heaps, rows, w0, w1)
	case column.Offsets64:
		return offsetWords(memory.As[int64](c.Offsets)[from:], c.Heaps, rows, w0, w1)
	}
	nulls := c.Valid.Bits != nil
	for i := range w0 {
		row := from + i
		if rows != nil {
			row = from + int(rows[i])
		}
		v := &c.Views[row]
		switch {
		case nulls && c.IsNull(row):
			w0[i], w1[i] = 0, 0
		case v.Size > shortString:
			w0[i], w1[i] = viewWords(v, c.Heaps)
			long = true
		default:
			w := (*[2]uint64)(unsafe.Pointer(v))
			w0[i], w1[i] = w[0], w[1]
		}
	}
	return long
}

// shortMasks are the bits of a short string's two words that are characters, by its length.
var shortMasks = func() (masks [shortString + 1][2]uint64) {
	for n := range masks {
		w0, w1 := stringWords(bytes.Repeat([]byte{0xFF}, n))
		masks[n] = [2]uint64{w0 &^ math.MaxUint32, w1}
	}
	return masks
}()

// shortWords returns the words of the n <= shortString bytes at p, behind which there are as many as to shortString.
func shortWords(p unsafe.Pointer, n int) (w0, w1 uint64) {
	mask := &shortMasks[n]
	return uint64(n) | uint64(*(*uint32)(p))<<32&mask[0], *(*uint64)(unsafe.Add(p, 4)) & mask[1]
}

func offsetWords[T int32 | int64](offsets []T, heaps [][]byte, rows []uint32, w0, w1 []uint64) (long bool) {
	heap := heaps[0]
	chars := unsafe.Pointer(unsafe.SliceData(heap))
	last := T(len(heap) - shortString) // from which on there are no 12 bytes to be read at once
	for i := range w0 {
		row := i
		if rows != nil {
			row = int(rows[i])
		}
		at, end := offsets[row], offsets[row+1]
		if n := end - at; uint64(n) <= shortString && at <= last {
			w0[i], w1[i] = shortWords(unsafe.Add(chars, at), int(n))
			continue
		}
		w0[i], w1[i] = stringWords(heap[at:end])
		long = long || stringSize(w0[i]) > shortString
	}
	return long
}
