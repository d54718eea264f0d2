package optest

import (
	"context"
	"hash/maphash"
	"math/bits"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

const (
	budgetShare    = 8   // the budget is the peak without one, by this
	mostResident   = 1.2 // times the budget, over inputs and result
	mostSlowdown   = 6.0 // times the time without a budget
	spillAttempts  = 4
	smallestBudget = 1 << 20 // below it, what a process needs anyway can't be told from what the operator does
)

// Spill is an operator and inputs that are too large for its budget.
type Spill struct {
	Inputs  [][]*table.Batch // lent
	Run     func(q *exec.Query, in []exec.Source) (exec.Source, error)
	Ordered bool // the order of rows matters
}

// outcome is what one run did.
type outcome struct {
	rows, hash     uint64
	peak, spilled  int64
	resident       int64 // the most over what stays: inputs and result
	took           time.Duration
	batches, bytes int64
}

// RequireSpill runs an operator without a budget and with an eighth of what it took then. It fails the test unless the
// rows are the same, some were spilled, and everything was given back; and, where memory and times can be measured, if
// more than 1.2 times the budget was resident over inputs and result, or it took more than 6 times as long.
func RequireSpill(t *testing.T, s Spill) {
	t.Helper()
	free := s.run(t, 0, 2)
	budget := free.peak / budgetShare
	answer := testing.Short()
	if answer {
		budget *= 2 // of inputs so small that what workers have in hand counts
	}
	var bound outcome
	for _, threads := range []int{1, 2, 8} {
		if bound = s.run(t, budget, threads); answer && threads == 2 {
			break
		}
		s.compare(t, free, bound, budget)
	}
	s.compare(t, free, bound, budget)
	if answer || raceDetector || budget < smallestBudget {
		return
	}
	slowdown, resident := 0.0, 0.0
	for range spillAttempts {
		free, bound := s.best(t, 0), s.best(t, budget)
		slowdown, resident = bound.took.Seconds()/free.took.Seconds(), float64(bound.resident)/float64(budget)
		t.Logf("budget %s, %s spilled: %.1fx the time (%.0f ms instead of %.0f), %.2fx the budget resident over inputs and result of %s in %d batches",
			memory.Bytes(budget), memory.Bytes(bound.spilled), slowdown, bound.took.Seconds()*1e3, free.took.Seconds()*1e3, resident, memory.Bytes(bound.bytes), bound.batches)
		if slowdown <= mostSlowdown && resident <= mostResident {
			return
		}
	}
	require.LessOrEqual(t, resident, mostResident, "resident over inputs and result, by the budget")
	require.LessOrEqual(t, slowdown, mostSlowdown, "the time with a budget, by that without")
}

func (s *Spill) compare(t *testing.T, free, bound outcome, budget int64) {
	t.Helper()
	require.Equal(t, free.rows, bound.rows, "rows")
	require.Equal(t, free.hash, bound.hash, "the rows' hash")
	require.LessOrEqual(t, bound.peak, budget)
	require.NotZero(t, bound.spilled, "bytes spilled with a budget of %s", memory.Bytes(budget))
}

// best returns the fastest of a few runs, with the least memory of any.
func (s *Spill) best(t *testing.T, budget int64) outcome {
	best := s.run(t, budget, 2)
	for range 2 {
		o := s.run(t, budget, 2)
		best.took, best.resident = min(best.took, o.took), min(best.resident, o.resident)
	}
	return best
}

func (s *Spill) run(t *testing.T, limit int64, threads int) (o outcome) {
	t.Helper()
	memory.Trim(0)
	debug.FreeOSMemory()
	live := memory.Stat().Live
	budget, disk := memory.NewBudget(limit), spill.NewDisk(t.TempDir(), 0)
	scope := memory.NewScope(budget, "test")
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	q.Spill = spill.NewStore(disk)
	resetResident()
	start := time.Now()
	in := make([]exec.Source, len(s.Inputs))
	for i := range in {
		in[i] = exec.NewScan(s.Inputs[i])
	}
	source, err := s.Run(q, in)
	require.NoError(t, err)
	sink := &exec.Collect{Result: true}
	_, err = q.Run(source, nil, sink)
	require.NoError(t, err)
	require.NoError(t, q.Wait())
	o.took = time.Since(start)
	most := resident("VmHWM")
	result := sink.Take()
	o.spilled, o.peak = q.Spill.Written(), budget.Peak()
	scope.Close()
	q.Spill.Close()
	memory.Trim(0)
	o.resident = most - resident("VmRSS")
	s.summarize(&o, result)
	for _, b := range result {
		b.Release()
	}
	require.Zero(t, budget.Used(), "bytes of the budget held at the end")
	require.Zero(t, disk.Used(), "bytes of the disk held at the end")
	require.Equal(t, live, memory.Stat().Live, "bytes live at the end")
	return o
}

// seed of the rows' hashes.
var seed = maphash.MakeSeed()

// summarize hashes the rows.
func (s *Spill) summarize(o *outcome, result []*table.Batch) {
	for _, b := range result {
		hashes := make([]uint64, b.Len)
		for i := range b.Cols {
			hashRows(&b.Cols[i], hashes)
			o.bytes += b.Cols[i].Bytes()
		}
		o.batches++
		for _, h := range hashes {
			if s.Ordered {
				o.hash = bits.RotateLeft64(o.hash, 5) * 31
			}
			o.hash += h
			o.rows++
		}
	}
}

// hashRows adds a column to the hashes of its rows.
func hashRows(c *column.Column, hashes []uint64) {
	var cell [9]byte
	width := c.Kind.Width()
	for i := range hashes {
		value := cell[:]
		switch {
		case c.IsNull(i):
			hashes[i] = bits.RotateLeft64(hashes[i], 17)*0x9E3779B97F4A7C15 + 1 // no empty string's
			continue
		case c.Kind == column.String:
			value = c.Views[i].Bytes(c.Heaps)
		case c.Kind == column.Bool:
			cell[0] = 0
			if (column.Bitmap{Bits: c.Values, Offset: c.Offset}).Get(i) {
				cell[0] = 1
			}
		default:
			copy(cell[:], c.Values[i*width:(i+1)*width])
		}
		hashes[i] = bits.RotateLeft64(hashes[i], 17)*0x9E3779B97F4A7C15 + maphash.Bytes(seed, value)
	}
}

var residentLine = map[string]*regexp.Regexp{"VmHWM": regexp.MustCompile(`VmHWM:\s+(\d+)`), "VmRSS": regexp.MustCompile(`VmRSS:\s+(\d+)`)}

// resident returns a line of the process's status in bytes: VmRSS, or its peak VmHWM. 0 where the system has none.
func resident(line string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	match := residentLine[line].FindSubmatch(text)
	if match == nil {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(match[1]), 10, 64) // it matches digits only
	return kilobytes << 10
}

// resetResident begins a new peak.
func resetResident() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) } // without it, the peak is that of before
