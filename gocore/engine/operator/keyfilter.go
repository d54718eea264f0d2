package operator

import (
	"math"
	"math/bits"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// KeyFilter drops rows of one side of a join that can't match any of the other side, whose rows have flowed by already:
// so they need not be kept, partitioned and looked up. Rows that could match may pass by mistake, never the other way.
//
//	KeyTap     in front of the other side's sink: remembers a word per row, which equal keys have in common
//	Filter     makes of them: bitmap, a bit for each integer from the least to the greatest, where they lie close enough
//	                          Bloom filter, two bits of one 64-bit block per word, otherwise
//	KeyFilter  in a Filter of this side's rows: keeps those whose word is there
//
// A filter that lets most rows pass costs more than it saves: it looks at the first rows of a batch, and leaves it as it is
// if most pass.
type KeyFilter struct {
	keys  []int
	exact bool
	low   uint64 // bitmap: the word of bit 0
	span  uint64 // bitmap: how many bits; 0: a Bloom filter
	bits  []uint64
	nulls bool // exact: a null was seen
	owner *memory.Buffer
}

// Bounds of filters.
const (
	mostTapped  = 16 << 20  // rows: a side with more makes no filter
	mostBits    = 128 << 20 // of a bitmap: 16 MiB
	sparse      = 64        // bits per row at which a bitmap still pays
	bloomBits   = 16        // per row
	leastBits   = 1 << 10
	trialRows   = 1 << 10
	mostPassing = 60 // percent of them
)

// KeyTap is the Transform that remembers the keys of the rows that pass through it.
type KeyTap struct {
	keys  []int
	exact bool

	mu     sync.Mutex
	rows   int
	chunks []tapped
	nulls  bool
}

type tapped struct {
	words []uint64
	owner *memory.Buffer
}

var _ exec.Transform = (*KeyTap)(nil)

// NewKeyTap returns a KeyTap of the columns keys, whose kinds are a join's.
func NewKeyTap(keys []int, kinds []column.Kind) *KeyTap {
	return &KeyTap{keys: keys, exact: len(keys) == 1 && isExact(kinds[0])}
}

// Push remembers the keys of b.
func (t *KeyTap) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	t.mu.Lock()
	t.rows += b.Len
	enough := t.rows > mostTapped
	t.mu.Unlock()
	if !enough {
		if err := t.remember(w, b); status.CodeOf(err) == status.OutOfMemory {
			t.mu.Lock()
			t.rows = mostTapped + 1 // there will be no filter
			t.mu.Unlock()
		} else if err != nil {
			return err
		}
	}
	return emit(b)
}

