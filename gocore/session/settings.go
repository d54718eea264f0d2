package session

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
)

// Settings are what one process shares among its environments. A zero field keeps its default.
type Settings struct {
	// Threads is how many operations' worker goroutines compute at one time; 0 is one per processor.
	Threads int `json:"threads,omitempty"`
	// MemoryLimit is the most bytes that operations may reserve; 0 is no limit.
	MemoryLimit int64 `json:"memory_limit,omitempty"`
	// TempDir is where they write what exceeds that; empty is the system's folder for such files.
	TempDir string `json:"temp_dir,omitempty"`
	// DiskLimit is the most bytes that they write there; 0 is no limit.
	DiskLimit int64 `json:"disk_limit,omitempty"`
}

const (
	// heapLimit is what Go's own heap may grow to before its collector works harder: bulk data isn't there.
	heapLimit = 256 << 20
	// heapPercent is how far Go's heap grows between two collections. It holds a few megabytes, plans and handles: with
	// little more, binding deferred plans, of one operation after the other, spent half of its time in the collector.
	heapPercent = 200
	// idleLimit is how many bytes of large blocks stay mapped for reuse when an operation has ended.
	idleLimit = 1 << 30
	// heapTrim is how much memory an operation must have left to have Go's own heap give back what is free, too.
	heapTrim = 256 << 20
	// maxThreads bounds the setting against typing errors.
	maxThreads = 4096
)

// process is what all environments of the process use.
type process struct {
	threads int
	machine exec.Machine
}

// processors is how many processors this process may use: its affinity and its container's limit count.
var processors = runtime.GOMAXPROCS(0)

var (
	configuring sync.Mutex
	configured  *process
)

// Configure sets threads, memory and disk for every environment opened from now on; environments that are open keep what
// they have. It need not be called: the first Open does so with the defaults.
func Configure(s Settings) error {
	if s.Threads < 0 || s.Threads > maxThreads {
		return status.Errorf(status.Invalid, "threads is %d: give a number from 1 to %d, or leave it out for one per processor", s.Threads, maxThreads)
	}
	if s.MemoryLimit < 0 {
		return status.Errorf(status.Invalid, "memory_limit is %d bytes: give a positive size, or leave it out for no limit", s.MemoryLimit)
	}
	if s.DiskLimit < 0 {
		return status.Errorf(status.Invalid, "disk_limit is %d bytes: give a positive size, or leave it out for no limit", s.DiskLimit)
	}
	if s.TempDir != "" {
		if info, err := os.Stat(s.TempDir); err != nil || !info.IsDir() {
			return status.Errorf(status.Invalid, "temp_dir %q isn't a folder: make it, or leave the setting out for %s", s.TempDir, os.TempDir())
		}
	}
	configuring.Lock()
	defer configuring.Unlock()
	configured = configure(s)
	return nil
}

func configure(s Settings) *process {
	threads := s.Threads
	if threads == 0 {
		threads = processors
	}
	// One processor more than compute threads: the communicator must never wait for a morsel to end.
	runtime.GOMAXPROCS(threads + 1)
	debug.SetGCPercent(heapPercent)
	debug.SetMemoryLimit(heapLimit)
	return &process{threads: threads, machine: exec.Machine{Pool: exec.NewPool(threads), Budget: memory.NewBudget(s.MemoryLimit),
		Disk: spill.NewDisk(s.TempDir, s.DiskLimit)}}
}

// trim gives back what an operation has left.
func trim() {
	if memory.Trim(idleLimit) >= heapTrim {
		debug.FreeOSMemory()
	}
}

// current returns the process's settings, making the default ones at the first use.
func current() *process {
	configuring.Lock()
	defer configuring.Unlock()
	if configured == nil {
		configured = configure(Settings{})
	}
	return configured
}
