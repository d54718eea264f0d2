package leak

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// recorder is a testing.TB that keeps its cleanup and its failures.
type recorder struct {
	testing.TB
	cleanup func()
	failed  bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Cleanup(f func())      { r.cleanup = f }
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestCheck(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	tests := []struct {
		name string
		take func(t *testing.T)
		leak bool
	}{
		{"nothing", func(*testing.T) {}, false},
		{"memory", func(t *testing.T) {
			_, err := scope.Alloc(1000)
			require.NoError(t, err)
		}, true},
		{"goroutine", func(t *testing.T) {
			g := task.NewGroup(context.Background())
			g.Go(func(ctx context.Context) error { <-ctx.Done(); return nil })
			t.Cleanup(func() {
				g.Fail(context.Canceled)
				require.ErrorIs(t, g.Wait(), context.Canceled)
			})
		}, true},
		{"descriptor", func(t *testing.T) {
			f, err := os.Open(os.DevNull)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, f.Close()) })
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t}
			check(r, 50*time.Millisecond)
			test.take(t)
			r.cleanup()
			require.Equal(t, test.leak, r.failed)
		})
	}
}

func TestHeapGrowth(t *testing.T) {
	var kept []byte
	require.GreaterOrEqual(t, HeapGrowth(func() { kept = make([]byte, 1<<20) }), int64(1<<20))
	require.Len(t, kept, 1<<20)
}