func (t *KeyTap) remember(w *exec.Worker, b *table.Batch) error {
	words, owner, err := memory.Make[uint64](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	if err := keyWords(w.Scope(), b, t.keys, t.exact, words); err != nil {
		owner.Release()
		return err
	}
	key := &b.Cols[t.keys[0]]
	nulls := t.exact && key.Nulls > 0
	if nulls {
		words = withoutNulls(key, words)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nulls = t.nulls || nulls
	t.chunks = append(t.chunks, tapped{words, owner})
	return nil
}

// withoutNulls returns the words of c's rows that aren't null, in the memory of words.
func withoutNulls(c *column.Column, words []uint64) []uint64 {
	n := 0
	for i, v := range words {
		words[n] = v
		if !c.IsNull(i) {
			n++
		}
	}
	return words[:n]
}

// keyWords writes a word for each row of b: of one key that isn't a string its value, otherwise the hash of the keys.
func keyWords(scope *memory.Scope, b *table.Batch, keys []int, exact bool, words []uint64) error {
	if exact {
		canonicalKeys(&b.Cols[keys[0]], 0, words)
		return nil
	}
	columns := make([]*column.Column, len(keys))
	for i, k := range keys {
		views, err := b.Cols[k].AsViews(scope)
		if err != nil {
			return err
		}
		defer views.Release()
		columns[i] = &views
	}
	hashing.Columns(columns, words)
	return nil
}

// Filter returns the filter by the keys that were seen, and forgets them; nil where they were too many for the memory. It
// is used On key columns of the other side.
func (t *KeyTap) Filter(q *exec.Query) *KeyFilter {
	defer t.release()
	if t.rows > mostTapped {
		return nil
	}
	f := &KeyFilter{exact: t.exact, nulls: t.nulls}
	size := leastBits
	if t.exact {
		low, high := t.bounds()
		if span := high - low + 1; span != 0 && span <= mostBits && span <= uint64(max(t.rows, 1))*sparse {
			f.low, f.span, size = low, span, int(span)
		}
	}
	if f.span == 0 {
		size = max(leastBits, 1<<bits.Len(uint(t.rows*bloomBits-1)))
	}
	b, err := q.Scope.Zeroed(size/64*8 + 16)
	if err != nil {
		return nil // for want of memory it is done without
	}
	f.owner, f.bits = b, memory.As[uint64](b.Bytes())
	err = q.For(1, func(w *exec.Worker, _ int) error {
		for _, c := range t.chunks {
			f.fill(c.words)
			if err := w.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil { // the query has ended
		f.Release()
		return nil
	}
	return f
}

// fill sets the bits of words.
func (f *KeyFilter) fill(words []uint64) {
	if f.span > 0 {
		for _, v := range words {
			f.bits[(v-f.low)>>6] |= 1 << ((v - f.low) & 63)
		}
		return
	}
	for _, v := range words {
		at, mask := f.block(v)
		f.bits[at] |= mask
	}
}

// bounds returns the least and the greatest word, as signed integers.
func (t *KeyTap) bounds() (low, high uint64) {
	least, greatest := int64(math.MaxInt64), int64(math.MinInt64)
	for _, c := range t.chunks {
		for _, v := range memory.As[int64](memory.BytesOf(c.words)) {
			least, greatest = min(least, v), max(greatest, v)
		}
	}
	if least > greatest {
		return 0, 0
	}
	return uint64(least), uint64(greatest)
}

func (t *KeyTap) release() {
	for _, c := range t.chunks {
		c.owner.Release()
	}
	t.chunks = nil
}

// block returns a word's block of the Bloom filter and its two bits there.
func (f *KeyFilter) block(word uint64) (at uint64, mask uint64) {
	if f.exact {
		word = hashing.Uint64(word)
	}
	blocks := uint64(len(f.bits) - 2) // a power of two
	return word >> 12 & (blocks - 1), 1<<(word&63) | 1<<(word>>6&63)
}

// On returns the filter for rows that have the keys in the given columns.
func (f *KeyFilter) On(keys []int) *KeyFilter {
	on := *f
	on.keys = keys
	return &on
}

// among returns those of the rows ids of b, ascending, that may match, in the memory of ids. What it does depends on the
// batch alone, so that the result of the join doesn't depend on which worker saw what. For want of memory all may match.
func (f *KeyFilter) among(scope *memory.Scope, b *table.Batch, ids []uint32) ([]uint32, error) {
	trial := len(ids)
	if trial > 2*trialRows {
		trial = trialRows
	}
	kept, err := f.choose(scope, b, ids[:trial], ids[:0])
	if err != nil {
		return ids, unlessMemory(err)
	}
	if len(kept) <= mostPassing*trial/100 {
		all, err := f.choose(scope, b, ids[trial:], kept)
		if err == nil {
			return all, nil
		}
		if err := unlessMemory(err); err != nil {
			return nil, err
		}
	}
	return append(kept, ids[trial:]...), nil
}

// unlessMemory returns err, unless it is OutOfMemory.
func unlessMemory(err error) error {
	if status.CodeOf(err) == status.OutOfMemory {
		return nil
	}
	return err
}

// choose appends those of the rows ids of b that may match to kept, whose memory may lie in front of that of ids.
func (f *KeyFilter) choose(scope *memory.Scope, b *table.Batch, ids, kept []uint32) ([]uint32, error) {
	if len(ids) == 0 {
		return kept, nil
	}
	// Words are made of all rows from the first to the last, but of few rows alone.
	first := int(ids[0])
	rows := b.Slice(first, int(ids[len(ids)-1])-first+1)
	at := func(i int) int { return int(ids[i]) - first }
	if len(ids) < rows.Len/4 {
		some, err := gatherColumns(scope, b, f.keys, ids)
		if err != nil {
			return kept, err
		}
		defer some.Release()
		rows, at = some, func(i int) int { return i }
	}
	words, owner, err := memory.Make[uint64](scope, rows.Len)
	if err != nil {
		return kept, err
	}
	defer owner.Release()
	if err := keyWords(scope, rows, f.keys, f.exact, words); err != nil {
		return kept, err
	}
	n := len(kept)
	kept = kept[:n+len(ids)]
	if key := &rows.Cols[f.keys[0]]; f.exact && key.Nulls > 0 {
		for i, id := range ids {
			kept[n] = id
			if null := key.IsNull(at(i)); null && f.nulls || !null && f.has(words[at(i)]) {
				n++
			}
		}
		return kept[:n], nil
	}
	// Without a branch on data.
	dense := rows.Len == len(ids)
	switch {
	case f.span > 0 && dense:
		for i, id := range ids {
			at := min(words[i]-f.low, f.span) // bit span is never set
			kept[n] = id
			n += int(f.bits[at>>6] >> (at & 63) & 1)
		}
	case f.span > 0:
		for _, id := range ids {
			at := min(words[int(id)-first]-f.low, f.span)
			kept[n] = id
			n += int(f.bits[at>>6] >> (at & 63) & 1)
		}
	default:
		for i, id := range ids {
			block, mask := f.block(words[at(i)])
			kept[n] = id
			if f.bits[block]&mask == mask {
				n++
			}
		}
	}
	return kept[:n], nil
}

// gatherColumns returns rows ids of some columns of b; the others are absent.
func gatherColumns(scope *memory.Scope, b *table.Batch, columns []int, ids []uint32) (*table.Batch, error) {
	out := &table.Batch{Cols: make([]column.Column, len(b.Cols)), Len: len(ids), Seq: b.Seq}
	for _, i := range columns {
		if out.Cols[i].Type != nil {
			continue
		}
		c, err := compute.GatherPresent(scope, &b.Cols[i], ids)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols[i] = c
	}
	return out, nil
}

// has tells whether a word may be one of those that were seen.
func (f *KeyFilter) has(word uint64) bool {
	if f.span > 0 {
		at := min(word-f.low, f.span)
		return f.bits[at>>6]>>(at&63)&1 == 1
	}
	at, mask := f.block(word)
	return f.bits[at]&mask == mask
}

// Release gives the filter's memory back.
func (f *KeyFilter) Release() { f.owner.Release() }
