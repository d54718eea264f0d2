package exec_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

var errBroken = errors.New("broken")

// numbers is a Source of n batches of one row.
type numbers struct {
	t    testing.TB
	n    int64
	next atomic.Int64
}

func (s *numbers) Next(*exec.Worker) (*table.Batch, error) {
	i := s.next.Add(1) - 1
	if i >= s.n {
		return nil, nil
	}
	b := optest.Batch(s.t, "a int64", []any{int(i)})
	b.Seq = uint64(i)
	return b, nil
}

// spy is a Sink and a Transform that calls the functions it has.
type spy struct {
	push    func(w *exec.Worker) error
	combine func(w *exec.Worker) error
	finish  func(q *exec.Query) error
}

func (s *spy) Push(w *exec.Worker, _ *table.Batch) error {
	if s.push == nil {
		return nil
	}
	return s.push(w)
}

func (s *spy) Combine(w *exec.Worker) error {
	if s.combine == nil {
		return nil
	}
	return s.combine(w)
}

func (s *spy) Finish(q *exec.Query) (exec.Source, error) {
	if s.finish == nil {
		return exec.NewScan(nil), nil
	}
	return exec.NewScan(nil), s.finish(q)
}

// newQuery returns a query whose end checks that nothing is left.
func newQuery(t *testing.T, ctx context.Context, pool *exec.Pool) *exec.Query {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	q := exec.NewQuery(ctx, pool, scope)
	t.Cleanup(func() {
		_ = q.Wait()
		require.Zero(t, scope.Held())
		scope.Close()
	})
	return q
}

func TestCombineOncePerWorkerFinishOnce(t *testing.T) {
	leak.Check(t)
	q := newQuery(t, context.Background(), exec.NewPool(4))
	var seen [4]atomic.Int32
	finished := 0
	_, err := q.Run(&numbers{t: t, n: 50}, nil, &spy{
		combine: func(w *exec.Worker) error { seen[w.ID].Add(1); return nil },
		finish: func(*exec.Query) error {
			finished++
			for i := range seen {
				require.Equal(t, int32(1), seen[i].Load(), "worker %d", i)
			}
			return nil
		},
	})
	require.NoError(t, err)
	require.Equal(t, 1, finished)
}

func TestFailures(t *testing.T) {
	broken := func(*exec.Worker) error { return errBroken }
	panics := func(*exec.Worker) error { panic("broken invariant") }
	tests := []struct {
		name string
		sink *spy
		code status.Code
	}{
		{"error in Push", &spy{push: broken}, status.Internal},
		{"error in Combine", &spy{combine: broken}, status.Internal},
		{"error in Finish", &spy{finish: func(*exec.Query) error { return errBroken }}, status.Internal},
		{"panic in Push", &spy{push: panics}, status.Internal},
		{"panic in Combine", &spy{combine: panics}, status.Internal},
	}
	for _, test := range tests {
		for _, threads := range []int{1, 2, 8} {
			t.Run(test.name, func(t *testing.T) {
				leak.Check(t)
				q := newQuery(t, context.Background(), exec.NewPool(threads))
				_, err := q.Run(&numbers{t: t, n: 50}, nil, test.sink)
				require.Equal(t, test.code, status.CodeOf(err))
				require.Regexp(t, "broken", err.Error())
				_, err = q.Run(&numbers{t: t, n: 5}, nil, &spy{}) // the slots are free again
				require.NoError(t, err)
			})
		}
	}
}

func TestCancel(t *testing.T) {
	for _, threads := range []int{1, 2, 8} {
		t.Run("", func(t *testing.T) {
			leak.Check(t)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			q := newQuery(t, ctx, exec.NewPool(threads))
			var pushed atomic.Int32
			_, err := q.Run(&numbers{t: t, n: 1 << 40}, nil, &spy{push: func(*exec.Worker) error {
				if pushed.Add(1) == 20 {
					cancel()
				}
				return nil
			}})
			require.Equal(t, status.Cancelled, status.CodeOf(err))
			require.Less(t, pushed.Load(), int32(20+threads+1))
		})
	}
}

