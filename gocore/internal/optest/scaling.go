package optest

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

const (
	wantedSpeedup = 1.4  // a group-by of many groups waits for memory, of which two threads get little more: 1.5
	freeSpeedup   = 1.85 // what a machine with two free processors gives arithmetic alone
	rounds        = 5    // of an attempt
	attempts      = 6
	heapLimit     = 16 << 20
	copyBytes     = 64 << 20 // beyond any cache
)

// RequireScaling fails the test unless run(2) is at least 1.4 times as fast as run(1), each at its best of five runs in
// turn. Machines change their speed for seconds at a time, and then the best of one is not the best of the other's
// state: so a few attempts are made, of which one must succeed. It skips the test, and never passes it, where times
// mean nothing: as SkipUnlessTimed does, or when a second thread gave arithmetic less than 1.85x (other processes run) or
// a plain copy less than 1.4x (the memory is the limit), also with PYCYLON_TEST_ALL=1: no change of the code mends that.
func RequireScaling(t *testing.T, run func(threads int)) {
	t.Helper()
	SkipUnlessTimed(t)
	source, target := make([]byte, copyBytes), make([]byte, copyBytes)
	var of, arithmetic, copying gain
	for range attempts {
		of, arithmetic, copying = gain{}, gain{}, gain{}
		for range rounds {
			of.round(run)
			arithmetic.round(func(threads int) { spin(t, threads) })
			copying.round(func(threads int) { copyAll(t, target, source, threads) })
		}
		t.Logf("1 thread %.1f ms, 2 threads %.1f ms: %.2fx, arithmetic %.2fx, a copy %.2fx",
			of.one*1e3, of.two*1e3, of.best(), arithmetic.best()*2, copying.best())
		if of.best() >= wantedSpeedup {
			return
		}
	}
	if free := arithmetic.best() * 2; free < freeSpeedup || copying.best() < wantedSpeedup {
		t.Skipf("not measurable here: from a second thread arithmetic gained %.2fx and a copy %.2fx", free, copying.best())
	}
	require.GreaterOrEqual(t, of.best(), wantedSpeedup, "1 thread took %.1f ms, 2 threads %.1f ms", of.one*1e3, of.two*1e3)
}

// gain is the best time of one and of two threads.
type gain struct{ one, two float64 }

func (g *gain) round(run func(threads int)) {
	one, two := seconds(func() { run(1) }), seconds(func() { run(2) })
	if g.one == 0 {
		g.one, g.two = one, two
	}
	g.one, g.two = min(g.one, one), min(g.two, two)
}

func (g *gain) best() float64 { return g.one / g.two }

// SkipUnlessTimed skips a test that measures times in a run in which they mean nothing: with -short, or the race
// detector. It skips one on a single processor, too, unless PYCYLON_TEST_ALL=1 asks for failure.
func SkipUnlessTimed(t *testing.T) {
	t.Helper()
	switch {
	case testing.Short() || raceDetector:
		t.Skip("times mean nothing with -short or the race detector")
	case runtime.GOMAXPROCS(0) < 2 && os.Getenv("PYCYLON_TEST_ALL") == "1":
		t.Fatal("times mean nothing on a single processor")
	case runtime.GOMAXPROCS(0) < 2:
		t.Skip("times mean nothing on a single processor")
	}
}

// spin computes about 20 ms on each of threads goroutines.
func spin(t *testing.T, threads int) {
	together(t, threads, func(int) {
		x := uint64(1)
		for range 20_000_000 {
			x = x*6364136223846793005 + 1442695040888963407
		}
		runtime.KeepAlive(x)
	})
}

// copyAll copies source to target, a share on each of threads goroutines.
func copyAll(t *testing.T, target, source []byte, threads int) {
	share := len(source) / threads
	together(t, threads, func(i int) { copy(target[i*share:(i+1)*share], source[i*share:(i+1)*share]) })
}

func together(t *testing.T, threads int, f func(i int)) {
	g := task.NewGroup(context.Background())
	for i := range threads {
		g.Go(func(context.Context) error { f(i); return nil })
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
