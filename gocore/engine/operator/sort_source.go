package operator

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// outputRows is the most rows of a result's batch: its entries and addresses stay in a second-level cache.
const outputRows = min(64<<10, table.MaxRows)

// sortSource hands out the ordered rows. Batches are gathered as they are asked for, by whoever asks.
type sortSource struct {
	sort    *Sort
	batches []*table.Batch
	rows    int
	words   *words
	entries []entry
	owner   *memory.Buffer
	payload int               // column whose bits are in the entries' rows, or -1: they are addresses
	decoded []*field          // by column: the field of the word that it is decoded from, or nil
	pieces  []*compute.Pieces // by column, where it is neither
	next    atomic.Int64
	left    atomic.Int64 // batches not yet gathered
}

var _ exec.Source = (*sortSource)(nil)

// plan decides how each column is made from the entries.
func (s *sortSource) plan() {
	columns := s.sort.schema.NumFields()
	s.decoded = make([]*field, columns)
	s.payload = -1
	var rest []int
	if len(s.words.levels) == 1 && !s.words.levels[0].text {
		fields := s.words.levels[0].fields
		for i := range fields {
			f := &fields[i]
			if f.mask != 0 && !s.words.ranges[f.key].negativeZero {
				s.decoded[s.sort.spec.Keys[f.key].Column] = f
			}
		}
	}
	for i := range columns {
		if s.decoded[i] == nil {
			rest = append(rest, i)
		}
	}
	if len(rest) == 1 && len(s.words.levels) == 1 && s.travels(rest[0]) {
		s.payload = rest[0]
		rest = nil
	}
	s.pieces = make([]*compute.Pieces, columns)
	for _, i := range rest {
		pieces := make([]*column.Column, len(s.batches))
		for j, b := range s.batches {
			pieces[j] = &b.Cols[i]
		}
		s.pieces[i] = compute.NewPieces(s.sort.schema.Field(i).Type, pieces)
	}
	s.left.Store(int64((s.rows + outputRows - 1) / outputRows))
}

// travels tells whether column i fits into the entries: numbers without nulls.
func (s *sortSource) travels(i int) bool {
	for _, b := range s.batches {
		if kind := b.Cols[i].Kind; b.Cols[i].Nulls > 0 || kind == column.Bool || kind == column.String || kind == column.Null {
			return false
		}
	}
	return !s.words.levels[0].text
}

// Next gathers the next batch.
func (s *sortSource) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	from := i * outputRows
	if from >= s.rows {
		return nil, nil
	}
	out, err := s.gather(w, s.entries[from:min(from+outputRows, s.rows)])
	if err != nil {
		return nil, err
	}
	out.Seq = uint64(i)
	if s.left.Add(-1) == 0 {
		s.owner.Release()
		s.sort.input.release()
	}
	return out, nil
}

func (s *sortSource) gather(w *exec.Worker, entries []entry) (*table.Batch, error) {
	addresses, owner, err := memory.Make[uint64](w.Scope(), len(entries))
	if err != nil {
		return nil, err
	}
	defer owner.Release()
	for i := range addresses {
		addresses[i] = entries[i].row
	}
	out := &table.Batch{Len: len(entries)}
	for i := range s.pieces {
		var c column.Column
		switch {
		case s.pieces[i] != nil:
			c, err = s.pieces[i].Gather(w.Scope(), addresses)
		case i == s.payload:
			if c, err = compute.New(w.Scope(), s.sort.schema.Field(i).Type, len(entries)); err == nil {
				putBits(&c, addresses)
			}
		default:
			c, err = s.decode(w.Scope(), i, entries)
		}
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
	}
	return out, nil
}

// decode makes key column i from the words.
func (s *sortSource) decode(scope *memory.Scope, i int, entries []entry) (column.Column, error) {
	c, err := compute.New(scope, s.sort.schema.Field(i).Type, len(entries))
	if err != nil {
		return c, err
	}
	f := s.decoded[i]
	below := uint(0) // bits of the fields after f
	fields := s.words.levels[0].fields
	for j := len(fields) - 1; &fields[j] != f; j-- {
		below += uint(fields[j].bits)
	}
	mask := uint64(1)<<f.bits - 1
	values, owner, err := memory.Make[uint64](scope, len(entries))
	if err != nil {
		c.Release()
		return c, err
	}
	defer owner.Release()
	if s.words.ranges[f.key].nulls {
		bitmap, err := scope.Zeroed(column.BitmapBytes(len(entries)))
		if err != nil {
			c.Release()
			return c, err
		}
		nulls := 0
		for j := range entries {
			if entries[j].word>>below&mask == f.null {
				nulls++
			} else {
				bitmap.Bytes()[j>>3] |= 1 << (j & 7)
			}
		}
		compute.SetValid(&c, bitmap, nulls)
	}
	flip := f.flip
	if c.Kind.IsSigned() {
		flip ^= sign
	}
	for j := range values {
		values[j] = (entries[j].word>>below&mask - f.add) ^ flip
	}
	switch c.Kind {
	case column.Float32:
		out := column.Of[float32](&c)
		for j, u := range values {
			out[j] = float32(valueFloat(u))
		}
	case column.Float64:
		out := column.Of[float64](&c)
		for j, u := range values {
			out[j] = valueFloat(u)
		}
	default:
		putBits(&c, values)
	}
	return c, nil
}

// bitsOf writes the elements of rows [from, from+len(out)) of a numeric column, as unsigned integers.
func bitsOf(c *column.Column, from int, out []uint64) {
	switch c.Kind.Width() {
	case 1:
		widenBits(out, c.Values[from:])
	case 2:
		widenBits(out, column.Of[uint16](c)[from:])
	case 4:
		widenBits(out, column.Of[uint32](c)[from:])
	default:
		copy(out, column.Of[uint64](c)[from:])
	}
}

// putBits writes the low bits of values as the elements of a numeric column, or as the bits of a Bool column.
func putBits(c *column.Column, values []uint64) {
	switch {
	case c.Kind == column.Bool:
		for i, v := range values {
			c.Values[i>>3] |= byte(v&1) << (i & 7)
		}
	case c.Kind.Width() == 1:
		narrowBits(c.Values, values)
	case c.Kind.Width() == 2:
		narrowBits(column.Of[uint16](c), values)
	case c.Kind.Width() == 4:
		narrowBits(column.Of[uint32](c), values)
	default:
		copy(column.Of[uint64](c), values)
	}
}

func widenBits[T uint8 | uint16 | uint32](dst []uint64, src []T) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = uint64(v)
	}
}

func narrowBits[T uint8 | uint16 | uint32](dst []T, src []uint64) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = T(v)
	}
}
