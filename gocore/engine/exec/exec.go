// Package exec runs pipelines: batches from a Source through Transforms into a Sink, on a fixed number of workers.
//
//	Source.Next ──▶ Transform.Push ──▶ ... ──▶ Sink.Push     every worker, a morsel (batch) at a time
//	                                           Sink.Combine  each worker once, when its input has ended
//	                                           Sink.Finish   once, after all workers: the next pipeline's Source
//
// No operator takes or returns a whole table. Sinks (join build, group, sort, exchange) are where memory is reserved,
// refused, spilled.
//
// Compute slots. One Pool per process has exactly Threads slots. A pipeline starts Threads workers; a worker holds a
// slot while it computes, gives it away while it waits (Worker.Block), and offers it to others at each morsel. So any
// number of pipelines (the two ends of an exchange, several sessions) share the cores without a deadlock, and the
// communicator's goroutines always find a processor: GOMAXPROCS is Threads + 1. No unit of work between two calls of
// Worker.Yield may take over 5 ms.
package exec

import (
	"context"
	"errors"
	"time"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Source hands out batches. Next is called by all workers at once; nil without an error is the end, for good.
// The caller releases the batch.
type Source interface {
	Next(w *Worker) (*table.Batch, error)
}

// Sized is a Source that knows at most how many batches it has: no more workers than that are started.
type Sized interface {
	Source
	Batches() int
}

// Ascending is a Source that may tell that each worker gets its batches in ascending order of Seq, and that it may be
// left before its end.
type Ascending interface {
	Source
	Ascending() bool
}

// Expected is a Source that can tell about how many rows it is going to hand out, before it does.
type Expected interface {
	Source
	ExpectedRows(q *Query) (int64, error)
}

// Transform turns a batch into any number of batches (with its Seq) and lends each to emit, in order.
type Transform interface {
	Push(w *Worker, b *table.Batch, emit func(*table.Batch) error) error
}

// RowTransform is a Transform that makes nothing: what it hands on are rows of the batch that it is lent, which stay where
// they are for those behind it that take rows, too, instead of batches.
type RowTransform interface {
	Transform
	// PushRows is Push for some rows of b, by their numbers, ascending; nil is all of them.
	PushRows(w *Worker, b *table.Batch, rows []uint32, emit func(b *table.Batch, rows []uint32) error) error
}

// Sink takes a pipeline's batches. Push and Combine are called by all workers at once: state that is not shared is
// kept per Worker.ID. Finish, called once after every Combine, returns what the sink gathered; it may use Query.For.
type Sink interface {
	Push(w *Worker, b *table.Batch) error
	Combine(w *Worker) error
	Finish(q *Query) (Source, error)
}

// RowSink is a Sink that takes rows as they lie in a batch: what a filter has chosen needn't be copied for it.
type RowSink interface {
	Sink
	// PushRows is Push for some rows of b, by their numbers, ascending; nil is all of them.
	PushRows(w *Worker, b *table.Batch, rows []uint32) error
}

// Limited is a Sink that knows whether no batch of a Seq above seq can matter to it any more. A worker that reads an
// Ascending source stops there.
type Limited interface {
	Sink
	Enough(seq uint64) bool
}

// Worker is one of a pipeline's goroutines, and what it may use.
type Worker struct {
	ID    int // 0 .. Query.Threads-1, unique within a pipeline
	Query *Query
	ctx   context.Context
}

// Context ends when the query does.
func (w *Worker) Context() context.Context { return w.ctx }

// Scope is where the query allocates.
func (w *Worker) Scope() *memory.Scope { return w.Query.Scope }

// In returns w as a worker of q, a query Within its own.
func (w *Worker) In(q *Query) *Worker { return &Worker{ID: w.ID, Query: q, ctx: w.ctx} }

// Yield offers the worker's slot to others and returns the reason when the query has ended.
// Call it at least every 5 ms of work.
func (w *Worker) Yield() error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return w.Query.pool.yield(w.ctx)
}

// Block calls f, which waits for something other than a processor, without holding the worker's slot.
func (w *Worker) Block(f func() error) error {
	w.Query.pool.release()
	err := task.Recovered(f) // a panic must not pass by the slot that the caller gives back
	if slot := w.Query.pool.acquire(w.ctx); slot != nil {
		// The worker must own a slot on return: take one regardless, the pipeline ends at its next Yield.
		w.Query.pool.acquireAlways()
		return errors.Join(err, slot)
	}
	return err
}

// Query is one operation: its memory, its goroutines and its share of the pool.
type Query struct {
	Threads int
	Scope   *memory.Scope
	Spill   *spill.Store // where its operators put what exceeds the budget; nil: nowhere
	Trace   *Trace       // nil: nobody asks
	Step    int          // what its work counts for in Trace
	pool    *Pool
	group   *task.Group
}

