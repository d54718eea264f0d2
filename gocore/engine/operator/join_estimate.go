package operator

import (
	"math"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

const (
	// estimateEvery is one partition, or batch, of how many is looked at: keys are spread by their hash, so it stands
	// for the others. One that is estimateSkew times as large as the average may hold a frequent key: it is looked at itself.
	estimateEvery = 16
	estimateSkew  = 1.5

	// estimateBuckets bounds the counters of one partition: they stay in the L2 cache.
	estimateBuckets = 16
)

var _ exec.Expected = (*joinSource)(nil)

// ExpectedRows tells about how many rows the result has, before any is made: of a sample of the keys, the rows of both
// sides are counted by a hash, and as many pairs as chance makes are taken off.
func (s *joinSource) ExpectedRows(q *exec.Query) (int64, error) {
	left, right := s.join.left.rows, s.join.right.rows
	if !s.join.spec.pairs() || s.join.asof != nil {
		return int64(left), nil
	}
	if left == 0 || right == 0 || float64(left)*float64(right) < float64(s.join.limits.output) {
		return int64(left) * int64(right), nil
	}
	rows := 0.0
	err := q.For(1, func(w *exec.Worker, _ int) (err error) {
		if s.lookups != nil {
			rows, err = s.expectLookups(w)
		} else {
			rows, err = s.expectPartitions(w)
		}
		return err
	})
	return int64(min(rows, math.MaxInt64/2)), err
}

// expectPartitions adds up a sample of the partitions, and those that are larger than others.
func (s *joinSource) expectPartitions(w *exec.Worker) (float64, error) {
	left, right := s.sides[leftSide], s.sides[rightSide]
	isLarge := func(side *joinSide, p int) bool {
		return float64(side.parts[p].rows) > estimateSkew*float64(side.in.rows)/radix.Ways
	}
	large, sampled, every, all := 0.0, 0.0, 0, 0
	for p := range radix.Ways {
		isOne := isLarge(left, p) || isLarge(right, p)
		if !isOne {
			all++
			if all%estimateEvery != 1 {
				continue
			}
			every++
		}
		counts, err := newKeyCounts(w, left.parts[p].keys(), radix.Bits)
		if err != nil {
			return 0, err
		}
		pairs, err := counts.pairs(w, right.parts[p].keys())
		counts.free()
		switch {
		case err != nil:
			return 0, err
		case isOne:
			large += pairs
		default:
			sampled += pairs
		}
	}
	nulls := float64(left.parts[radix.Ways].rows) * float64(right.parts[radix.Ways].rows)
	return large + sampled/float64(max(every, 1))*float64(all) + nulls, nil
}

// expectLookups adds up a sample of the batches.
func (s *joinSource) expectLookups(w *exec.Worker) (float64, error) {
	probe, t := s.sides[1-s.build], s.shared[0]
	if t.unique {
		return float64(probe.in.rows), nil
	}
	counts, err := newKeyCounts(w, t.part.keys(), 0)
	if err != nil {
		return 0, err
	}
	defer counts.free()
	pairs, rows := 0.0, 0
	for i := 0; i < len(probe.in.batches); i += estimateEvery {
		if err := probe.in.viewsOf(w, i, probe.in.isKey); err != nil {
			return 0, err
		}
		n := probe.in.batches[i].Len
		scratch, err := w.Scope().Alloc(8 * n)
		if err != nil {
			return 0, err
		}
		found, err := counts.pairs(w, memory.As[uint64](probe.elements(0, i, 0, n, scratch.Bytes())))
		scratch.Release()
		if err != nil {
			return 0, err
		}
		pairs, rows = pairs+found, rows+n
	}
	return pairs / float64(max(rows, 1)) * float64(probe.in.rows), nil
}

// keyCounts is how many of some keys fall into each bucket.
type keyCounts struct {
	counts      []uint32
	buf         *memory.Buffer
	keys        int
	drop, shift uint
}

func newKeyCounts(w *exec.Worker, keys []uint64, drop uint) (*keyCounts, error) {
	size := min(bits.Len(uint(len(keys)))+2, estimateBuckets)
	c := &keyCounts{keys: len(keys), drop: drop, shift: uint(64 - size)}
	var err error
	if c.counts, c.buf, err = memory.Make[uint32](w.Scope(), 1<<size); err != nil {
		return nil, err
	}
	clear(c.counts)
	for from := 0; from < len(keys); from += yieldRows {
		for _, k := range keys[from:min(from+yieldRows, len(keys))] {
			c.counts[radix.Hash(k)<<(drop&63)>>(c.shift&63)]++
		}
		if err := w.Yield(); err != nil {
			c.free()
			return nil, err
		}
	}
	return c, nil
}

// pairs returns about how many pairs other keys make with these.
func (c *keyCounts) pairs(w *exec.Worker, others []uint64) (float64, error) {
	pairs := 0
	for from := 0; from < len(others); from += yieldRows {
		for _, k := range others[from:min(from+yieldRows, len(others))] {
			pairs += int(c.counts[radix.Hash(k)<<(c.drop&63)>>(c.shift&63)])
		}
		if err := w.Yield(); err != nil {
			return 0, err
		}
	}
	chance := float64(c.keys) * float64(len(others)) / float64(len(c.counts))
	return max(0, float64(pairs)-chance), nil
}

func (c *keyCounts) free() { c.buf.Release() }
