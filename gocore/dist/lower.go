package dist

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// lowerer turns a program's steps into pipelines, inputs first. It runs those that end in a sink at once: what it
// returns for a step is a source that hands out the step's rows once.
type lowerer struct {
	q       *exec.Query
	world   World
	plan    *plan.Plan
	args    []*table.Table
	files   map[int]file // of scan nodes
	program *plan.Program

	uses      []int // of each step: how many others read it
	kept      map[int]stream
	estimates map[int]estimate
	meters    []*meter
	gauge     *Gauge
	rowsMoved atomic.Int64
}

// stream is rows on their way: a source and what is done to its batches before they reach a sink.
type stream struct {
	source     exec.Source
	transforms []exec.Transform
	schema     *arrow.Schema
	batches    []*table.Batch // where the source is a Scan of these, without transforms
	head       *tally         // counts what comes out of the source
}

// through returns s with another transform behind.
func (s stream) through(t exec.Transform, schema *arrow.Schema) stream {
	return stream{source: s.source, transforms: append(slices.Clip(s.transforms), t), schema: schema, head: s.head}
}

// counted returns a scan whose rows are counted as they come out.
func (s stream) counted() stream {
	s.head = &tally{total: rowsOf(s.batches)}
	return s.through(s.head, s.schema)
}

// scan returns a stream of batches, numbered anew.
func scan(batches []*table.Batch, schema *arrow.Schema) stream {
	return stream{source: exec.NewScan(batches), batches: batches, schema: schema}
}

// meter measures one step.
type meter struct {
	tally
	op             string
	nanos          atomic.Int64
	began          time.Time
	lasted         atomic.Int64 // from began to its last rows
	sent, received atomic.Int64 // bytes
	spilled        *spill.Store // of its operator; nil: it has none
	scope          *memory.Scope
	peak           atomic.Int64 // bytes
	bytes          atomic.Int64 // of the rows that it made, where somebody asks
}

// took adds the time since start.
func (m *meter) took(start time.Time) {
	m.nanos.Add(int64(time.Since(start)))
	m.look()
}

// look notes the time and the memory of the last rows.
func (m *meter) look() {
	m.lasted.Store(int64(time.Since(m.began)))
	for peak, old := m.scope.TakePeak(), m.peak.Load(); peak > old && !m.peak.CompareAndSwap(old, peak); old = m.peak.Load() {
	}
}

// Push counts rows on their way.
func (m *meter) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	m.count(w, b, b.Len)
	return m.tally.Push(w, b, emit)
}

// PushRows counts rows of b.
func (m *meter) PushRows(w *exec.Worker, b *table.Batch, rows []uint32, emit func(*table.Batch, []uint32) error) error {
	n := b.Len
	if rows != nil {
		n = len(rows)
	}
	m.count(w, b, n)
	return m.tally.PushRows(w, b, rows, emit)
}

// count notes that n rows of b are on their way.
func (m *meter) count(w *exec.Worker, b *table.Batch, n int) {
	m.look()
	if w.Query.Trace == nil || n == 0 {
		return
	}
	for i := range b.Cols {
		m.bytes.Add(b.Cols[i].Bytes() * int64(n) / int64(b.Len))
	}
}

// prepare counts the uses of each step that the root needs, and gives each a meter.
func (l *lowerer) prepare() {
	steps := l.program.Steps
	l.uses, l.meters = make([]int, len(steps)), make([]*meter, len(steps))
	l.kept, l.estimates = map[int]stream{}, map[int]estimate{}
	l.uses[l.program.Root] = 1
	for i := len(steps) - 1; i >= 0; i-- {
		l.meters[i] = &meter{op: steps[i].Op.Name(), tally: tally{total: unknown}, scope: l.q.Scope}
		if l.uses[i] == 0 {
			continue
		}
		for _, in := range steps[i].Inputs {
			l.uses[in]++
		}
	}
	l.gauge.meters.Store(&l.meters)
}

