package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Spilling. A join, group-by, sort or the like whose query has a budget and a disk is the in-memory operator within a
// layer that knows nothing of how it computes (Grace):
//
//	1 keep    the sink keeps its input by reference, which costs nothing where it is lent (spill_input.go)
//	2 try     if the operator is expected to fit the budget, it runs in a scope of its own; where it is refused after
//	          all, the scope is closed and nothing has happened
//	3 divide  else the rows are divided into parts: by their keys' hash, or for a sort into ranges (spill_divide.go,
//	          spill_ranges.go), and written to one file (spill_parts.go). So they are as soon as what is kept fills
//	          half of the budget, and all that comes after them
//	4 phases  the operator runs for one part after the other, with all workers, and its rows go on as they come; a part
//	          that doesn't fit is divided again, by other bits of the hash or narrower ranges (spill_phases.go)
//
// Operators whose result is rows of their input, in its order, find the rows' numbers so, and go back to the input for
// the rows themselves (spill_rows.go).
//
// A key in many rows is in one part, however often that is divided. A group-by has it aggregated before it is written,
// a sort's ranges divide it by the rows' places, a join takes pieces of both sides in pairs (spill_join_pairs.go), a
// unique or a set operation keeps it once (spill_match.go).
// Numbers of rows and bytes decide, never times: the result is the same as in memory, its rows of unspecified order
// come in another one.
const (
	spillWays   = 64 // parts of a division
	spillLevels = 4  // divisions of a part, at most: 64^4 parts
)

// spills tells whether q's operators may, and may have to, write to disk.
func spills(q *exec.Query) bool {
	return q.Spill != nil && (q.Spill.When > spill.Needed || q.Scope.Budget().Limit() != math.MaxInt64)
}

// pressed tells whether what q keeps must go to disk: it fills much of a budget of which half is used.
func pressed(q *exec.Query) bool {
	b := q.Scope.Budget()
	return q.Spill.When == spill.AtOnce || b.Room() < b.Limit()/2 && q.Scope.Held() > b.Limit()/4
}

// fits tells whether need bytes may be tried: what isn't expected leaves room for the batches on their way.
func fits(q *exec.Query, need int64) bool { return need <= q.Scope.Budget().Room()/4*3 }

// fitsWhole is fits for an input that isn't divided.
func fitsWhole(q *exec.Query, need int64) bool { return q.Spill.When == spill.Needed && fits(q, need) }

// refused tells whether err is the budget's refusal, after which something else may be tried.
func refused(err error) bool { return status.CodeOf(err) == status.OutOfMemory }

// attempt opens a source in a scope of its own. Where that fails, nothing is left of it.
func attempt(q *exec.Query, open func(part *exec.Query) (exec.Source, error)) (*spillRun, error) {
	part := q.Within(q.Scope.Within())
	source, err := open(part)
	if err != nil {
		part.Scope.Close()
		return nil, err
	}
	return &spillRun{source: source, query: part}, nil
}

// bytesOf returns the bytes of a batch.
func bytesOf(b *table.Batch) (bytes int64) {
	for i := range b.Cols {
		bytes += b.Cols[i].Bytes()
	}
	return bytes
}

// widthOf returns about how many bytes an operator takes to copy a batch: characters of strings stay where they are.
func widthOf(b *table.Batch) (bytes int64) {
	for i := range b.Cols {
		switch c := &b.Cols[i]; {
		case c.Kind == column.String:
			bytes += 16 * int64(c.Len)
		default:
			bytes += c.Bytes()
		}
	}
	return bytes
}
