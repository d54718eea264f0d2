package operator

import "github.com/pycylon/pycylon/gocore/engine/column"

// maskNulls sets bit number bit of the chunk's masks for each row where c is null.
func (e *groupEncoder) maskNulls(c *column.Column, from int, rows []uint32, bit int) {
	eachNull(c, from, rows, e.chunk.n, func(i int) { e.maskRow(i, bit) })
}

// maskRow sets bit number bit of row i's masks.
func (e *groupEncoder) maskRow(i, bit int) {
	if !e.chunk.masked {
		e.chunk.masked = true
		for _, mask := range e.masks {
			clear(mask[:e.chunk.n])
		}
	}
	e.masks[bit/64][i] |= 1 << (bit % 64)
}

// markNulls sets bit number bit of mask, and words to 0, for each row where c is null.
func markNulls(c *column.Column, from int, rows []uint32, mask []uint64, bit int, words []uint64) {
	eachNull(c, from, rows, len(words), func(i int) {
		mask[i] |= 1 << bit
		words[i] = 0
	})
}

func clearNulls(c *column.Column, from int, rows []uint32, words []uint64) {
	eachNull(c, from, rows, len(words), func(i int) { words[i] = 0 })
}

// missingFloat is the NaN that stands for null.
const missingFloat = 0x7FF8_0000_0000_4E41

func nanNulls(c *column.Column, from int, rows []uint32, words []uint64) {
	eachNull(c, from, rows, len(words), func(i int) { words[i] = missingFloat })
}

// eachNull calls f for each of the n rows where c is null.
func eachNull(c *column.Column, from int, rows []uint32, n int, f func(i int)) {
	if c.Kind != column.Null && c.Valid.Bits == nil {
		return
	}
	for i := range n {
		row := from + i
		if rows != nil {
			row = from + int(rows[i])
		}
		if c.IsNull(row) {
			f(i)
		}
	}
}

func validBit(c *column.Column, i int) int {
	i += c.Valid.Offset
	return int(c.Valid.Bits[i>>3] >> (i & 7) & 1)
}
