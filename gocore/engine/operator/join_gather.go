package operator

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// lookupColumn is an output column of a lookup join: a kept column of a side, of both where it is Coalesced.
type lookupColumn struct {
	side JoinSide
	cols [2]int
}

func (s *joinSource) lookupColumns() []lookupColumn {
	ins := [2]*joinInput{s.join.left, s.join.right}
	out := make([]lookupColumn, len(s.join.spec.Output))
	for i, c := range s.join.spec.Output {
		out[i].side = c.Side
		for side, in := range ins {
			switch {
			case c.Side == Coalesced:
				out[i].cols[side] = in.keys[c.Index]
			case c.Side == FromLeft && side == leftSide || c.Side == FromRight && side == rightSide:
				out[i].cols[side] = slices.Index(in.cols, c.Index)
			}
		}
	}
	return out
}

// lookupOutput makes batches of the rows of one batch, and of the table's side, that two lists name.
type lookupOutput struct {
	source *joinSource
	scope  *memory.Scope
	batch  *table.Batch // nil: the rows are of the table's side alone
	ids    [2][]uint32
	bufs   [2]*memory.Buffer
	absent [2]bool // of the batch that is finished: some row isn't there
	n      int

	addresses []uint64 // of an asof join: those of the right rows
}

var _ joinEmitter = (*lookupOutput)(nil)

func (o *lookupOutput) rows() int { return o.n }

func (o *lookupOutput) room() int { return len(o.ids[leftSide]) - o.n }

// start makes the lists, which serve all batches.
func (o *lookupOutput) start(int) (err error) {
	for side := range o.ids {
		if o.ids[side], o.bufs[side], err = memory.Make[uint32](o.scope, table.MaxRows); err != nil {
			return err
		}
	}
	return nil
}

func (o *lookupOutput) add(_ [2]*joinPart, ids [2][]uint32, _ int) error {
	n := max(len(ids[leftSide]), len(ids[rightSide]))
	for side, list := range o.ids {
		if ids[side] == nil {
			fillElements(list[o.n:o.n+n], compute.Missing)
		} else {
			copy(list[o.n:], ids[side])
		}
	}
	o.n += n
	return nil
}

func (o *lookupOutput) finish(w *exec.Worker, seq uint64) (*table.Batch, error) {
	b := &table.Batch{Len: o.n, Seq: seq}
	probe := 1 - o.source.build
	whole := o.batch != nil && isCounting(o.ids[probe][:o.n], o.batch.Len)
	for side, ids := range o.ids {
		o.absent[side] = slices.Contains(ids[:o.n], compute.Missing)
	}
	if a := o.source.join.asof; a != nil {
		addresses, buf, err := a.addresses(o.scope, o.ids[rightSide][:o.n])
		if err != nil {
			return nil, err
		}
		defer buf.Release()
		o.addresses = addresses
	}
	for i := range o.source.lookups {
		c, err := o.column(&o.source.lookups[i], whole)
		if err != nil {
			b.Release()
			return nil, err
		}
		b.Cols = append(b.Cols, c)
		if err := w.Yield(); err != nil {
			b.Release()
			return nil, err
		}
	}
	o.n = 0
	return b, nil
}

// column gathers one output column; a whole batch's columns are shared.
func (o *lookupOutput) column(c *lookupColumn, whole bool) (column.Column, error) {
	build := o.source.build
	ins := [2]*joinInput{o.source.join.left, o.source.join.right}
	side := build
	if a := o.source.join.asof; a != nil && c.side == FromRight {
		return a.pieces[c.cols[rightSide]].Gather(o.scope, o.addresses)
	}
	switch {
	case c.side == Indicator:
		return o.indicator()
	case c.side == Coalesced && o.batch != nil && build == leftSide && ins[leftSide].kinds[c.cols[leftSide]].IsFloat():
		return o.coalesced(c) // -0.0 equals 0.0: the left's, where there is one
	case c.side == Coalesced && o.batch != nil, c.side == FromLeft && build == rightSide, c.side == FromRight && build == leftSide:
		side = 1 - build
	}
	ids, from, typ := o.ids[side][:o.n], (*table.Batch)(nil), ins[side].types[c.cols[side]]
	switch {
	case side != build:
		from = o.batch
	case len(ins[build].batches) > 0:
		from = ins[build].batches[0]
	}
	var dst column.Column
	var err error
	switch {
	case from == nil:
		dst, err = compute.AllNull(o.scope, typ, o.n)
	case side != build && whole:
		dst = from.Cols[c.cols[side]]
		dst.Retain()
	case o.absent[side]:
		dst, err = compute.Gather(o.scope, &from.Cols[c.cols[side]], ids)
	default:
		dst, err = compute.GatherPresent(o.scope, &from.Cols[c.cols[side]], ids)
	}
	if err == nil && c.side == Coalesced {
		dst.Type = ins[leftSide].types[c.cols[leftSide]]
	}
	return dst, err
}

// coalesced gathers the left key where there is a left row, else the right one.
func (o *lookupOutput) coalesced(c *lookupColumn) (column.Column, error) {
	addresses, buf, err := memory.Make[uint64](o.scope, o.n)
	if err != nil {
		return column.Column{}, err
	}
	defer buf.Release()
	for i, l := range o.ids[leftSide][:o.n] {
		addresses[i] = compute.RowAddress(leftSide, int(l))
		if l == compute.Missing {
			addresses[i] = compute.RowAddress(rightSide, int(o.ids[rightSide][i]))
		}
	}
	left, right := o.source.join.left, &o.batch.Cols[c.cols[rightSide]]
	of := &column.Column{}
	if len(left.batches) > 0 {
		of = &left.batches[0].Cols[c.cols[leftSide]]
	}
	return compute.NewPieces(left.types[c.cols[leftSide]], []*column.Column{of, right}).Gather(o.scope, addresses)
}

// indicator tells of each row which sides it is of.
func (o *lookupOutput) indicator() (column.Column, error) {
	c, err := compute.New(o.scope, indicatorType, o.n)
	if err != nil {
		return c, err
	}
	for i := range c.Views {
		c.Views[i] = indicatorView(o.ids[leftSide][i] != compute.Missing, o.ids[rightSide][i] != compute.Missing)
	}
	return c, nil
}

func (o *lookupOutput) free() {
	for side, b := range o.bufs {
		if b != nil {
			b.Release()
			o.ids[side], o.bufs[side] = nil, nil
		}
	}
}

// isCounting tells whether ids are 0, 1, 2 ... n-1.
func isCounting(ids []uint32, n int) bool {
	if len(ids) != n {
		return false
	}
	for i, id := range ids {
		if int(id) != i {
			return false
		}
	}
	return true
}
