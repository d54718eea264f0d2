package exec

import (
	"sync"
	"time"
)

// Trace records what the workers of a query do, and when, by the numbers that the query's caller gives its steps.
//
//	worker 0   |─ next ─|─ filter ─── push ──|─ next ─| ...     pipelines: the caller adds a span per batch and stage
//	worker 1   |── for ──────|── for ────|                      loops: For adds a span per worker
//	alone (-1)             |─────── finish ───────|             what the query's own goroutine does between them
type Trace struct {
	began time.Time
	mu    sync.Mutex
	spans []Span
	busy  map[int]time.Duration
	loops map[int]time.Duration // how long loops of a step took, beside their spans
}

// Span is a stretch of work, since the trace began. Spans of one worker lie in or behind each other.
type Span struct {
	Step, Worker int // Worker is -1 for the query's own goroutine
	From, To     time.Duration
}

// Alone is the worker of spans of the query's own goroutine.
const Alone = -1

// mostSpans bounds a trace; the sums go on.
const mostSpans = 200_000

// NewTrace begins a trace.
func NewTrace() *Trace {
	return &Trace{began: time.Now(), busy: map[int]time.Duration{}, loops: map[int]time.Duration{}}
}

// Add records work of a step from a time until now, of which others is not its own.
func (t *Trace) Add(step, worker int, from time.Time, others time.Duration) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy[step] += now.Sub(from) - others
	if len(t.spans) < mostSpans {
		t.spans = append(t.spans, Span{Step: step, Worker: worker, From: from.Sub(t.began), To: now.Sub(t.began)})
	}
}

// Busy returns how long all workers together worked for a step.
func (t *Trace) Busy(step int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.busy[step]
}

// Looped returns how long the step's loops have lasted.
func (t *Trace) Looped(step int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.loops[step]
}

func (t *Trace) looped(step int, from time.Time) {
	lasted := time.Since(from)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loops[step] += lasted
}

// Spans returns what was recorded. Call it when the query has ended.
func (t *Trace) Spans() []Span { return t.spans }
