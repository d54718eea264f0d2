package operator

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// groupChunkRows is how many rows are worked on at a time: their words stay in the L1 cache.
const groupChunkRows = 1024

// groupVec is a word of each row of a chunk: in a column of the input, in scratch memory or in a block of records.
type groupVec struct {
	p      unsafe.Pointer
	stride uintptr // 0: a constant
}

func (v groupVec) at(i int) uint64 { return *(*uint64)(unsafe.Add(v.p, uintptr(i)*v.stride)) }

// each returns a cursor over the words. It never makes a pointer past the last one: that may lie in Go's heap.
func (v groupVec) each() groupCursor { return groupCursor{groupVec: v} }

// groupCursor walks a groupVec: faster than multiplying by the stride.
type groupCursor struct {
	groupVec
	offset uintptr
}

func (c *groupCursor) next() uint64 {
	w := *(*uint64)(unsafe.Add(c.p, c.offset))
	c.offset += c.stride
	return w
}

// from returns the words from row i on.
func (v groupVec) from(i int) groupVec {
	return groupVec{unsafe.Add(v.p, uintptr(i)*v.stride), v.stride}
}

func vecOf(words []uint64) groupVec { return groupVec{unsafe.Pointer(unsafe.SliceData(words)), 8} }

// groupChunk is up to groupChunkRows rows as words.
type groupChunk struct {
	n      int
	hash   groupVec
	keys   []groupVec // groupLayout.keyWords
	values []groupVec // groupLayout.rowWords; of partial groups, the words of their states
	masks  []groupVec // groupLayout.maskWords, bit 1 = null; valid if masked
	masked bool
}

// groupEncoder makes chunks of a batch's rows. Each worker has one.
type groupEncoder struct {
	layout *groupLayout
	chunk  groupChunk
	hashes []uint64
	keys   [][]uint64
	values [][]uint64
	masks  [][]uint64
	rows   []uint32 // scratch of selected
}

func newGroupEncoder(l *groupLayout, scope *memory.Scope) (*groupEncoder, error) {
	vectors := 1 + l.keyWords + l.rowWords + l.maskWords
	words, _, err := memory.Make[uint64](scope, groupChunkRows*vectors+groupChunkRows/2)
	if err != nil {
		return nil, err
	}
	next := func() []uint64 {
		v := words[:groupChunkRows:groupChunkRows]
		words = words[groupChunkRows:]
		return v
	}
	many := func(n int) [][]uint64 {
		vs := make([][]uint64, n)
		for i := range vs {
			vs[i] = next()
		}
		return vs
	}
	e := &groupEncoder{layout: l, hashes: next(), keys: many(l.keyWords), values: many(l.rowWords), masks: many(l.maskWords)}
	e.rows = memory.As[uint32](memory.BytesOf(words))[:groupChunkRows]
	e.chunk.hash = vecOf(e.hashes)
	for _, v := range e.keys {
		e.chunk.keys = append(e.chunk.keys, vecOf(v))
	}
	for _, v := range e.masks {
		e.chunk.masks = append(e.chunk.masks, vecOf(v))
	}
	e.chunk.values = make([]groupVec, l.rowWords)
	return e, nil
}

// encode returns rows [from, from+n) of b without those that a null key drops. The chunk is valid until the next call.
func (e *groupEncoder) encode(b *table.Batch, from, n int) *groupChunk {
	rows, dropped := e.selected(b, from, n)
	if dropped {
		n = len(rows)
	} else {
		rows = nil
	}
	e.chunk.n = n
	if n == 0 {
		return &e.chunk
	}
	if e.layout.exact {
		e.encodeExact(&b.Cols[e.layout.keys[0].column], from, n, rows)
	} else {
		e.encodeKeys(b, from, n, rows)
	}
	e.encodeValues(b, from, n, rows)
	return &e.chunk
}

// selected returns which of the rows have all keys, relative to from, and whether any hasn't.
func (e *groupEncoder) selected(b *table.Batch, from, n int) (rows []uint32, dropped bool) {
	if !e.layout.dropNull {
		return nil, false
	}
	for _, k := range e.layout.keys {
		c := &b.Cols[k.column]
		if c.Kind == column.Null {
			return nil, true
		}
		if c.Valid.Bits == nil {
			continue
		}
		kept := 0
		if !dropped {
			for i := range n {
				e.rows[kept] = uint32(i)
				kept += validBit(c, from+i)
			}
		} else {
			for _, i := range rows {
				e.rows[kept] = i
				kept += validBit(c, from+int(i))
			}
		}
		rows, dropped = e.rows[:kept], true
	}
	return rows, dropped && len(rows) < n
}

func validBit(c *column.Column, i int) int {
	i += c.Valid.Offset
	return int(c.Valid.Bits[i>>3] >> (i & 7) & 1)
}

func (e *groupEncoder) encodeExact(c *column.Column, from, n int, rows []uint32) {
	src := e.hashes[:n]
	if (c.Kind == column.Int64 || c.Kind == column.Uint64) && rows == nil {
		src = column.Of[uint64](c)[from : from+n]
	} else {
		fixedWords(c, from, n, rows, e.hashes)
		if c.Kind.IsFloat() {
			canonicalFloats(e.hashes[:n])
		}
	}
	dst := e.hashes[:len(src)]
	for i, v := range src {
		dst[i] = scramble(v)
	}
}

