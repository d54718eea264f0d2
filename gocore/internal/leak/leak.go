// Package leak checks in tests that what was taken is given back: goroutines, memory off Go's heap, file descriptors.
//
//	func TestX(t *testing.T) {
//		leak.Check(t)     // first: compares when the test and its other cleanups have ended
//
// It counts for the whole process, so the test may not run in parallel with others.
package leak

import (
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// patience is how long goroutines and descriptors that are on their way out may take.
const patience = 2 * time.Second

type count struct {
	goroutines  int
	live        int64
	descriptors int
}

func take() count {
	return count{runtime.NumGoroutine(), memory.Stat().Live, descriptors()}
}

// descriptors returns how many files and sockets the process has open, 0 where the system doesn't list them.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// poller opens the descriptors that a process keeps once it has used the network: they are no test's leak.
var poller = sync.OnceFunc(func() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = l.Close()
	}
})

// Check fails the test if at its end more goroutines, bytes or descriptors are held than now.
func Check(t testing.TB) {
	t.Helper()
	check(t, patience)
}

func check(t testing.TB, patience time.Duration) {
	t.Helper()
	poller()
	start := take()
	t.Cleanup(func() {
		end := take()
		for deadline := time.Now().Add(patience); end.exceeds(start) && time.Now().Before(deadline); end = take() {
			time.Sleep(time.Millisecond)
		}
		if end.goroutines > start.goroutines {
			stacks := make([]byte, 1<<20)
			t.Errorf("%d goroutines at the start, %d at the end:\n%s", start.goroutines, end.goroutines,
				stacks[:runtime.Stack(stacks, true)])
		}
		if end.live > start.live {
			t.Errorf("%s of memory held at the start, %s at the end", memory.Bytes(start.live), memory.Bytes(end.live))
		}
		if end.descriptors > start.descriptors {
			t.Errorf("%d descriptors open at the start, %d at the end", start.descriptors, end.descriptors)
		}
	})
}

func (c count) exceeds(start count) bool {
	return c.goroutines > start.goroutines || c.live > start.live || c.descriptors > start.descriptors
}

// HeapGrowth calls f and returns how many bytes it allocated on Go's heap in all: no less than the heap grew, and the
// same in every run, whenever the collector comes by.
func HeapGrowth(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}
