package operator

import (
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Address is the type of the addresses of rows of type Of: uint64 to an operator that picks values without a look at
// them.
type Address struct {
	arrow.Uint64Type
	Of arrow.DataType
}

// Addressed returns s with the addresses of their rows in place of some columns.
func Addressed(s *arrow.Schema, columns []int) *arrow.Schema {
	fields := s.Fields()
	for _, c := range columns {
		fields[c].Type = &Address{Of: fields[c].Type}
	}
	return arrow.NewSchema(fields, nil)
}

// Restored returns s with the rows in place of their addresses.
func Restored(s *arrow.Schema) *arrow.Schema {
	fields := s.Fields()
	for i := range fields {
		if a, ok := fields[i].Type.(*Address); ok {
			fields[i].Type = a.Of
		}
	}
	return arrow.NewSchema(fields, nil)
}

// Carrier takes lists and structs around an operator that doesn't move them, the group-by: one Transform in front of it
// keeps the columns and lets the addresses of their rows pass, null where a row is, and one behind it gathers the rows
// whose addresses come out.
//
//	k | list  ─▶  k | address  ─▶  first(address) by k  ─▶  k | address  ─▶  k | list
type Carrier struct {
	columns []int

	mu     sync.Mutex
	kept   []column.Column
	pieces map[string][]*column.Column // by type: an address is a piece, and a row of it
}

// NewCarrier returns a Carrier of columns.
func NewCarrier(columns []int) *Carrier {
	return &Carrier{columns: columns, pieces: map[string][]*column.Column{}}
}

// In returns the Transform in front.
func (c *Carrier) In() exec.Transform { return (*carrierIn)(c) }

// Out returns the Transform behind, of batches of schema s, for use once all rows have passed In.
func (c *Carrier) Out(s *arrow.Schema) exec.Transform { return &carrierOut{carrier: c, schema: s} }

type carrierIn Carrier

// Push keeps the carried columns of b and lends it on with addresses.
func (in *carrierIn) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	out := &table.Batch{Len: b.Len, Seq: b.Seq}
	defer out.Release()
	for i := range b.Cols {
		b.Cols[i].Retain()
		out.Cols = append(out.Cols, b.Cols[i])
	}
	for _, i := range in.columns {
		addresses, err := compute.New(w.Scope(), arrow.PrimitiveTypes.Uint64, b.Len)
		if err != nil {
			return err
		}
		piece := in.keep(w, &b.Cols[i])
		for row := range column.Of[uint64](&addresses) {
			column.Of[uint64](&addresses)[row] = compute.RowAddress(piece, row)
		}
		kept := out.Cols[i] // whose bitmap the addresses have
		addresses.Type, addresses.Valid, addresses.Nulls = &Address{Of: kept.Type}, kept.Valid, kept.Nulls
		addresses.Owners = append(addresses.Owners, kept.Owners...)
		out.Cols[i] = addresses
	}
	return emit(out)
}

// keep keeps a column and returns the number of its piece.
func (in *carrierIn) keep(w *exec.Worker, c *column.Column) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.kept == nil {
		w.Scope().OnClose(in.release)
	}
	c.Retain()
	own := *c
	in.kept = append(in.kept, own)
	name := column.TypeName(c.Type)
	in.pieces[name] = append(in.pieces[name], &own)
	return len(in.pieces[name]) - 1
}

func (in *carrierIn) release() {
	for i := range in.kept {
		in.kept[i].Release()
	}
	in.kept, in.pieces = nil, nil
}

type carrierOut struct {
	carrier *Carrier
	schema  *arrow.Schema
	once    sync.Once
	pieces  map[string]*compute.Pieces
}

// Push lends b on with rows in place of their addresses.
func (out *carrierOut) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	out.once.Do(out.prepare)
	restored := &table.Batch{Len: b.Len, Seq: b.Seq}
	defer restored.Release()
	for i := range b.Cols {
		c := b.Cols[i]
		a, ok := out.schema.Field(i).Type.(*Address)
		if !ok {
			c.Retain()
			restored.Cols = append(restored.Cols, c)
			continue
		}
		rows, err := out.gather(w, &c, a.Of)
		if err != nil {
			return err
		}
		restored.Cols = append(restored.Cols, rows)
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return emit(restored)
}

func (out *carrierOut) prepare() {
	out.pieces = map[string]*compute.Pieces{}
	for _, f := range out.schema.Fields() {
		if a, ok := f.Type.(*Address); ok {
			name := column.TypeName(a.Of)
			out.pieces[name] = compute.NewPieces(a.Of, out.carrier.pieces[name])
		}
	}
}

// gather returns the rows at addresses c.
func (out *carrierOut) gather(w *exec.Worker, c *column.Column, t arrow.DataType) (column.Column, error) {
	addresses, owner, err := memory.Make[uint64](w.Scope(), c.Len)
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	copy(addresses, column.Of[uint64](c))
	for i := range addresses {
		if c.IsNull(i) {
			addresses[i] = compute.MissingRow
		}
	}
	return out.pieces[column.TypeName(t)].Gather(w.Scope(), addresses)
}
