package memory

import (
	"math"
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Budget bounds the working memory of everything that runs in one environment. It counts reservations, not what the
// machine holds: inputs lent by Python are outside it, results leave it when they are promoted.
type Budget struct {
	limit int64
	used  atomic.Int64
	peak  atomic.Int64
}

// NewBudget returns a budget of limit bytes; 0 is no limit.
func NewBudget(limit int64) *Budget {
	if limit <= 0 {
		limit = math.MaxInt64
	}
	return &Budget{limit: limit}
}

// Limit returns the budget in bytes, math.MaxInt64 where there is none.
func (b *Budget) Limit() int64 { return b.limit }

// Used returns the bytes reserved now.
func (b *Budget) Used() int64 { return b.used.Load() }

// Peak returns the most bytes that were reserved at one time.
func (b *Budget) Peak() int64 { return b.peak.Load() }

// Reservation is one holder's part of a Budget, or of another Reservation's part. Its methods may be called from several
// goroutines.
type Reservation struct {
	budget *Budget
	parent *Reservation // that counts the same bytes, too
	name   string
	held   atomic.Int64
	peak   atomic.Int64
}

// Reserve opens an empty reservation; name appears in errors ("join build").
func (b *Budget) Reserve(name string) *Reservation { return &Reservation{budget: b, name: name} }

// Room returns how many bytes may still be reserved.
func (b *Budget) Room() int64 { return b.limit - b.used.Load() }

// TryGrow takes n more bytes, or returns OutOfMemory and takes none. A sink that can spill does so then.
func (r *Reservation) TryGrow(n int64) error {
	b := r.budget
	used := b.used.Add(n)
	if used > b.limit {
		b.used.Add(-n)
		return status.Errorf(status.OutOfMemory,
			"%s needs %s more; it holds %s and the budget of %s has %s in use: raise memory_limit (PYCYLON_MEMORY_LIMIT) or use more ranks",
			r.name, Bytes(n), Bytes(r.held.Load()), Bytes(b.limit), Bytes(used-n))
	}
	raise(&b.peak, used)
	for ; r != nil; r = r.parent {
		raise(&r.peak, r.held.Add(n))
	}
	return nil
}

// raise makes peak at least n.
func raise(peak *atomic.Int64, n int64) {
	for old := peak.Load(); n > old && !peak.CompareAndSwap(old, n); old = peak.Load() {
	}
}

// Shrink gives n bytes back.
func (r *Reservation) Shrink(n int64) {
	r.budget.used.Add(-n)
	for ; r != nil; r = r.parent {
		r.held.Add(-n)
	}
}

// Held returns the bytes this reservation holds.
func (r *Reservation) Held() int64 { return r.held.Load() }

// TakePeak returns the most bytes that were held at one time since the last call.
func (r *Reservation) TakePeak() int64 { return max(r.peak.Swap(r.held.Load()), r.held.Load()) }
