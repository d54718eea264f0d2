package operator

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// SpillingGroup is Group within a budget: see spill.go.
//
// Aggregates whose states are columns need no input kept: rows are aggregated as they come. What has been aggregated
// is written to the parts, as states, whenever it presses; then aggregation begins anew (a key in many rows is a few
// states), and in the end the states of each part are merged. In mode Partial they are not: merging is what Final does.
// Where states turn out larger than the rows that they are of, all further rows are written as they are, and each part's
// are aggregated in the end (spill_group_rows.go).
//
// Others, such as a median, or a first value, whose states would have to come in the order of the rows, and mode Final
// keep their input as the other operators do, and divide it by the hash of the keys.
type SpillingGroup struct {
	spec   GroupSpec
	schema *arrow.Schema // of the input
	group  *Group        // without a budget
	states *groupLayout  // of the states as columns, nil where there are none
	input  *spillInput   // where there are none

	once  sync.Once
	err   error
	mu    sync.RWMutex // held to push into now, exclusively to replace it
	now   *groupPass
	parts *spillParts                // of states
	early bool                       // rows are aggregated before they are written, whatever it saves
	rows  atomic.Pointer[spillParts] // of rows, once they are written as they are
}

// groupPass is what is aggregated between two writes.
type groupPass struct {
	*Group
	query *exec.Query // in a scope of its own
	rows  atomic.Int64
	bytes atomic.Int64 // of these rows
	most  int64        // bytes that may be held: to finish takes more
	least int64        // rows that are taken in at any rate
}

var _ exec.RowSink = (*SpillingGroup)(nil)

// NewSpillingGroup returns the operator for input of schema in.
func NewSpillingGroup(spec GroupSpec, in *arrow.Schema) (*SpillingGroup, error) {
	group, err := NewGroup(spec, in)
	if err != nil {
		return nil, err
	}
	s := &SpillingGroup{spec: spec, schema: in, group: group}
	if spec.Mode != Final && !slices.ContainsFunc(spec.Aggs, func(a Agg) bool { return a.Fn == First || a.Fn == Last }) {
		partial := spec
		partial.Mode = Partial
		if layout, err := newGroupLayout(partial, in); err == nil {
			s.states = layout
			return s, nil
		}
	}
	s.input = newSpillInput(group, in, firstColumns(in.NumFields()), byHash(spec.keyColumns()))
	return s, nil
}

// keyColumns returns the keys' columns of the input.
func (s GroupSpec) keyColumns() []int {
	if s.Mode == Final {
		return firstColumns(len(s.Keys))
	}
	return s.Keys
}

// Push takes b in.
func (s *SpillingGroup) Push(w *exec.Worker, b *table.Batch) error { return s.PushRows(w, b, nil) }

// PushRows takes rows of b in, which are copied where they are kept.
func (s *SpillingGroup) PushRows(w *exec.Worker, b *table.Batch, rows []uint32) error {
	if s.input != nil {
		return emitRows(w, b, rows, func(b *table.Batch) error { return s.input.Push(w, b) })
	}
	if !spills(w.Query) {
		return s.group.PushRows(w, b, rows)
	}
	all, size := allRows(b, rows), rowsInHand(w.Query, 16, s.rowBytes())
	for from := 0; from < all.n; from += size {
		if parts := s.rows.Load(); parts != nil {
			if rows != nil {
				rows = rows[from:]
			} else {
				b = b.Slice(from, b.Len-from)
			}
			return emitRows(w, b, rows, func(b *table.Batch) error {
				return parts.push(w, b, spill.Place{Seq: b.Seq, Sub: uint64(from)})
			})
		}
		if err := s.push(w, all.slice(from, min(from+size, all.n))); err != nil {
			return err
		}
	}
	return nil
}

// rowBytes is about what a row takes until it is aggregated.
func (s *SpillingGroup) rowBytes() int64 {
	return int64(8 * (s.states.recWords + s.states.rowWords + s.states.keyWords + 2*slotsPerGroup))
}

func (s *SpillingGroup) push(w *exec.Worker, r groupRows) error {
	if err := s.begin(w.Query); err != nil {
		return err
	}
	if !s.mu.TryRLock() {
		_ = w.Block(func() error { s.mu.RLock(); return nil })
	}
	pass := s.now
	err := pass.push(w.In(pass.query), r)
	pass.bytes.Add(bytesOf(r.batch) * int64(r.n) / int64(r.batch.Len))
	s.mu.RUnlock()
	if err == nil && pass.rows.Add(int64(r.n)) > pass.least && pass.query.Scope.Held() > pass.most {
		err = w.Block(func() error { return s.write(w.Query, pass) })
	}
	return err
}

// begin makes the first pass.
func (s *SpillingGroup) begin(q *exec.Query) error {
	s.once.Do(func() { s.err = s.next(q) })
	return s.err
}

// next begins a pass.
func (s *SpillingGroup) next(q *exec.Query) error {
	group, err := NewGroup(s.spec, s.schema)
	if err != nil {
		return err
	}
	group.layout.seed = s.states.seed // those that are written are merged
	limit, record, row := q.Scope.Budget().Limit(), int64(8*s.states.recWords), int64(8*(1+s.states.keyWords+s.states.rowWords))
	group.unitRows = rowsInHand(q, 16, 4*record)
	// What is held may be rows, each of which becomes a record in the end.
	s.now = &groupPass{Group: group, query: q.Within(q.Scope.Within()), most: limit / 2 * row / (row + record), least: limit / 8 / record}
	if q.Spill.When == spill.AtOnce {
		s.now.most, s.now.least = 0, 0
	}
	return nil
}