func TestFailEndsPipelines(t *testing.T) {
	leak.Check(t)
	q := newQuery(t, context.Background(), exec.NewPool(2))
	q.Go(func(context.Context) error { return errBroken })
	_, err := q.Run(&numbers{t: t, n: 1 << 40}, nil, &spy{})
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, q.Wait(), errBroken)
}

// Whatever runs on a pool, no more workers compute at a time than it has slots, and a blocked one holds none.
func TestSlotsAreNeverExceeded(t *testing.T) {
	leak.Check(t)
	const threads = 3
	pool := exec.NewPool(threads)
	var computing, most atomic.Int32
	compute := func() {
		now := computing.Add(1)
		for high := most.Load(); now > high && !most.CompareAndSwap(high, now); high = most.Load() {
		}
		time.Sleep(100 * time.Microsecond)
		computing.Add(-1)
	}
	g := task.NewGroup(context.Background())
	for range 5 {
		q := newQuery(t, context.Background(), pool)
		g.Go(func(context.Context) error {
			_, err := q.Run(&numbers{t: t, n: 40}, nil, &spy{push: func(w *exec.Worker) error {
				compute()
				if err := w.Block(func() error { time.Sleep(100 * time.Microsecond); return nil }); err != nil {
					return err
				}
				compute()
				return w.Yield()
			}})
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.LessOrEqual(t, most.Load(), int32(threads))
	require.Greater(t, most.Load(), int32(1), "workers do run beside each other")
}

// A pipeline that waits for another one's progress with all slots taken needs Block to give its slot away.
func TestBlockFreesTheSlot(t *testing.T) {
	leak.Check(t)
	pool := exec.NewPool(1)
	ready := make(chan struct{})
	consumer, producer := newQuery(t, context.Background(), pool), newQuery(t, context.Background(), pool)
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		_, err := consumer.Run(&numbers{t: t, n: 1}, nil, &spy{push: func(w *exec.Worker) error {
			return w.Block(func() error { <-ready; return nil })
		}})
		return err
	})
	g.Go(func(context.Context) error {
		_, err := producer.Run(&numbers{t: t, n: 1}, nil, &spy{push: func(*exec.Worker) error { close(ready); return nil }})
		return err
	})
	require.NoError(t, g.Wait())
}

func TestBlockReportsErrorAndCancellation(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	q := newQuery(t, ctx, exec.NewPool(1))
	err := q.For(1, func(w *exec.Worker, _ int) error {
		require.ErrorIs(t, w.Block(func() error { return errBroken }), errBroken)
		cancel()
		return w.Yield()
	})
	require.Equal(t, status.Cancelled, status.CodeOf(err))
}

// With more pipelines than slots each gets its turn: one that computes for long doesn't keep a short one waiting.
func TestYieldIsFair(t *testing.T) {
	leak.Check(t)
	pool := exec.NewPool(1)
	long, short := newQuery(t, context.Background(), pool), newQuery(t, context.Background(), pool)
	started, done := make(chan struct{}), make(chan struct{})
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		return long.For(1, func(w *exec.Worker, _ int) error {
			close(started)
			for {
				select {
				case <-done:
					return nil
				default:
				}
				if err := w.Yield(); err != nil {
					return err
				}
			}
		})
	})
	<-started
	g.Go(func(context.Context) error {
		defer close(done)
		return short.For(3, func(*exec.Worker, int) error { return nil })
	})
	require.NoError(t, g.Wait())
}

func TestForCallsEachIndexOnce(t *testing.T) {
	leak.Check(t)
	for _, threads := range []int{1, 2, 8} {
		q := newQuery(t, context.Background(), exec.NewPool(threads))
		for _, n := range []int{0, 1, 2, 1000} {
			calls := make([]atomic.Int32, n)
			require.NoError(t, q.For(n, func(w *exec.Worker, i int) error {
				if w.ID >= threads {
					return errBroken
				}
				calls[i].Add(1)
				return nil
			}))
			for i := range calls {
				require.Equal(t, int32(1), calls[i].Load())
			}
		}
		require.ErrorIs(t, q.For(1000, func(_ *exec.Worker, i int) error {
			if i == 500 {
				return errBroken
			}
			return nil
		}), errBroken)
	}
}