// NewQuery opens a query on pool. Close it with Wait, then close scope.
func NewQuery(ctx context.Context, pool *Pool, scope *memory.Scope) *Query {
	return &Query{Threads: pool.threads, Scope: scope, pool: pool, group: task.NewGroup(ctx)}
}

// Within returns q with a scope for a part of it.
func (q *Query) Within(scope *memory.Scope) *Query {
	part := *q
	part.Scope = scope
	return &part
}

// As returns q with its work counted for a step of its trace.
func (q *Query) As(step int) *Query {
	part := *q
	part.Step = step
	return &part
}

// Context ends with the query's first error, or when its caller cancels.
func (q *Query) Context() context.Context { return q.group.Context() }

// Go runs f beside the query's pipelines without a compute slot; an error ends the query.
func (q *Query) Go(f func(ctx context.Context) error) { q.group.Go(f) }

// Fail ends the query with err.
func (q *Query) Fail(err error) { q.group.Fail(err) }

// Wait joins everything the query started and returns its first error.
func (q *Query) Wait() error { return q.group.Wait() }

// Run pushes all of src through transforms into sink and returns what the sink makes of it.
// It returns once every worker has returned. The caller holds no slot. A Sized source of few batches gets few workers.
func (q *Query) Run(src Source, transforms []Transform, sink Sink) (Source, error) {
	workers := q.Threads
	if sized, ok := src.(Sized); ok {
		workers = max(1, min(workers, sized.Batches()))
	}
	enough := func(uint64) bool { return false }
	if limited, ok := sink.(Limited); ok {
		if ascending, ok := src.(Ascending); ok && ascending.Ascending() {
			enough = limited.Enough
		}
	}
	err := q.each(workers, func(w *Worker) error {
		push := pipeline(w, transforms, sink)
		for {
			b, err := src.Next(w)
			if err != nil {
				return err
			}
			if b == nil {
				return sink.Combine(w)
			}
			err = push(b)
			b.Release()
			if err == nil {
				err = w.Yield()
			}
			if err != nil {
				return err
			}
			if enough(b.Seq) {
				return sink.Combine(w)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return sink.Finish(q)
}

// pipeline returns what pushes a batch through transforms into sink. Where the last of them only choose rows, these reach a
// RowSink as they lie in the batch.
func pipeline(w *Worker, transforms []Transform, sink Sink) func(b *table.Batch) error {
	push := func(b *table.Batch) error { return sink.Push(w, b) }
	last := len(transforms)
	if rowSink, ok := sink.(RowSink); ok {
		pushRows := func(b *table.Batch, rows []uint32) error { return rowSink.PushRows(w, b, rows) }
		for ; last > 0; last-- {
			t, ok := transforms[last-1].(RowTransform)
			if !ok {
				break
			}
			next := pushRows
			pushRows = func(b *table.Batch, rows []uint32) error { return t.PushRows(w, b, rows, next) }
		}
		push = func(b *table.Batch) error { return pushRows(b, nil) }
	}
	for i := last - 1; i >= 0; i-- {
		t, next := transforms[i], push
		push = func(b *table.Batch) error { return t.Push(w, b, next) }
	}
	return push
}

// For calls f for each i in [0, n) on the query's workers, in no particular order, and returns the first error.
// Each call is a unit of work: at most 5 ms, or with Yields inside. The caller holds no slot.
func (q *Query) For(n int, f func(w *Worker, i int) error) error {
	var next counter
	if q.Trace != nil {
		defer q.Trace.looped(q.Step, time.Now())
	}
	return q.each(min(q.Threads, n), func(w *Worker) error {
		if q.Trace != nil {
			defer q.Trace.Add(q.Step, w.ID, time.Now(), 0)
		}
		for i := next.take(); i < n; i = next.take() {
			if err := f(w, i); err != nil {
				return err
			}
			if err := w.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
}

// each runs f on n workers, each with a slot, and joins them. A single one needs no goroutine of its own, whose start
// costs more than a small operation.
func (q *Query) each(n int, f func(w *Worker) error) error {
	work := func(ctx context.Context, id int) error {
		if err := q.pool.acquire(ctx); err != nil {
			return err
		}
		defer q.pool.release()
		return f(&Worker{ID: id, Query: q, ctx: ctx})
	}
	var err error
	if n == 1 {
		err = task.Recovered(func() error { return work(q.Context(), 0) })
	} else {
		g := task.NewGroup(q.Context())
		for id := range n {
			g.Go(func(ctx context.Context) error { return work(ctx, id) })
		}
		err = g.Wait()
	}
	if err != nil {
		return err
	}
	if q.Context().Err() != nil {
		return context.Cause(q.Context())
	}
	return nil
}
