package operator

import (
	"math/bits"
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

// joinTable is a chained hash table over the keys of one part:
//
//	head[bucket]  the first row of the bucket + 1; 0 = none
//	next[row+1]   the row after it + 1, in ascending order
type joinTable struct {
	keys  []uint64
	head  []uint32
	next  []uint32
	drop  uint // bits of the hash that all rows of the part share
	shift uint // bits below the bucket's
	bufs  [2]*memory.Buffer

	// A direct table's buckets are the keys themselves, from base to base+span.
	direct     bool
	flip       uint64 // orders keys: the sign bit of signed ones
	base, span uint64
	unique     bool // no two rows have the same key
}

// yieldRows is how many rows are worked through between two calls of Worker.Yield: well under 5 ms, also out of cache.
const yieldRows = 32 << 10

// build fills the table with keys, whose hashes share their first drop bits. It has up to two buckets a row, times two to
// the power of sparse.
func (t *joinTable) build(w *exec.Worker, keys []uint64, drop, sparse uint) error {
	size := max(4, bits.Len(uint(max(len(keys), 1)-1))) + int(sparse)
	if err := t.grow(w.Scope(), 1<<size, len(keys)+1); err != nil {
		return err
	}
	t.keys, t.drop, t.shift = keys, drop, uint(64-size)
	head, next := t.head[:1<<size], t.next[:len(keys)+1]
	if err := clearWords(w, head); err != nil {
		return err
	}
	for to := len(keys); to > 0; to -= yieldRows { // backwards, so that chains ascend
		for i := to - 1; i >= max(0, to-yieldRows); i-- {
			b := radix.Hash(keys[i]) << (drop & 63) >> (t.shift & 63)
			next[i+1] = head[b]
			head[b] = uint32(i + 1)
		}
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// buildOf fills the table with some rows of keys, in ascending order.
func (t *joinTable) buildOf(w *exec.Worker, keys []uint64, rows []uint32) error {
	size := max(4, bits.Len(uint(len(rows))))
	if err := t.grow(w.Scope(), 1<<size, len(keys)+1); err != nil {
		return err
	}
	t.keys, t.drop, t.shift = keys, 0, uint(64-size)
	if err := clearWords(w, t.head); err != nil {
		return err
	}
	for n := len(rows); n > 0; n-- {
		r := rows[n-1]
		b := radix.Hash(keys[r]) >> (t.shift & 63)
		t.next[r+1], t.head[b] = t.head[b], r+1
		if n%yieldRows == 0 {
			if err := w.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}

// directBuckets is how many buckets a direct table may have per row.
const directBuckets = 8

// buildDirect fills a direct table, unless the keys, at most joinLimits.small, lie too far apart.
func (t *joinTable) buildDirect(w *exec.Worker, keys []uint64, signed bool) (bool, error) {
	if signed {
		t.flip = 1 << 63
	}
	low, high := ^uint64(0), uint64(0)
	for _, k := range keys {
		low, high = min(low, k^t.flip), max(high, k^t.flip)
	}
	if len(keys) == 0 || high-low >= uint64(max(directBuckets*len(keys), 1<<10)) {
		return false, nil
	}
	t.keys, t.direct, t.base, t.span, t.unique = keys, true, low, high-low, true
	if err := t.grow(w.Scope(), int(t.span)+1, len(keys)+1); err != nil {
		return false, err
	}
	clear(t.head)
	for i := len(keys) - 1; i >= 0; i-- {
		b := &t.head[keys[i]^t.flip-low]
		t.unique = t.unique && *b == 0
		t.next[i+1], *b = *b, uint32(i+1)
	}
	return true, w.Yield()
}

// bucket returns the first row + 1 of key's chain; 0 = none.
func (t *joinTable) bucket(key uint64) uint32 {
	return t.head[radix.Hash(key)<<(t.drop&63)>>(t.shift&63)]
}

// isUnique tells whether every row is the first of its chain with its key.
func (t *joinTable) isUnique() bool {
	for i, k := range t.keys {
		c := t.bucket(k)
		for t.keys[c-1] != k {
			c = t.next[c]
		}
		if c != uint32(i+1) {
			return false
		}
	}
	return true
}

// find writes the row of each key to found, ^0 (compute.Missing) where there is none. The table's keys are unique.
func (t *joinTable) find(keys []uint64, found []uint32) {
	found = found[:len(keys)]
	if t.direct {
		t.firstDirect(keys, found)
		for i := range found {
			found[i]--
		}
		return
	}
	for i, k := range keys {
		c := t.bucket(k)
		for c != 0 && t.keys[c-1] != k {
			c = t.next[c]
		}
		found[i] = c - 1
	}
}

// firstDirect writes the first row + 1 of each key's chain in a direct table, 0 where there is none.
func (t *joinTable) firstDirect(keys []uint64, first []uint32) {
	head, flip, base := t.head[:t.span+1], t.flip, t.base
	for i, k := range keys {
		at, c := (k^flip)-base, uint32(0)
		if at < uint64(len(head)) {
			c = head[at]
		}
		first[i] = c
	}
}

func clearWords(w *exec.Worker, words []uint32) error {
	for i := 0; i < len(words); i += yieldRows {
		clear(words[i:min(i+yieldRows, len(words))])
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// grow makes room for heads and nexts; what a smaller part left is reused.
func (t *joinTable) grow(scope *memory.Scope, heads, nexts int) error {
	var err error
	if len(t.head) < heads {
		t.release(0)
		if t.head, t.bufs[0], err = memory.Make[uint32](scope, heads); err != nil {
			return err
		}
	}
	if len(t.next) < nexts {
		t.release(1)
		if t.next, t.bufs[1], err = memory.Make[uint32](scope, nexts+nexts/8); err != nil {
			return err
		}
	}
	return nil
}

func (t *joinTable) release(i int) {
	if t.bufs[i] != nil {
		t.bufs[i].Release()
		t.bufs[i] = nil
		if i == 0 {
			t.head = nil
		} else {
			t.next = nil
		}
	}
}

// free gives the table's memory back.
func (t *joinTable) free() {
	t.release(0)
	t.release(1)
}

// first lists, for probe rows [from, from+len(keys)), those whose bucket isn't empty with the bucket's first row + 1,
// and returns how many.
func (t *joinTable) first(keys []uint64, from int, rows, candidates []uint32) int {
	n := 0
	rows, candidates = rows[:len(keys)], candidates[:len(keys)]
	if t.direct {
		t.firstDirect(keys, candidates)
		for i, c := range candidates {
			rows[n], candidates[n] = uint32(from+i), c
			n += int((uint64(c) + 0xFFFFFFFF) >> 32)
		}
		return n
	}
	for i, k := range keys {
		c := t.head[radix.Hash(k)<<(t.drop&63)>>(t.shift&63)]
		rows[n], candidates[n] = uint32(from+i), c
		n += int((uint64(c) + 0xFFFFFFFF) >> 32) // 1 unless c is 0
	}
	return n
}

// step compares the n candidates with their probe rows: it appends the pairs with equal keys to the matches, of which
// there are m, and replaces each candidate by the next of its chain. It returns the new n and m.
func (t *joinTable) step(probe []uint64, rows, candidates []uint32, n int, probeMatches, buildMatches []uint32, m int) (int, int) {
	left := 0
	rows, candidates = rows[:n], candidates[:n]
	for i := range n {
		r, c := rows[i], candidates[i]
		probeMatches[m], buildMatches[m] = r, c-1
		x := probe[r] ^ t.keys[c-1]
		m += int((x|-x)>>63 ^ 1) // 1 where x is 0
		c = t.next[c]
		rows[left], candidates[left] = r, c
		left += int((uint64(c) + 0xFFFFFFFF) >> 32)
	}
	return left, m
}

// sharedTable is a table that several workers probe.
type sharedTable struct {
	joinTable
	part      *joinPart
	leftBuild bool
	matched   []uint32 // per build row, where its side is kept: 1 once it has a match
	buf       *memory.Buffer
	pending   atomic.Int32 // tasks that still probe it
	seq       uint64       // of the batches of its rows that are in the result by themselves
}

// mark notes that a build row has a match and returns 1 where that was known.
func (t *sharedTable) mark(row uint32) byte {
	if atomic.LoadUint32(&t.matched[row]) != 0 {
		return 1
	}
	return byte(atomic.SwapUint32(&t.matched[row], 1))
}

func (t *sharedTable) free() {
	t.joinTable.free()
	if t.buf != nil {
		t.buf.Release()
		t.buf, t.matched = nil, nil
	}
}
