package dist

import (
	"math"
	"time"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// run runs a stream into a sink, as q's step.
func run(q *exec.Query, s stream, sink exec.Sink) (exec.Source, error) {
	if q.Trace != nil {
		traced := tracedSink{sink, q.Step}
		if rows, ok := sink.(exec.RowSink); ok {
			sink = tracedRowSink{traced, rows}
		} else {
			sink = traced
		}
	}
	return q.Run(s.source, s.transforms, sink)
}

// alone records what f does as q's step without a pipeline, beside its loops, which record themselves.
func alone(q *exec.Query, f func() error) error {
	if q.Trace == nil {
		return f()
	}
	from, before := time.Now(), q.Trace.Looped(q.Step)
	err := f()
	q.Trace.Add(q.Step, exec.Alone, from, q.Trace.Looped(q.Step)-before)
	return err
}

// traced returns s, which the current step made of in, so that the work of its source and its transforms is recorded.
func (l *lowerer) traced(s stream, in []stream) stream {
	if l.q.Trace == nil {
		return s
	}
	first := 0
	if len(in) > 0 && s.source == in[0].source {
		first = len(in[0].transforms)
	} else {
		s.source = tracedSource{s.source, l.q.Step}
	}
	transforms := append([]exec.Transform(nil), s.transforms...)
	for i := first; i < len(transforms); i++ {
		t := tracedTransform{transforms[i], l.q.Step}
		if rows, ok := transforms[i].(exec.RowTransform); ok {
			transforms[i] = tracedRows{t, rows}
		} else {
			transforms[i] = t
		}
	}
	s.transforms = transforms
	return s
}

// tracedSource records the work of a Source.
type tracedSource struct {
	exec.Source
	step int
}

var (
	_ exec.Sized     = tracedSource{}
	_ exec.Ascending = tracedSource{}
)

// Next records what the next batch takes.
func (s tracedSource) Next(w *exec.Worker) (*table.Batch, error) {
	defer w.Query.Trace.Add(s.step, w.ID, time.Now(), 0)
	return s.Source.Next(w)
}

// Batches is the source's, or no bound.
func (s tracedSource) Batches() int {
	if sized, ok := s.Source.(exec.Sized); ok {
		return sized.Batches()
	}
	return math.MaxInt
}

// Ascending is the source's.
func (s tracedSource) Ascending() bool {
	ascending, ok := s.Source.(exec.Ascending)
	return ok && ascending.Ascending()
}

// tracedTransform records the work of a Transform, without that of what it emits to.
type tracedTransform struct {
	exec.Transform
	step int
}

// Push records what a batch takes.
func (t tracedTransform) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	from := time.Now()
	var others time.Duration
	err := t.Transform.Push(w, b, func(b *table.Batch) error {
		from := time.Now()
		defer func() { others += time.Since(from) }()
		return emit(b)
	})
	w.Query.Trace.Add(t.step, w.ID, from, others)
	return err
}

// tracedRows is tracedTransform for one that hands on rows as they lie.
type tracedRows struct {
	tracedTransform
	rows exec.RowTransform
}

// PushRows records what rows of a batch take.
func (t tracedRows) PushRows(w *exec.Worker, b *table.Batch, rows []uint32, emit func(*table.Batch, []uint32) error) error {
	from := time.Now()
	var others time.Duration
	err := t.rows.PushRows(w, b, rows, func(b *table.Batch, rows []uint32) error {
		from := time.Now()
		defer func() { others += time.Since(from) }()
		return emit(b, rows)
	})
	w.Query.Trace.Add(t.step, w.ID, from, others)
	return err
}

// tracedSink records the work of a Sink.
type tracedSink struct {
	exec.Sink
	step int
}

var _ exec.Limited = tracedSink{}

// Push records what a batch takes.
func (s tracedSink) Push(w *exec.Worker, b *table.Batch) error {
	defer w.Query.Trace.Add(s.step, w.ID, time.Now(), 0)
	return s.Sink.Push(w, b)
}

// Combine records what a worker's last state takes.
func (s tracedSink) Combine(w *exec.Worker) error {
	defer w.Query.Trace.Add(s.step, w.ID, time.Now(), 0)
	return s.Sink.Combine(w)
}

// Finish records what it takes.
func (s tracedSink) Finish(q *exec.Query) (source exec.Source, err error) {
	err = alone(q, func() error {
		source, err = s.Sink.Finish(q)
		return err
	})
	return source, err
}

// Enough is the sink's; without one, never.
func (s tracedSink) Enough(seq uint64) bool {
	limited, ok := s.Sink.(exec.Limited)
	return ok && limited.Enough(seq)
}

// tracedRowSink is tracedSink for one that takes rows as they lie.
type tracedRowSink struct {
	tracedSink
	rows exec.RowSink
}

// PushRows records what rows of a batch take.
func (s tracedRowSink) PushRows(w *exec.Worker, b *table.Batch, rows []uint32) error {
	defer w.Query.Trace.Add(s.step, w.ID, time.Now(), 0)
	return s.rows.PushRows(w, b, rows)
}
