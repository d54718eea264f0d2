package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// textWriter writes the strings of a new column, one after the other. Short ones lie in their views, others in heaps
// that grow from textHeapBytes to largestHeapBytes.
type textWriter struct {
	scope *memory.Scope
	dst   *column.Column
	heap  []byte
}

const (
	textHeapBytes    = 64 << 10
	largestHeapBytes = 4 << 20
	usualText        = 64 // a column of few rows needs no more per row
)

// longestString is what an Arrow view can say of a string's length.
const longestString = 1<<31 - 1

// put makes s the string of row i.
func (w *textWriter) put(i int, s []byte) error {
	if len(s) <= column.InlineSize {
		w.dst.Views[i].Put(s, 0, 0)
		return nil
	}
	if len(s) > longestString {
		return status.Errorf(status.Unsupported, "a string of %s: one value has at most 2 GiB", memory.Bytes(len(s)))
	}
	if at := len(w.heap); at < cap(w.heap) && &s[0] == &w.heap[:at+1][at] { // it was made in place
		w.dst.Views[i].Put(s, len(w.dst.Heaps)-1, at)
		w.heap = w.heap[:at+len(s)]
		return nil
	}
	if len(w.heap)+len(s) > cap(w.heap) {
		size := max(len(s), min(largestHeapBytes, textHeapBytes<<min(len(w.dst.Heaps), 10), usualText*w.dst.Len))
		b, err := w.scope.Alloc(size)
		if err != nil {
			return err
		}
		w.heap = b.Bytes()[:0:size]
		w.dst.Heaps, w.dst.Owners = append(w.dst.Heaps, b.Bytes()[:size]), append(w.dst.Owners, b)
	}
	w.dst.Views[i].Put(s, len(w.dst.Heaps)-1, len(w.heap))
	w.heap = append(w.heap, s...)
	return nil
}

// room returns where to append the next string: what is left of the heap. A string that is longer than that is made on Go's
// heap, and put copies it.
func (w *textWriter) room() []byte { return w.heap[len(w.heap):len(w.heap):cap(w.heap)] }

// textReader reads the strings of a column in any layout: where they are looked at once, views of them aren't worth making.
type textReader struct {
	views []column.View
	heaps [][]byte
	ends  []int32 // offsets, of one width or the other
	wide  []int64
	heap  []byte
}

func newTextReader(c *column.Column) textReader {
	switch c.Layout {
	case column.Offsets32:
		return textReader{ends: memory.As[int32](c.Offsets)[:c.Len+1], heap: c.Heaps[0]}
	case column.Offsets64:
		return textReader{wide: memory.As[int64](c.Offsets)[:c.Len+1], heap: c.Heaps[0]}
	}
	return textReader{views: c.Views, heaps: c.Heaps}
}

// at returns the string of row i, which isn't null.
func (r *textReader) at(i int) []byte {
	switch {
	case r.views != nil:
		return r.views[i].Bytes(r.heaps)
	case r.ends != nil:
		return r.heap[r.ends[i]:r.ends[i+1]]
	}
	return r.heap[r.wide[i]:r.wide[i+1]]
}

// start returns where in the heap the string of row i begins, in a layout of offsets.
func (r *textReader) start(i int) int {
	if r.ends != nil {
		return int(r.ends[i])
	}
	return int(r.wide[i])
}

// writeTexts returns a column of type t that has for each row what write appends to dst, null where one of args is.
func writeTexts(scope *memory.Scope, t arrow.DataType, args []*column.Column, write func(dst []byte, row int) []byte) (column.Column, error) {
	dst, err := newResult(scope, t, args...)
	if err != nil {
		return column.Column{}, err
	}
	w := textWriter{scope: scope, dst: &dst}
	for i := range dst.Len {
		if dst.IsNull(i) {
			dst.Views[i] = column.View{}
			continue
		}
		if err := w.put(i, write(w.room(), i)); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	}
	return dst, nil
}

// mapTexts returns a column of what f appends to dst of each string.
func mapTexts(scope *memory.Scope, a *column.Column, f func(dst, s []byte) []byte) (column.Column, error) {
	r := newTextReader(a)
	return writeTexts(scope, a.Type, []*column.Column{a}, func(dst []byte, row int) []byte { return f(dst, r.at(row)) })
}

// cutTexts returns a column of pieces of each string, whose characters stay where they are. Pieces that begin before
// their string make the row null.
func cutTexts(scope *memory.Scope, a *column.Column, piece func(s []byte) (from, to int)) (column.Column, error) {
	if a.Layout != column.Views && len(a.Heaps[0]) > longestString { // a view says where in a heap of up to 2 GiB it is
		views, err := a.AsViews(scope)
		if err != nil {
			return column.Column{}, err
		}
		defer views.Release()
		return cutTexts(scope, &views, piece)
	}
	dst, err := newResult(scope, a.Type, a)
	if err != nil {
		return column.Column{}, err
	}
	dst.Heaps = a.Heaps
	dst.Owners = addHeapOwners(dst.Owners, a)
	r := newTextReader(a)
	var lost []int
	for i := range dst.Len {
		if dst.IsNull(i) {
			dst.Views[i] = column.View{}
			continue
		}
		s := r.at(i)
		from, to := piece(s)
		if from < 0 {
			lost, from, to = append(lost, i), 0, 0
		}
		if r.views != nil {
			dst.Views[i] = a.Views[i].Cut(a.Heaps, from, to)
		} else {
			dst.Views[i].Put(s[from:to], 0, r.start(i)+from)
		}
	}
	if err := setNull(scope, &dst, lost); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	return dst, nil
}

// setNull makes more rows null.
func setNull(scope *memory.Scope, dst *column.Column, rows []int) error {
	if len(rows) == 0 {
		return nil
	}
	b, err := scope.Zeroed(column.BitmapBytes(dst.Len))
	if err != nil {
		return err
	}
	copyBits(b.Bytes(), 0, dst.Valid, dst.Len)
	for _, i := range rows {
		column.Bitmap{Bits: b.Bytes()}.Clear(i)
	}
	SetValid(dst, b, dst.Nulls+len(rows))
	return nil
}

// testTexts returns a Bool column of whether each string passes.
func testTexts(scope *memory.Scope, a *column.Column, passes func(s []byte) bool) (column.Column, error) {
	dst, err := newResult(scope, arrow.FixedWidthTypes.Boolean, a)
	if err != nil {
		return column.Column{}, err
	}
	r := newTextReader(a)
	for i := 0; i < a.Len; i += 64 {
		size := min(64, a.Len-i)
		valid, w := present(a, i, size), uint64(0)
		for j := range size {
			if valid>>j&1 != 0 {
				w |= oneBit(passes(r.at(i+j))) << j
			}
		}
		putWord(dst.Values, i, size, w)
	}
	return dst, nil
}

// measureTexts returns an int64 column of a measure of each string.
func measureTexts(scope *memory.Scope, a *column.Column, measure func(s []byte) int) (column.Column, error) {
	dst, err := newResult(scope, arrow.PrimitiveTypes.Int64, a)
	if err != nil {
		return column.Column{}, err
	}
	out, r := column.Of[int64](&dst), newTextReader(a)
	for i := range out {
		out[i] = 0
		if !dst.IsNull(i) {
			out[i] = int64(measure(r.at(i)))
		}
	}
	return dst, nil
}
