package optest

import (
	"context"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

const (
	wantedSpeedup = 1.6
	freeSpeedup   = 1.85 // what a machine with two free processors gives arithmetic alone
	minRounds     = 5
	maxRounds     = 15
	heapLimit     = 16 << 20
)

// RequireScaling fails the test unless run(2) is at least 1.6 times as fast as run(1), each at its best of several
// runs in turn. It skips the test where times mean nothing: with -short, the race detector, a single processor, or
// when the runs were too slow while other processes kept arithmetic on two threads from being twice as fast, too.
func RequireScaling(t *testing.T, run func(threads int)) {
	t.Helper()
	SkipUnlessTimed(t)
	one, two := math.Inf(1), math.Inf(1)
	var spinOne, spinTwo float64
	for round := 0; round < minRounds || round < maxRounds && one/two < wantedSpeedup; round++ {
		one = min(one, seconds(func() { run(1) }))
		spinOne += seconds(func() { spin(t, 1) })
		two = min(two, seconds(func() { run(2) }))
		spinTwo += seconds(func() { spin(t, 2) })
	}
	t.Logf("1 thread %.1f ms, 2 threads %.1f ms: %.2fx, arithmetic %.2fx", one*1e3, two*1e3, one/two, 2*spinOne/spinTwo)
	if free := 2 * spinOne / spinTwo; one/two < wantedSpeedup && free < freeSpeedup {
		t.Skipf("the machine is busy: arithmetic alone gained %.2fx from a second thread", free)
	}
	require.GreaterOrEqual(t, one/two, wantedSpeedup, "1 thread took %.1f ms, 2 threads %.1f ms", one*1e3, two*1e3)
}

// SkipUnlessTimed skips a test that measures times where they mean nothing.
func SkipUnlessTimed(t *testing.T) {
	t.Helper()
	if testing.Short() || raceDetector || runtime.GOMAXPROCS(0) < 2 {
		t.Skip("times mean nothing with -short, the race detector or a single processor")
	}
}

// spin computes about 20 ms on each of threads goroutines.
func spin(t *testing.T, threads int) {
	g := task.NewGroup(context.Background())
	for range threads {
		g.Go(func(context.Context) error {
			x := uint64(1)
			for range 20_000_000 {
				x = x*6364136223846793005 + 1442695040888963407
			}
			if x == 0 {
				return context.Canceled // never: keeps x in use
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
}

func seconds(f func()) float64 {
	start := time.Now()
	f()
	return time.Since(start).Seconds()
}

// RequireSmallHeap fails the test if run allocates 16 MB or more on Go's heap.
func RequireSmallHeap(t *testing.T, run func()) {
	t.Helper()
	grown := leak.HeapGrowth(run)
	t.Logf("%d KiB allocated on Go's heap", grown>>10)
	require.Less(t, grown, int64(heapLimit), "bytes allocated on Go's heap")
}