// write writes the states of a pass, unless another worker has done so, and begins the next. The caller holds no slot.
func (s *SpillingGroup) write(q *exec.Query, pass *groupPass) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pass != s.now {
		return nil
	}
	if s.parts == nil {
		s.parts = newSpillParts(q, s.states.output, &hashDivider{keys: firstColumns(len(s.spec.Keys))})
	}
	if s.states.recWords != pass.layout.recWords {
		return status.Errorf(status.Internal, "a group's states are not what Partial emits")
	}
	pass.layout = s.states
	source, err := s.finish(pass)
	if err != nil {
		return err
	}
	before := s.parts.bytes()
	if _, err := pass.query.Run(source, nil, s.parts); err != nil {
		return err
	}
	pass.query.Scope.Close()
	if !s.early && s.rows.Load() == nil && s.parts.bytes()-before > pass.bytes.Load() {
		s.rows.Store(newSpillParts(q, s.schema, &hashDivider{keys: s.spec.Keys}))
	}
	return s.next(q)
}

// finish returns the groups of a pass.
func (s *SpillingGroup) finish(pass *groupPass) (exec.Source, error) {
	source, err := pass.query.Run(nothing{}, nil, pass)
	return inHand(pass.query, source), err
}

// inHand has a group-by's source make batches that the budget has room for.
func inHand(q *exec.Query, source exec.Source) exec.Source {
	if s, ok := source.(*groupSource); ok {
		s.batchRows = rowsInHand(q, 8, int64(8*(3+2*s.layout.output.NumFields())))
	}
	return source
}

// nothing is a source without batches, whose workers all come to their end.
type nothing struct{}

func (nothing) Next(*exec.Worker) (*table.Batch, error) { return nil, nil }

// Combine ends a worker's input.
func (s *SpillingGroup) Combine(w *exec.Worker) error {
	switch {
	case s.input != nil:
		return s.input.Combine(w)
	case !spills(w.Query):
		return s.group.Combine(w)
	}
	return s.begin(w.Query)
}

// Finish returns the groups.
func (s *SpillingGroup) Finish(q *exec.Query) (exec.Source, error) {
	switch {
	case s.input != nil && spills(q):
		return s.finishInput(q)
	case s.input != nil:
		return s.input.Finish(q)
	case !spills(q):
		return s.group.Finish(q)
	case s.parts == nil && q.Spill.When == spill.Needed:
		return s.finish(s.now)
	}
	if err := s.write(q, s.now); err != nil {
		return nil, err
	}
	return newSpillSource(q, s.phases()), nil
}

// finishInput aggregates what the input has kept.
func (s *SpillingGroup) finishInput(q *exec.Query) (exec.Source, error) {
	if _, err := s.input.Finish(q); err != nil {
		return nil, err
	}
	bytes, rows := s.input.width()
	if !s.input.spilled() && fitsWhole(q, 2*bytes+32*rows) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) {
			return groupSourceOf(part, s.spec, s.schema, exec.NewScan(s.input.batches()))
		})
		if err == nil {
			s.input.release()
			return run.source, nil
		}
		if !refused(err) {
			return nil, err
		}
	}
	files, err := s.input.files(q)
	if err != nil {
		return nil, err
	}
	return newSpillSource(q, groupPhases(s.spec, files, 1, math.MaxInt64)), nil
}

// groupSourceOf groups a source in memory.
func groupSourceOf(q *exec.Query, spec GroupSpec, schema *arrow.Schema, source exec.Source) (exec.Source, error) {
	group, err := NewGroup(spec, schema)
	if err != nil {
		return nil, err
	}
	source, err = q.Run(source, nil, group)
	return inHand(q, source), err
}

// groupPhases returns the phases that group parts, into which so many rows have been divided for the level-th time.
func groupPhases(spec GroupSpec, files []*spillFile, level int, rows int64) []spillPhase {
	phases := make([]spillPhase, len(files))
	for i, file := range files {
		level := level
		if len(spec.Keys) == 0 || undivided(file.Rows(), rows) {
			level = spillLevels
		}
		phases[i] = func(q *exec.Query) (*spillRun, []spillPhase, error) { return groupOnePart(q, spec, file, level) }
	}
	return phases
}

// groupOnePart groups a part in memory, or divides it further.
func groupOnePart(q *exec.Query, spec GroupSpec, file *spillFile, level int) (*spillRun, []spillPhase, error) {
	if level == spillLevels || fits(q, memoryOf(file)) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) { return groupSourceOf(part, spec, file.schema, file.all()) })
		if err == nil {
			file.Close()
			return run, nil, nil
		}
		if !refused(err) {
			return nil, nil, err
		}
		if level == spillLevels {
			return nil, nil, status.Errorf(status.OutOfMemory, "the %d rows of one group can't be aggregated in parts: %w", file.Rows(), err)
		}
	}
	rows := file.Rows()
	files, err := file.divide(q, &hashDivider{keys: spec.keyColumns(), level: level})
	return nil, groupPhases(spec, files, level+1, rows), err
}
