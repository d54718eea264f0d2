package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// SpillingSort is Sort within a budget: see spill.go. Rows are divided into ranges of the result's order, which are
// sorted one after the other.
type SpillingSort struct {
	*spillInput
	spec SortSpec
	sort *Sort
}

var _ exec.Sink = (*SpillingSort)(nil)

// NewSpillingSort returns a sort of rows of schema.
func NewSpillingSort(spec SortSpec, schema *arrow.Schema) *SpillingSort {
	s := &SpillingSort{spec: spec, sort: NewSort(spec, schema)}
	s.spillInput = newSpillInput(s.sort, schema, firstColumns(schema.NumFields()), func(w *exec.Worker, kept []keptBatch) (divider, error) {
		return newRangeDivider(w, spec.Keys, spillWays, len(kept), func(i int) (*table.Batch, spill.Place, error) {
			kept[i].Retain()
			return kept[i].Batch, kept[i].place, nil
		})
	})
	return s
}

// Finish orders the rows and returns the Source of the result.
func (s *SpillingSort) Finish(q *exec.Query) (exec.Source, error) {
	source, err := s.spillInput.Finish(q)
	if err != nil || !spills(q) {
		return source, err
	}
	if !s.spilled() && fitsWhole(q, s.need()) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) { return s.run(part, exec.NewScan(s.batches())) })
		if err == nil {
			s.release()
			return run.source, nil
		}
		if !refused(err) {
			return nil, err
		}
	}
	files, err := s.files(q)
	if err != nil {
		return nil, err
	}
	return newSpillSource(q, s.parts(files, 1)), nil
}

// need returns about how many bytes the sort in memory takes: two words and a row per row, twice, and views of strings.
func (s *SpillingSort) need() int64 {
	var need int64
	for _, b := range s.kept {
		need += 48 * int64(b.Len)
		for i := range b.Cols {
			if b.Cols[i].Offsets != nil {
				need += 16 * int64(b.Len)
			}
		}
	}
	return need
}

// run sorts a source in memory.
func (s *SpillingSort) run(q *exec.Query, source exec.Source) (exec.Source, error) {
	return q.Run(source, nil, NewSort(s.spec, s.schema))
}

// parts returns the phases that sort parts, which a number of divisions have made.
func (s *SpillingSort) parts(files []*spillFile, level int) []spillPhase {
	phases := make([]spillPhase, len(files))
	for i, file := range files {
		phases[i] = func(q *exec.Query) (*spillRun, []spillPhase, error) { return s.part(q, file, level) }
	}
	return phases
}

// partNeed returns about how many bytes it takes to sort a part: what is read, two words and two rows per row, and what
// all workers have gathered at one time.
func (s *SpillingSort) partNeed(q *exec.Query, file *spillFile) int64 {
	rows := max(file.Rows(), 1)
	return file.Bytes() + 32*rows + file.Bytes()*min(rows, outputRows*int64(q.Threads))/rows
}

// part sorts a part in memory, or divides it further.
func (s *SpillingSort) part(q *exec.Query, file *spillFile, level int) (*spillRun, []spillPhase, error) {
	if level == spillLevels || fits(q, s.partNeed(q, file)) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) { return s.run(part, file.all()) })
		if err == nil {
			file.Close()
		}
		if level == spillLevels || !refused(err) {
			return run, nil, err
		}
	}
	ways := min(spillWays, 2+2*s.partNeed(q, file)/max(q.Scope.Budget().Room()/4*3, 1))
	var divider *rangeDivider
	err := q.For(1, func(w *exec.Worker, _ int) (err error) {
		divider, err = newRangeDivider(w, s.spec.Keys, int(ways), file.batches(), func(i int) (*table.Batch, spill.Place, error) {
			b, err := file.read(w, i)
			return b, spill.Place{Seq: uint64(i)}, err
		})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	defer divider.release()
	files, err := file.divide(q, divider)
	return nil, s.parts(files, level+1), err
}
