package exec_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

func TestRunPushesEveryBatchOnce(t *testing.T) {
	leak.Check(t)
	for _, threads := range []int{1, 2, 8} {
		q := newQuery(t, context.Background(), exec.NewPool(threads))
		double := transform(func(_ *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
			if err := emit(b); err != nil {
				return err
			}
			return emit(b)
		})
		made, err := optest.Materialize(q, optest.Schema(t, "a int64"), &numbers{t: t, n: 100}, double)
		require.NoError(t, err)
		require.Equal(t, 200, made.Rows)
		for i, b := range made.Batches {
			require.Equal(t, uint64(i/2), b.Seq)
		}
		made.Release()
	}
}

type transform func(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error

func (f transform) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	return f(w, b, emit)
}

func TestScanCutsBatches(t *testing.T) {
	leak.Check(t)
	rows := make([][]any, 3)
	for i := range rows {
		rows[i] = []any{i}
	}
	small := optest.Batch(t, "a int64", rows...)
	defer small.Release()
	large := &table.Batch{Cols: small.Cols, Len: 2*table.MorselRows + 1} // cut, never read
	large.Cols[0].Values = make([]byte, 8*large.Len)
	large.Cols[0].Len = large.Len
	s := exec.NewScan([]*table.Batch{large, {Cols: small.Cols}, small.Slice(0, 2)})
	require.Equal(t, 4, s.Batches(), "empty batches are left out")
	for i, want := range []int{table.MorselRows, table.MorselRows, 1, 2} {
		b, err := s.Next(nil)
		require.NoError(t, err)
		require.Equal(t, uint64(i), b.Seq)
		require.Equal(t, want, b.Len)
		b.Release()
	}
	for range 2 {
		b, err := s.Next(nil)
		require.NoError(t, err)
		require.Nil(t, b, "the end is for good")
	}
}

// What a Collect was lent goes back when it is released, or when the query ends, also where the pipeline failed.
func TestCollectGivesBack(t *testing.T) {
	leak.Check(t)
	for _, test := range []struct {
		name string
		fail bool
		take bool
	}{{"left", false, false}, {"failed", true, false}, {"taken", false, true}} {
		t.Run(test.name, func(t *testing.T) {
			const n = 20
			var returned, read atomic.Int32
			batches := make([]*table.Batch, n)
			for i := range batches {
				lent := memory.Foreign(make([]byte, 8), func() { returned.Add(1) })
				batches[i] = optest.Batch(t, "a int64", []any{i})
				batches[i].Cols[0].Owners = []*memory.Buffer{lent}
			}
			scope := memory.NewScope(memory.NewBudget(0), "test")
			q := exec.NewQuery(context.Background(), exec.NewPool(2), scope)
			sink := &exec.Collect{}
			_, err := q.Run(exec.NewScan(batches), []exec.Transform{transform(func(_ *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
				if read.Add(1) == n && test.fail {
					return errBroken
				}
				return emit(b)
			})}, sink)
			require.Equal(t, test.fail, err != nil)
			for _, b := range batches {
				b.Release()
			}
			require.Less(t, returned.Load(), int32(n), "kept")
			var taken []*table.Batch
			if test.take {
				taken = sink.Take()
			}
			require.NoError(t, q.Wait())
			scope.Close()
			require.Equal(t, int32(n-len(taken)), returned.Load())
			for _, b := range taken {
				b.Release()
			}
			require.Equal(t, int32(n), returned.Load())
		})
	}
}

// A source of one batch is run by a single worker, on the caller's goroutine.
func TestSizedSourceGetsFewWorkers(t *testing.T) {
	q := newQuery(t, context.Background(), exec.NewPool(8))
	b := optest.Batch(t, "a int64", []any{1})
	defer b.Release()
	for _, n := range []int{0, 1, 3} {
		batches := make([]*table.Batch, n)
		for i := range batches {
			batches[i] = b
		}
		var workers atomic.Int32
		_, err := q.Run(exec.NewScan(batches), nil, &spy{combine: func(*exec.Worker) error { workers.Add(1); return nil }})
		require.NoError(t, err)
		require.Equal(t, int32(max(n, 1)), workers.Load())
	}
}
