package dist

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Progress is how far a plan has come on this rank.
type Progress struct {
	Step          string // the operator that runs, or what is waited for
	Rows          int64  // that it has read from its sources
	RowsTotal     int64  // that it will have read in the end; 0 where that is not known
	BytesSent     int64
	BytesReceived int64
}

// Gauge shows how far a plan has come while it runs, from any goroutine. Its zero value is ready.
//
//	source ─▶ tally ─▶ transforms ─▶ sink of the step that runs
//	            └── counts a batch at a time, read by the gauge
//
// What a step has read is counted where its pipelines begin: there the total is known, and whatever filters or moves
// rows on the way is part of the pipeline.
type Gauge struct {
	running atomic.Pointer[running]
	meters  atomic.Pointer[[]*meter]
}

// running is a step and where its pipelines begin.
type running struct {
	step  string
	heads []*tally
}

// Enter tells that something begins which reads no rows.
func (g *Gauge) Enter(step string) { g.enter(step) }

func (g *Gauge) enter(step string, inputs ...stream) {
	r := &running{step: step, heads: make([]*tally, len(inputs))}
	for i, in := range inputs {
		r.heads[i] = in.head
	}
	g.running.Store(r)
}

// Read returns how far the plan is.
func (g *Gauge) Read() Progress {
	var p Progress
	if r := g.running.Load(); r != nil {
		p.Step = r.step
		known := true
		for _, h := range r.heads {
			p.Rows += h.rows.Load()
			p.RowsTotal += h.total
			known = known && h.total != unknown
		}
		if !known {
			p.RowsTotal = 0
		}
	}
	if meters := g.meters.Load(); meters != nil {
		for _, m := range *meters {
			p.BytesSent += m.sent.Load()
			p.BytesReceived += m.received.Load()
		}
	}
	return p
}

// unknown is the total of a tally that can't tell.
const unknown = -1

// tally is the Transform that counts rows on their way.
type tally struct {
	rows  atomic.Int64
	total int64 // how many there will be, or unknown; set before the rows come
}

var _ exec.RowTransform = (*tally)(nil)

// Push counts the rows of b.
func (t *tally) Push(_ *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	t.rows.Add(int64(b.Len))
	return emit(b)
}

// PushRows counts rows of b.
func (t *tally) PushRows(_ *exec.Worker, b *table.Batch, rows []uint32, emit func(*table.Batch, []uint32) error) error {
	n := b.Len
	if rows != nil {
		n = len(rows)
	}
	t.rows.Add(int64(n))
	return emit(b, rows)
}
