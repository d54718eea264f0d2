package operator

import (
	"math"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// groupEncoder makes chunks of a batch's rows. Each worker has one.
type groupEncoder struct {
	layout *groupLayout
	chunk  groupChunk
	hashes []uint64
	keys   [][]uint64
	values [][]uint64
	masks  [][]uint64
	rows   []uint32 // scratch of selected
	missed []uint32 // scratch of encodeMissing
	seq    uint64   // of the batch
	base   int      // how many rows of that Seq came before the batch
	next   int      // how many there are with it
}

func newGroupEncoder(l *groupLayout, scope *memory.Scope) (*groupEncoder, error) {
	vectors := 1 + l.keyWords + l.rowWords + l.maskWords
	words, _, err := memory.Make[uint64](scope, groupChunkRows*(vectors+1))
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
	e := &groupEncoder{layout: l, seq: noRow, hashes: next(), keys: many(l.keyWords), values: many(l.rowWords), masks: many(l.maskWords)}
	numbers := memory.As[uint32](memory.BytesOf(words))
	e.rows, e.missed = numbers[:groupChunkRows], numbers[groupChunkRows:][:groupChunkRows]
	for i := range e.hashes {
		e.hashes[i] = l.seed // stays, where all rows are one group
	}
	e.chunk.hash = vecOf(e.hashes)
	for _, v := range e.keys {
		e.chunk.keys = append(e.chunk.keys, vecOf(v))
	}
	for _, v := range e.masks {
		e.chunk.masks = append(e.chunk.masks, vecOf(v))
	}
	e.chunk.values, e.chunk.lying = make([]groupVec, l.rowWords), make([]groupVec, l.rowWords)
	return e, nil
}

// begin tells that the rows to come are b's.
func (e *groupEncoder) begin(b *table.Batch) {
	if e.seq != b.Seq {
		e.seq, e.next = b.Seq, 0
	}
	e.base, e.next = e.next, e.next+b.Len
}

// encode returns rows without those that a null key drops. The chunk is valid until the next call.
func (e *groupEncoder) encode(r groupRows) *groupChunk {
	r = e.selected(r)
	e.chunk.n, e.chunk.rows, e.chunk.long = r.n, nil, false
	if r.n == 0 {
		return &e.chunk
	}
	e.encodeHashes(r)
	e.encodeValues(r)
	return &e.chunk
}

// encodeMissing returns the keys of those of r that are missing, which aren't null.
func (e *groupEncoder) encodeMissing(r groupRows, missing []uint32) *groupChunk {
	if r.rows != nil {
		for i, at := range missing {
			e.missed[i] = r.rows[at]
		}
		missing = e.missed[:len(missing)]
	}
	e.chunk.n = len(missing)
	e.encodeHashes(groupRows{r.batch, r.from, len(missing), missing})
	return &e.chunk
}

// encodeFound returns the values of rows whose groups are known. Those that need not be converted stay where they are:
// to wait for them while others are added up takes less time than to copy them first.
func (e *groupEncoder) encodeFound(r groupRows) *groupChunk {
	e.chunk.n, e.chunk.rows = r.n, r.rows
	e.encodeValues(r)
	return &e.chunk
}

func (e *groupEncoder) encodeHashes(r groupRows) {
	switch {
	case e.layout.single():
	case e.layout.exact:
		e.encodeExact(&r.batch.Cols[e.layout.keys[0].column], r.from, r.n, r.rows)
	default:
		e.encodeKeys(r.batch, r.from, r.n, r.rows)
	}
}

// selected returns those of the rows that have all keys.
func (e *groupEncoder) selected(r groupRows) groupRows {
	if !e.layout.dropNull {
		return r
	}
	left := r
	for _, k := range e.layout.keys {
		c := &r.batch.Cols[k.column]
		if c.Kind == column.Null {
			return groupRows{batch: r.batch}
		}
		if c.Valid.Bits == nil {
			continue
		}
		kept := 0
		if left.rows == nil {
			for i := range left.n {
				e.rows[kept] = uint32(i)
				kept += validBit(c, r.from+i)
			}
		} else {
			for _, i := range left.rows {
				e.rows[kept] = i
				kept += validBit(c, r.from+int(i))
			}
		}
		left.rows, left.n = e.rows[:kept], kept
	}
	if left.n == r.n {
		return r
	}
	return left
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
	dst, seed := e.hashes[:len(src)], e.layout.seed
	for i, v := range src {
		dst[i] = scramble(v ^ seed)
	}
}

func (e *groupEncoder) encodeKeys(b *table.Batch, from, n int, rows []uint32) {
	l := e.layout
	for _, mask := range e.keys[:l.nullWords] {
		clear(mask[:n])
	}
	hashes := e.hashes[:n]
	for i := range hashes {
		hashes[i] = l.seed
	}
	for i, k := range l.keys {
		c := &b.Cols[k.column]
		w0 := e.keys[k.word-1][:n]
		if k.kind == column.String {
			w1 := e.keys[k.word][:n]
			e.chunk.long = stringColumnWords(c, from, rows, w0, w1) || e.chunk.long
			if l.nullWords > 0 {
				markNulls(c, from, rows, e.keys[i/64][:n], i%64, w0)
				clearNulls(c, from, rows, w1)
			}
			for j, h := range hashes {
				hashes[j] = hashString(h, w0[j], w1[j])
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
			hashes[j] = hashStep(h, w0[j])
		}
	}
	for _, mask := range e.keys[:l.nullWords] {
		for j, m := range mask[:n] {
			if m != 0 {
				hashes[j] = hashStep(hashes[j], m)
			}
		}
	}
}

func (e *groupEncoder) encodeValues(r groupRows) {
	l, b, from, n, rows := e.layout, r.batch, r.from, r.n, r.rows
	e.chunk.masked = false
	clear(e.chunk.lying)
	for i := range l.values {
		v := &l.values[i]
		if v.form == placeForm {
			e.encodePlaces(v, from, n, rows)
			continue
		}
		c := &b.Cols[v.column]
		nulls := c.Valid.Bits != nil || c.Kind == column.Null
		if nulls && v.mask >= 0 {
			e.maskNulls(c, from, rows, v.mask)
		}
		if v.words == 0 {
			continue
		}
		words := e.values[v.word][:n]
		e.chunk.values[v.word] = vecOf(words)
		switch {
		case v.form == truthForm:
			e.encodeTruth(v, c, from, rows, words)
		case v.kind == column.String:
			e.chunk.long = stringColumnWords(c, from, rows, words, e.values[v.word+1][:n]) || e.chunk.long
			e.chunk.values[v.word+1] = vecOf(e.values[v.word+1])
		case c.Kind.Width() == 8 && rows == nil && v.form == plainForm && (!nulls || v.mask >= 0):
			e.chunk.values[v.word] = vecOf(column.Of[uint64](c)[from : from+n])
		case c.Kind.Width() == 8 && e.chunk.rows != nil && v.form == plainForm && (!nulls || v.mask >= 0):
			e.chunk.lying[v.word] = vecOf(column.Of[uint64](c)[from:])
		default:
			src := words
			if c.Kind.Width() == 8 && rows == nil && v.form == floatForm {
				src = column.Of[uint64](c)[from : from+n]
			} else {
				fixedWords(c, from, n, rows, words)
			}
			if v.form == floatForm {
				floatWords(c.Kind, src, words)
			}
			if nulls && v.mask < 0 {
				nanNulls(c, from, rows, words)
			}
		}
	}
}

// encodePlaces writes where rows are. A batch that has the Seq of the one before goes on where that ended.
func (e *groupEncoder) encodePlaces(v *groupValue, from, n int, rows []uint32) {
	words := e.values[v.word][:n]
	for i := range words {
		words[i] = uint64(e.base + from + i)
		if rows != nil {
			words[i] = uint64(e.base+from) + uint64(rows[i])
		}
	}
	e.chunk.values[v.word] = groupVec{p: unsafe.Pointer(&e.seq)}
	e.chunk.values[v.word+1] = vecOf(words)
}

// encodeTruth writes whether values are true, and masks NaN like null.
func (e *groupEncoder) encodeTruth(v *groupValue, c *column.Column, from int, rows []uint32, words []uint64) {
	if c.Kind == column.String {
		second := e.values[v.word+1][:len(words)]
		stringColumnWords(c, from, rows, words, second)
		e.chunk.values[v.word+1] = vecOf(second)
	} else {
		fixedWords(c, from, len(words), rows, words)
	}
	for i, w := range words {
		switch {
		case c.Kind == column.String:
			w = uint64(stringSize(w))
		case c.Kind.IsFloat():
			f := math.Float64frombits(w)
			if f != f {
				e.maskRow(i, v.mask)
			}
			w &^= 1 << 63 // -0.0 is 0.0
		}
		words[i] = min(w, 1)
	}
}
