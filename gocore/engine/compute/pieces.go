package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// MissingRow is the row address that gathers a null.
const MissingRow = ^uint64(0)

// RowAddress is the address of a row of a piece: piece<<32 | row.
func RowAddress(piece, row int) uint64 { return uint64(piece)<<32 | uint64(uint32(row)) }

// Pieces is one column that lies in several pieces, one per batch, prepared for gathers from any of them. It is
// read-only and may be used by several workers; it holds no references, so the pieces must outlive it.
type Pieces struct {
	typ    arrow.DataType
	kind   column.Kind
	cols   []*column.Column
	rows   int
	nulls  bool
	merger HeapMerger
	moved  [][]uint32 // per piece: its heap numbers in the merged list, nil where they stay
	u8     [][]uint8  // per piece, by width: the values
	u16    [][]uint16
	u32    [][]uint32
	u64    [][]uint64
	u128   [][][2]uint64
	u256   [][]column.Decimal
	views  [][]column.View

	children []*Pieces // of a nested column
	firsts   []int     // of a list, per piece: the element that is row 0 of its child
}

// NewPieces prepares cols, which are all of type t. String columns must be in the Views layout.
func NewPieces(t arrow.DataType, cols []*column.Column) *Pieces {
	kind, _ := column.KindOf(t)
	p := &Pieces{typ: t, kind: kind, cols: cols}
	for _, c := range cols {
		p.rows += c.Len
		p.nulls = p.nulls || c.Nulls > 0
		switch {
		case kind == column.Null || kind == column.Bool:
		case kind == column.String:
			p.views = append(p.views, c.Views)
			p.moved = append(p.moved, p.merger.Add(c))
		case kind == column.FixedBinary || column.IsNested(kind):
		case kind.Width() == 1:
			p.u8 = append(p.u8, c.Values)
		case kind.Width() == 2:
			p.u16 = append(p.u16, column.Of[uint16](c))
		case kind.Width() == 4:
			p.u32 = append(p.u32, column.Of[uint32](c))
		case kind.Width() == 16:
			p.u128 = append(p.u128, column.Of[[2]uint64](c))
		case kind.Width() == 32:
			p.u256 = append(p.u256, column.Of[column.Decimal](c))
		default:
			p.u64 = append(p.u64, column.Of[uint64](c))
		}
	}
	if column.IsNested(kind) {
		p.addChildren()
	}
	return p
}

// Gather returns the rows at addresses, in their order; MissingRow gives null.
func (p *Pieces) Gather(scope *memory.Scope, addresses []uint64) (column.Column, error) {
	dst, err := New(scope, p.typ, len(addresses))
	if err != nil || p.kind == column.Null {
		return dst, err
	}
	missing := false
	for _, a := range addresses {
		missing = missing || a == MissingRow
	}
	if missing || p.nulls {
		if err := p.gatherValid(scope, &dst, addresses); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	}
	switch {
	case p.kind == column.Bool:
		p.gatherBools(dst.Values, addresses)
	case p.kind == column.String:
		gatherPieces(dst.Views, p.views, addresses, missing)
		clearNulls(&dst)
		p.moveHeaps(dst.Views, addresses)
		p.merger.Attach(&dst)
	case column.IsNested(p.kind):
		if err := p.gatherChildren(scope, &dst, addresses); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	case p.kind == column.FixedBinary:
		p.gatherBytes(dst.Values, dst.Width(), addresses)
	case p.kind.Width() == 1:
		gatherPieces(dst.Values, p.u8, addresses, missing)
	case p.kind.Width() == 2:
		gatherPieces(column.Of[uint16](&dst), p.u16, addresses, missing)
	case p.kind.Width() == 4:
		gatherPieces(column.Of[uint32](&dst), p.u32, addresses, missing)
	case p.kind.Width() == 16:
		gatherPieces(column.Of[[2]uint64](&dst), p.u128, addresses, missing)
	case p.kind.Width() == 32:
		gatherPieces(column.Of[column.Decimal](&dst), p.u256, addresses, missing)
	default:
		gatherPieces(column.Of[uint64](&dst), p.u64, addresses, missing)
	}
	return dst, nil
}

func gatherPieces[T element](dst []T, src [][]T, addresses []uint64, missing bool) {
	dst = dst[:len(addresses)]
	if !missing {
		for i, a := range addresses {
			dst[i] = src[a>>32][uint32(a)]
		}
		return
	}
	for i, a := range addresses {
		var v T
		if a != MissingRow {
			v = src[a>>32][uint32(a)]
		}
		dst[i] = v
	}
}

// gatherBytes gathers elements of any width.
func (p *Pieces) gatherBytes(dst []byte, width int, addresses []uint64) {
	for i, a := range addresses {
		d := dst[i*width : (i+1)*width]
		if a == MissingRow {
			clear(d)
			continue
		}
		copy(d, p.cols[a>>32].Values[int(uint32(a))*width:])
	}
}

// moveHeaps renumbers the heaps of long views from their piece's list to the merged one.
func (p *Pieces) moveHeaps(views []column.View, addresses []uint64) {
	same := true
	for _, m := range p.moved {
		same = same && m == nil
	}
	if same {
		return
	}
	for i, a := range addresses {
		if views[i].IsInline() {
			continue
		}
		if m := p.moved[a>>32]; m != nil {
			views[i].Heap = m[views[i].Heap]
		}
	}
}

func (p *Pieces) gatherBools(dst []byte, addresses []uint64) {
	for i := 0; i < len(addresses); i += 64 {
		n, w := min(64, len(addresses)-i), uint64(0)
		for j, a := range addresses[i : i+n] {
			if a != MissingRow {
				c := p.cols[a>>32]
				w |= bit(column.Bitmap{Bits: c.Values, Offset: c.Offset}, int(uint32(a))) << j
			}
		}
		putWord(dst, i, n, w)
	}
}

func (p *Pieces) gatherValid(scope *memory.Scope, dst *column.Column, addresses []uint64) error {
	b, err := scope.Zeroed(column.BitmapBytes(len(addresses)))
	if err != nil {
		return err
	}
	for i := 0; i < len(addresses); i += 64 {
		n, w := min(64, len(addresses)-i), uint64(0)
		for j, a := range addresses[i : i+n] {
			if a == MissingRow {
				continue
			}
			if c := p.cols[a>>32]; c.Valid.Bits == nil {
				w |= 1 << j
			} else {
				w |= bit(c.Valid, int(uint32(a))) << j
			}
		}
		putWord(b.Bytes(), i, n, w)
	}
	SetValid(dst, b, len(addresses)-column.Bitmap{Bits: b.Bytes()}.Count(len(addresses)))
	return nil
}
