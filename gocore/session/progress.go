package session

import (
	"context"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/events"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/dist"
)

const (
	// quiet is how long a run lasts before it tells how far it is: a quick one has no time for that.
	quiet = 500 * time.Millisecond
	// interval is the least time between two events of progress of one run.
	interval = 200 * time.Millisecond
	// waiting is the step of a run whose other ranks have not come, or not finished.
	waiting = "waiting for other ranks"
)

// teller emits the events of one run.
//
//	begins ── quiet ──▶ progress ── interval ──▶ progress ── ... ──▶ ends: a span per operator, one of the whole
//
// Only a run that is still there after quiet gets a goroutine, which ends with it; all others cost one timer.
type teller struct {
	env   *Env
	name  string
	run   uint64
	start time.Time
	gauge dist.Gauge

	timer *time.Timer
	over  chan struct{}
	once  sync.Once
	mu    sync.Mutex  // between the timer and the end
	group *task.Group // nil until quiet is over
}

// tell begins to tell of a run. Its end is told by failed or ended.
func (e *Env) tell(name string) *teller {
	t := &teller{env: e, name: name, run: e.runs.Add(1), start: time.Now(), over: make(chan struct{})}
	t.timer = time.AfterFunc(quiet, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		select {
		case <-t.over:
		default:
			t.group = task.NewGroup(context.Background())
			t.group.Go(t.progress)
		}
	})
	return t
}

// progress emits events until the run is over. Their distance is counted from the last one, however late that came.
func (t *teller) progress(context.Context) error {
	next := time.NewTimer(interval)
	defer next.Stop()
	for {
		p := t.gauge.Read()
		t.emit(events.Event{Kind: events.Progress, Step: p.Step, Rows: p.Rows, RowsTotal: p.RowsTotal,
			BytesSent: p.BytesSent, BytesReceived: p.BytesReceived, Seconds: time.Since(t.start).Seconds()})
		next.Reset(interval)
		select {
		case <-next.C:
		case <-t.over:
			return nil
		}
	}
}

// stop ends the events of progress. A second call does nothing.
func (t *teller) stop() {
	t.timer.Stop()
	t.once.Do(func() {
		t.mu.Lock()
		close(t.over)
		t.mu.Unlock()
	})
	if t.group != nil {
		_ = t.group.Wait() // it returns no error
	}
}

// failed tells that the run ended with err.
func (t *teller) failed(err error) {
	t.stop()
	t.emit(events.Event{Kind: events.Log, Level: "error", Text: err.Error()})
}

// ended tells what the run did, and returns how long it took.
func (t *teller) ended(result *dist.Result) (seconds float64) {
	t.stop()
	whole := events.Event{Kind: events.Span, Rows: int64(result.Table.Rows), Seconds: time.Since(t.start).Seconds()}
	for _, o := range result.Operators {
		whole.BytesSent += o.BytesSent
		whole.BytesReceived += o.BytesReceived
		t.emit(events.Event{Kind: events.Span, Time: o.Ended, Step: o.Op, Rows: o.Rows, BytesSent: o.BytesSent,
			BytesReceived: o.BytesReceived, Seconds: o.Ended.Sub(o.Began).Seconds()})
	}
	t.emit(whole)
	return whole.Seconds
}

// emit emits an event of this run.
func (t *teller) emit(e events.Event) {
	e.Rank, e.Run, e.Op = t.env.Rank(), t.run, t.name
	t.env.ring.Emit(e)
}
