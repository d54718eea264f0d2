package operator

import (
	"math"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Explode is the Transform that makes a row of each element of the lists in Columns, which are as long in all of them in
// a row: the element beside the row's other values. An empty list and a null become one row with a null.
//
//	a  [1, 2]        a  1
//	b  []       ->   a  2
//	c  [3]           b  null
//	                 c  3
//
// It notes which row and which element each new row is of, up to a batch of them, and gathers both.
type Explode struct{ Columns []int }

var _ exec.Transform = (*Explode)(nil)

// Push emits the rows that b's become, a batch at a time.
func (e *Explode) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	p := &explosion{columns: e.Columns, batch: b}
	for i := range len(e.Columns) + 1 {
		ids, owner, err := memory.Make[uint32](w.Scope(), table.MaxRows)
		if err != nil {
			return err
		}
		defer owner.Release()
		if i == 0 {
			p.rows = ids[:0]
			continue
		}
		first, last := b.Cols[e.Columns[i-1]].Span()
		if last-first >= math.MaxUint32 {
			return status.Errorf(status.Unsupported, "%d elements in a batch of %d rows are too many to explode", last-first, b.Len)
		}
		p.elements, p.first = append(p.elements, ids[:0]), append(p.first, first)
	}
	for row := range b.Len {
		n, err := p.size(row)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := p.room(w, emit); err != nil {
				return err
			}
			p.addMissing(row)
		}
		for from := 0; from < n; {
			if err := p.room(w, emit); err != nil {
				return err
			}
			taken := min(n-from, table.MaxRows-len(p.rows))
			p.add(row, from, taken)
			from += taken
		}
	}
	return p.emit(w, emit)
}

// explosion is new rows that aren't emitted yet.
type explosion struct {
	columns  []int
	batch    *table.Batch
	first    []int      // by column: the batch's first element
	rows     []uint32   // of batch
	elements [][]uint32 // by column: counted from its first, or compute.Missing
}

// list returns which elements column number i has in a row.
func (p *explosion) list(i, row int) (from, to int) {
	c := &p.batch.Cols[p.columns[i]]
	if c.IsNull(row) {
		return 0, 0
	}
	return c.Elements(row)
}

// size returns how many elements the lists of a row have.
func (p *explosion) size(row int) (int, error) {
	from, to := p.list(0, row)
	for i := 1; i < len(p.columns); i++ {
		if a, b := p.list(i, row); b-a != to-from {
			return 0, status.Errorf(status.Invalid, "lists that are exploded together must be as long: in one row one has %d elements and one %d", to-from, b-a)
		}
	}
	return to - from, nil
}

// room makes room for a row.
func (p *explosion) room(w *exec.Worker, emit func(*table.Batch) error) error {
	if len(p.rows) < table.MaxRows {
		return nil
	}
	return p.emit(w, emit)
}

// add makes rows of elements [from, from+n) of a row.
func (p *explosion) add(row, from, n int) {
	for i := range p.columns {
		first, _ := p.list(i, row)
		for k := range n {
			p.elements[i] = append(p.elements[i], uint32(first+from+k-p.first[i]))
		}
	}
	for range n {
		p.rows = append(p.rows, uint32(row))
	}
}

// addMissing makes a row without an element.
func (p *explosion) addMissing(row int) {
	p.rows = append(p.rows, uint32(row))
	for i := range p.elements {
		p.elements[i] = append(p.elements[i], compute.Missing)
	}
}

// emit gathers the new rows.
func (p *explosion) emit(w *exec.Worker, emit func(*table.Batch) error) error {
	if len(p.rows) == 0 {
		return nil
	}
	out := &table.Batch{Len: len(p.rows), Seq: p.batch.Seq}
	defer out.Release()
	for i := range p.batch.Cols {
		c, err := p.column(w.Scope(), i)
		if err != nil {
			return err
		}
		out.Cols = append(out.Cols, c)
		if err := w.Yield(); err != nil {
			return err
		}
	}
	p.rows = p.rows[:0]
	for i := range p.elements {
		p.elements[i] = p.elements[i][:0]
	}
	return emit(out)
}

// column returns column number i of the new rows.
func (p *explosion) column(scope *memory.Scope, i int) (column.Column, error) {
	c := &p.batch.Cols[i]
	if k := slices.Index(p.columns, i); k >= 0 {
		first, last := c.Span()
		elements := c.Children[0].Slice(first, last-first)
		return compute.Gather(scope, &elements, p.elements[k])
	}
	return compute.Gather(scope, c, p.rows)
}