func (e *groupEncoder) encodeKeys(b *table.Batch, from, n int, rows []uint32) {
	l := e.layout
	for _, mask := range e.keys[:l.nullWords] {
		clear(mask[:n])
	}
	hashes := e.hashes[:n]
	clear(hashes)
	for i, k := range l.keys {
		c := &b.Cols[k.column]
		w0 := e.keys[k.word-1][:n]
		if k.kind == column.String {
			w1 := e.keys[k.word][:n]
			stringColumnWords(c, from, rows, w0, w1)
			if l.nullWords > 0 {
				markNulls(c, from, rows, e.keys[i/64][:n], i%64, w0)
				clearNulls(c, from, rows, w1)
			}
			for j, h := range hashes {
				hashes[j] = hashStep(h, hashString(w0[j], w1[j]))
			}
			continue
		}
		fixedWords(c, from, n, rows, w0)
		if c.Kind.IsFloat() {
			canonicalFloats(w0)
		}
		if l.nullWords > 0 {
			markNulls(c, from, rows, e.keys[i/64][:n], i%64, w0)
		}
		for j, h := range hashes {
			hashes[j] = hashStep(h, hashing.Uint64(w0[j]))
		}
	}
	for _, mask := range e.keys[:l.nullWords] {
		for j, m := range mask[:n] {
			if m != 0 {
				hashes[j] = hashStep(hashes[j], hashing.Uint64(m))
			}
		}
	}
}

func (e *groupEncoder) encodeValues(b *table.Batch, from, n int, rows []uint32) {
	l := e.layout
	e.chunk.masked = false
	for i := range l.values {
		v := &l.values[i]
		c := &b.Cols[v.column]
		nulls := c.Valid.Bits != nil || c.Kind == column.Null
		if nulls && v.mask >= 0 {
			e.maskNulls(c, from, rows, v.mask)
		}
		switch {
		case v.words == 0:
		case v.kind == column.String:
			stringColumnWords(c, from, rows, e.values[v.word][:n], e.values[v.word+1][:n])
			e.chunk.values[v.word], e.chunk.values[v.word+1] = vecOf(e.values[v.word]), vecOf(e.values[v.word+1])
		case c.Kind.Width() == 8 && rows == nil && (!nulls || v.mask >= 0):
			e.chunk.values[v.word] = vecOf(column.Of[uint64](c)[from : from+n])
		default:
			words := e.values[v.word][:n]
			fixedWords(c, from, n, rows, words)
			if nulls && v.mask < 0 {
				nanNulls(c, from, rows, words)
			}
			e.chunk.values[v.word] = vecOf(words)
		}
	}
}

// maskNulls sets bit number bit of the chunk's masks for each row where c is null.
func (e *groupEncoder) maskNulls(c *column.Column, from int, rows []uint32, bit int) {
	n := e.chunk.n
	if !e.chunk.masked {
		e.chunk.masked = true
		for _, mask := range e.masks {
			clear(mask[:n])
		}
	}
	mask := e.masks[bit/64][:n]
	eachNull(c, from, rows, n, func(i int) { mask[i] |= 1 << (bit % 64) })
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

func nanNulls(c *column.Column, from int, rows []uint32, words []uint64) {
	eachNull(c, from, rows, len(words), func(i int) { words[i] = nanBits })
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

// The words of the single key of a fixed width are their own hash, by a bijection: multiply, fold, multiply. Equal
// hashes are equal keys, and no key is stored beside its hash.
const (
	scramble1 = 0x9E3779B97F4A7C15
	scramble2 = 0xBF58476D1CE4E5B9
)

var unscramble1, unscramble2 = inverse(scramble1), inverse(scramble2)

func scramble(v uint64) uint64 {
	v *= scramble1
	v ^= v >> 32
	return v * scramble2
}

func unscramble(h uint64) uint64 {
	h *= unscramble2
	h ^= h >> 32
	return h * unscramble1
}

// inverse returns the inverse of odd c modulo 2^64, by Newton's iteration.
func inverse(c uint64) uint64 {
	x := c
	for range 5 {
		x *= 2 - c*x
	}
	return x
}

// hashStep adds the hash of one more key column.
func hashStep(h, v uint64) uint64 { return hashing.Remix(bits.RotateLeft64(h, 23) ^ v) }

func hashString(w0, w1 uint64) uint64 {
	if stringSize(w0) > shortString {
		return hashing.Bytes(longChars(w0, w1))
	}
	return hashing.Remix(hashing.Uint64(w0) ^ w1)
}

const nanBits = 0x7FF8000000000001

// canonicalFloats makes all NaN one and -0.0 0.0.
func canonicalFloats(words []uint64) {
	for i, w := range words {
		switch v := math.Float64frombits(w); {
		case v == 0:
			words[i] = 0
		case v != v:
			words[i] = nanBits
		}
	}
}

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

// stringColumnWords writes the two words of each string. Those of null rows mean nothing.
func stringColumnWords(c *column.Column, from int, rows []uint32, w0, w1 []uint64) {
	switch c.Layout {
	case column.Offsets32:
		offsetWords(memory.As[int32](c.Offsets)[from:], c.Heaps, rows, w0, w1)
	case column.Offsets64:
		offsetWords(memory.As[int64](c.Offsets)[from:], c.Heaps, rows, w0, w1)
	default:
		for i := range w0 {
			row := from + i
			if rows != nil {
				row = from + int(rows[i])
			}
			if c.IsNull(row) {
				w0[i], w1[i] = 0, 0
			} else {
				w0[i], w1[i] = viewWords(&c.Views[row], c.Heaps)
			}
		}
	}
}

func offsetWords[T int32 | int64](offsets []T, heaps [][]byte, rows []uint32, w0, w1 []uint64) {
	for i := range w0 {
		row := i
		if rows != nil {
			row = int(rows[i])
		}
		w0[i], w1[i] = stringWords(heaps[0][offsets[row]:offsets[row+1]])
	}
}
