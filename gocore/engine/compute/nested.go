package compute

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// setEnd sets where row i of a List column ends, its elements being numbered from 0 on.
func setEnd(c *column.Column, i, end int) {
	if c.Layout == column.Offsets64 {
		memory.As[int64](c.Offsets)[i+1] = int64(end)
		return
	}
	memory.As[int32](c.Offsets)[i+1] = int32(end)
}

// checkElements refuses more elements than the offsets of dst count. Elements of one batch are numbered by uint32.
func checkElements(dst *column.Column, n int) error {
	limit := math.MaxInt32
	if dst.Layout == column.Offsets64 {
		limit = math.MaxUint32 - 1
	}
	if n > limit {
		return status.Errorf(status.Unsupported, "%d elements in %d rows of %s: at most %d fit, use smaller batches",
			n, dst.Len, column.DisplayName(dst.Type), limit)
	}
	return nil
}

// elementRows returns the child of a List column that holds its rows' elements and no others, and which its first is.
func elementRows(c *column.Column) (column.Column, int) {
	first, last := c.Span()
	return c.Children[0].Slice(first, last-first), first
}

// gatherChildren gives dst, which has its nulls, the children of rows ids of src.
func gatherChildren(scope *memory.Scope, dst, src *column.Column, ids []uint32) error {
	if dst.Kind == column.Struct {
		for i := range src.Children {
			child, err := Gather(scope, &src.Children[i], ids)
			if err != nil {
				return err
			}
			dst.Adopt(child)
		}
		return nil
	}
	elements, first := elementRows(src)
	total := 0
	setEnd(dst, -1, 0)
	for i, id := range ids {
		if !dst.IsNull(i) {
			from, to := src.Elements(int(id))
			total += to - from
		}
		setEnd(dst, i, total)
	}
	if err := checkElements(dst, max(total, elements.Len)); err != nil {
		return err
	}
	chosen, owner, err := memory.Make[uint32](scope, total)
	if err != nil {
		return err
	}
	defer owner.Release()
	chosen = chosen[:0]
	for i, id := range ids {
		if !dst.IsNull(i) {
			from, to := src.Elements(int(id))
			for e := from; e < to; e++ {
				chosen = append(chosen, uint32(e-first))
			}
		}
	}
	child, err := Gather(scope, &elements, chosen)
	if err != nil {
		return err
	}
	dst.Adopt(child)
	return nil
}

// concatChildren gives dst the children of cols, one after the other.
func concatChildren(scope *memory.Scope, dst *column.Column, cols []*column.Column) error {
	types := column.ChildTypes(dst.Type)
	parts := make([]column.Column, len(cols))
	children := make([]*column.Column, len(cols))
	total, row := 0, 0
	if dst.Kind == column.List {
		setEnd(dst, -1, 0)
	}
	for k := range types {
		for i, c := range cols {
			children[i] = &parts[i]
			if dst.Kind == column.Struct {
				parts[i] = c.Children[k]
				continue
			}
			var first int
			parts[i], first = elementRows(c)
			if err := checkElements(dst, total+parts[i].Len); err != nil {
				return err
			}
			for r := range c.Len {
				_, to := c.Elements(r)
				setEnd(dst, row, total+to-first)
				row++
			}
			total += parts[i].Len
		}
		child, err := Concat(scope, types[k], children)
		if err != nil {
			return err
		}
		dst.Adopt(child)
	}
	return nil
}

// addChildren prepares the children of p's pieces.
func (p *Pieces) addChildren() {
	for k, t := range column.ChildTypes(p.typ) {
		children := make([]*column.Column, len(p.cols))
		for i, c := range p.cols {
			if p.kind == column.Struct {
				children[i] = &c.Children[k]
				continue
			}
			elements, first := elementRows(c)
			children[i] = &elements
			p.firsts = append(p.firsts, first)
		}
		p.children = append(p.children, NewPieces(t, children))
	}
}

// gatherChildren gives dst, which has its nulls, the children of the rows at addresses.
func (p *Pieces) gatherChildren(scope *memory.Scope, dst *column.Column, addresses []uint64) error {
	if p.kind == column.Struct {
		for _, pieces := range p.children {
			child, err := pieces.Gather(scope, addresses)
			if err != nil {
				return err
			}
			dst.Adopt(child)
		}
		return nil
	}
	total := 0
	setEnd(dst, -1, 0)
	for i, a := range addresses {
		if !dst.IsNull(i) {
			from, to := p.cols[a>>32].Elements(int(uint32(a)))
			total += to - from
		}
		setEnd(dst, i, total)
	}
	if err := checkElements(dst, total); err != nil {
		return err
	}
	chosen, owner, err := memory.Make[uint64](scope, total)
	if err != nil {
		return err
	}
	defer owner.Release()
	chosen = chosen[:0]
	for i, a := range addresses {
		if dst.IsNull(i) {
			continue
		}
		piece := int(a >> 32)
		from, to := p.cols[piece].Elements(int(uint32(a)))
		for e := from; e < to; e++ {
			if e-p.firsts[piece] >= math.MaxUint32 {
				return checkElements(dst, e)
			}
			chosen = append(chosen, RowAddress(piece, e-p.firsts[piece]))
		}
	}
	child, err := p.children[0].Gather(scope, chosen)
	if err != nil {
		return err
	}
	dst.Adopt(child)
	return nil
}