// stats returns what the steps that ran did, in order, and what the workers did for them.
func (l *lowerer) stats() ([]OperatorStats, []exec.Span) {
	var all []OperatorStats
	place := make([]int, len(l.meters)) // of each step, in the list
	for i, m := range l.meters {
		if l.uses[i] == 0 {
			continue
		}
		place[i] = len(all)
		o := OperatorStats{Op: m.op, Rows: m.rows.Load(), Seconds: time.Duration(m.nanos.Load()).Seconds(),
			BytesSent: m.sent.Load(), BytesReceived: m.received.Load(), BytesSpilled: m.spilled.Written(), PeakBytes: m.peak.Load(),
			Began: m.began, Ended: m.began.Add(time.Duration(m.lasted.Load()))}
		if l.plan.Mode.Tells() {
			o.Text = l.program.Describe(i, l.literal)
			for _, in := range l.program.Steps[i].Inputs {
				o.Inputs = append(o.Inputs, place[in])
			}
		}
		if l.q.Trace != nil {
			o.Bytes, o.Busy = m.bytes.Load(), l.q.Trace.Busy(i).Seconds()
		}
		all = append(all, o)
	}
	var spans []exec.Span
	if l.q.Trace != nil {
		spans = l.q.Trace.Spans()
	}
	for i := range spans {
		spans[i].Step = place[spans[i].Step]
	}
	return all, spans
}

// literal returns the text of a literal.
func (l *lowerer) literal(arg, col int) string {
	for _, b := range l.args[arg].Batches {
		if b.Len > 0 {
			views, err := b.Cols[col].AsViews(l.q.Scope)
			if err == nil {
				defer views.Release()
				return compute.Format(&views, 0)
			}
		}
	}
	return "?"
}

// collect runs a stream to its end and returns its batches in order. The scope holds their references.
func (l *lowerer) collect(s stream) ([]*table.Batch, error) { return l.collectInto(s, &exec.Collect{}) }

func (l *lowerer) collectInto(s stream, sink *exec.Collect) ([]*table.Batch, error) {
	if s.batches != nil && len(s.transforms) == 0 {
		return s.batches, nil
	}
	if _, err := run(l.q, s, sink); err != nil {
		return nil, err
	}
	return sink.Batches(), nil
}

// into runs a stream into a sink and returns what the sink makes of it.
func (l *lowerer) into(s stream, sink exec.Sink, schema *arrow.Schema) (stream, error) {
	return into(l.q, s, sink, schema)
}

func into(q *exec.Query, s stream, sink exec.Sink, schema *arrow.Schema) (stream, error) {
	source, err := run(q, s, sink)
	return stream{source: source, schema: schema}, err
}

// all lowers every input of a step, with the tests of its rows.
func (l *lowerer) all(step *plan.Step, tests [][]test) ([]stream, error) {
	inputs := make([]stream, len(step.Inputs))
	for i, in := range step.Inputs {
		var err error
		if inputs[i], err = l.lower(in, tests[i]); err != nil {
			return nil, err
		}
	}
	return inputs, nil
}

// begin tells that what is done from now on is a step, which reads inputs.
func (l *lowerer) begin(at int, inputs ...stream) {
	m := l.meters[at]
	m.began = time.Now()
	l.q.Scope.TakePeak() // what others held before
	l.gauge.enter(m.op, inputs...)
	l.q = l.q.As(at)
}

// lower returns the rows of a step that pass some tests. What several steps read is collected first, and handed to each.
func (l *lowerer) lower(at int, tests []test) (stream, error) {
	if s, ok := l.kept[at]; ok {
		return tested(scan(s.batches, s.schema).counted(), nil, tests), nil
	}
	step := &l.program.Steps[at]
	below, stay := l.passOn(at, tests)
	var inputs []stream
	var err error
	if _, ok := step.Op.(*plan.JoinOp); !ok { // a join makes its inputs in an order of its own
		if inputs, err = l.all(step, below); err != nil {
			return stream{}, err
		}
		l.begin(at, inputs...)
	}
	s, err := l.operator(at, step, inputs, below)
	m := l.meters[at]
	m.took(m.began)
	if err != nil {
		return s, status.In(plan.UserName(l.plan.Nodes[step.Node].Op), err)
	}
	if l.uses[at] == 1 {
		s = tested(s, step.Op, stay)
	}
	if s.head == nil {
		m.total = l.total(step, s)
		s.head = &m.tally
	}
	s = l.traced(s, inputs).through(m, s.schema)
	if l.uses[at] > 1 {
		batches, err := l.collect(s)
		if err != nil {
			return s, err
		}
		l.kept[at] = stream{batches: batches, schema: s.schema}
		s = tested(scan(batches, s.schema).counted(), nil, stay)
	}
	return s, nil
}

// total returns how many rows s, which step made, will hand out, where that is known.
func (l *lowerer) total(step *plan.Step, s stream) int64 {
	switch op := step.Op.(type) {
	case *plan.SourceOp:
		if op.Arg >= 0 {
			return int64(l.args[op.Arg].Rows)
		}
	case *plan.SortOp:
		return l.meters[step.Inputs[0]].rows.Load() // all of them have come
	}
	if s.batches == nil {
		return unknown
	}
	return rowsOf(s.batches)
}
