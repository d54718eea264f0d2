package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Filter is the Transform that keeps the rows for which every condition is true, neither false nor null, and of them the
// columns in Output, in that order.
//
// Conditions are looked at one after the other. Once few rows are left, the next ones are computed for these alone: the
// columns that they read are gathered first. So a condition that may fail sees all rows only if it comes first.
type Filter struct {
	Conditions []*expr.Program // of one result each
	Keys       []*KeyFilter    // of rows that fulfil them, those that match nothing go, too
	Output     []int           // nil: all
}

var _ exec.RowTransform = (*Filter)(nil)

// fewRows is the part of a batch's rows below which they are gathered before the next condition.
const fewRows = 1.0 / 3

// NewFilter returns a Filter by conditions, whose results must be of type bool, or null.
func NewFilter(conditions []*expr.Program, output []int) (*Filter, error) {
	for _, c := range conditions {
		if t := c.Types()[0]; t.ID() != arrow.BOOL && t.ID() != arrow.NULL {
			return nil, status.Errorf(status.TypeMismatch, "a filter takes a bool predicate, not %s: compare it with something", t)
		}
	}
	return &Filter{Conditions: conditions, Output: output}, nil
}

// Push emits the rows of b that are kept: its own columns where all are, nothing where none is.
func (f *Filter) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	return f.PushRows(w, b, nil, func(b *table.Batch, rows []uint32) error { return emitRows(w, b, rows, emit) })
}

// PushRows emits those of rows that are kept.
func (f *Filter) PushRows(w *exec.Worker, b *table.Batch, rows []uint32, emit func(*table.Batch, []uint32) error) error {
	unit := table.MaxRows
	for _, c := range f.Conditions {
		unit = min(unit, c.Rows())
	}
	return emitRows(w, b, rows, func(b *table.Batch) error {
		return inUnits(w, b, unit, func(part *table.Batch) error { return f.push(w, part, emit) })
	})
}

// emitRows emits rows of b, copied unless they are all.
func emitRows(w *exec.Worker, b *table.Batch, rows []uint32, emit func(*table.Batch) error) error {
	if rows == nil {
		return emit(b)
	}
	kept, err := gatherBatch(w, b, rows)
	if err != nil {
		return err
	}
	defer kept.Release()
	return emit(kept)
}

func (f *Filter) push(w *exec.Worker, b *table.Batch, emit func(*table.Batch, []uint32) error) error {
	if b.Len == 0 {
		return nil
	}
	s := &selection{scope: w.Scope(), batch: b, rows: b}
	defer s.release()
	for i, condition := range f.Conditions {
		if err := s.apply(condition); err != nil || s.left == 0 {
			return err
		}
		if next := f.Conditions[i+1:]; len(next) > 0 && float64(s.left) < fewRows*float64(s.rows.Len) {
			if err := s.narrow(next); err != nil {
				return err
			}
		}
	}
	if f.Output != nil {
		b = pickColumns(b, f.Output)
	}
	if len(f.Keys) == 0 && s.ids == nil && s.left == b.Len {
		return emit(b, nil)
	}
	if err := s.choose(); err != nil {
		return err
	}
	if err := s.test(f.Keys); err != nil {
		return err
	}
	switch len(s.ids) {
	case 0:
		return nil
	case b.Len:
		return emit(b, nil)
	}
	return emit(b, s.ids)
}

// selection is the rows of a batch that have fulfilled the conditions so far.
type selection struct {
	scope *memory.Scope
	batch *table.Batch
	rows  *table.Batch  // what conditions are computed for: batch, or the rows ids of it
	keep  column.Column // which of rows are selected; no rows: all
	left  int           // how many are
	ids   []uint32      // of rows in batch; nil: rows is batch
	owner *memory.Buffer
}

func (s *selection) release() {
	s.keep.Release()
	if s.rows != s.batch {
		s.rows.Release()
	}
	if s.owner != nil {
		s.owner.Release()
	}
}

// apply selects the rows that fulfil a condition, too.
func (s *selection) apply(condition *expr.Program) error {
	results, err := condition.Eval(s.scope, s.rows)
	if err != nil {
		return err
	}
	keep := results[0]
	if s.keep.Len > 0 && keep.Kind != column.Null {
		both, err := compute.Combine(s.scope, compute.And, &s.keep, &keep)
		keep.Release()
		if err != nil {
			return err
		}
		keep = both
	}
	s.keep.Release()
	s.keep, s.left = keep, 0
	if keep.Kind != column.Null {
		s.left = compute.CountTrue(&keep)
	}
	return nil
}

// choose makes ids those of the selected rows.
func (s *selection) choose() error {
	ids, owner, err := memory.Make[uint32](s.scope, s.rows.Len+compute.SelectRoom)
	if err != nil {
		return err
	}
	if s.keep.Len > 0 {
		ids = compute.Select(&s.keep, ids)
	} else {
		ids = ids[:s.rows.Len]
		for i := range ids {
			ids[i] = uint32(i)
		}
	}
	if s.ids != nil {
		for i, id := range ids {
			ids[i] = s.ids[id]
		}
		s.owner.Release()
	}
	s.ids, s.owner = ids, owner
	return nil
}

// test takes rows that fail a test from ids.
func (s *selection) test(keys []*KeyFilter) (err error) {
	for _, f := range keys {
		if s.ids, err = f.among(s.scope, s.batch, s.ids); err != nil {
			return err
		}
	}
	return nil
}

// narrow makes the selected rows those for which the next conditions are computed, with the columns that these read.
func (s *selection) narrow(next []*expr.Program) error {
	if err := s.choose(); err != nil {
		return err
	}
	var columns []int
	for _, condition := range next {
		columns = append(columns, condition.Columns()...)
	}
	rows, err := gatherColumns(s.scope, s.batch, columns, s.ids)
	if err != nil {
		return err
	}
	s.keep.Release()
	s.keep = column.Column{}
	if s.rows != s.batch {
		s.rows.Release()
	}
	s.rows = rows
	return nil
}

// gatherBatch returns rows ids of b with its Seq; strings become views.
func gatherBatch(w *exec.Worker, b *table.Batch, ids []uint32) (*table.Batch, error) {
	out := &table.Batch{Len: len(ids), Seq: b.Seq}
	for i := range b.Cols {
		c, err := compute.GatherPresent(w.Scope(), &b.Cols[i], ids)
		if err == nil {
			out.Cols = append(out.Cols, c)
			err = w.Yield()
		}
		if err != nil {
			out.Release()
			return nil, err
		}
	}
	return out, nil
}
