package operator

import (
	"math"
	"slices"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// groupCodes finds the groups of rows without hashing where keys have few combinations: an integer's code is its
// distance from the least one, a short string's the number of its first appearance, and the codes of a row's keys are
// the digits of a number, the place of its group in an array. Rows that aren't found there are looked up in the table,
// which stays what defines the groups. Where many aren't, or the array would become large, the worker goes without.
//
//	code     code of key 0 + code of key 1 * (size 0 + 1) + ...; the greatest digit, size, stands for any other value
//	groups   | 0 | 28 | 0 | 12 | ...     the group of each code; 0: not seen yet
type groupCodes struct {
	scope  *memory.Scope
	keys   []codedKey
	groups []uint32
	buf    *memory.Buffer
	limit  int // entries of groups
	codes  [groupChunkRows]uint32
	words  []uint64 // scratch: two words of each row
	rows   int      // looked up since misses was 0
	misses int      // rows of groups that were there, but not found
}

// codedKey is the digit of a key column.
type codedKey struct {
	groupKey
	base    uint64 // integers: the word whose code is 0
	size    uint64
	stride  uint32
	seed    uint64 // of the hashes
	flip    uint64 // integers: makes the order of words that of unsigned numbers
	least   uint64 // of the words that were seen, flipped
	most    uint64
	strings stringCodes
}

const (
	// codedGroups is how many combinations of codes there may be: their array stays in the L2 cache.
	codedGroups = 160 << 10
	// codedStrings is how many strings a column may have.
	codedStrings = 1024
	// codesTrial is after how many rows it is looked whether most are found; one in codesMisses may be missing.
	codesTrial  = 64 << 10
	codesMisses = 8
)

// newGroupCodes returns the codes of l's keys, or nil if they can't have any.
func newGroupCodes(l *groupLayout, scope *memory.Scope, limit int) (*groupCodes, error) {
	if l.single() || len(l.collected) > 0 {
		return nil, nil
	}
	c := &groupCodes{scope: scope, limit: min(limit, codedGroups)}
	for _, k := range l.keys {
		switch {
		case k.kind == column.Null || k.kind.IsFloat():
			return nil, nil
		case k.kind == column.String: // integers come last: their codes can be looked up as they are made
			c.keys = slices.Insert(c.keys, 0, codedKey{groupKey: k})
		default:
			key := codedKey{groupKey: k, seed: l.seed, least: math.MaxUint64}
			if !isUnsigned(k.kind) {
				key.flip = 1 << 63
			}
			c.keys = append(c.keys, key)
		}
	}
	words, _, err := memory.Make[uint64](scope, 2*groupChunkRows)
	if err != nil {
		return nil, err
	}
	c.words = words
	_, err = c.layOut()
	return c, err
}

// takes tells whether rows of b have codes: nulls have none.
func (c *groupCodes) takes(b *table.Batch) bool {
	for i := range c.keys {
		if col := &b.Cols[c.keys[i].column]; col.Nulls > 0 || col.Kind == column.Null {
			return false
		}
	}
	return true
}

// lookup writes the groups of rows to ids and returns which of them it has none for, in missing.
func (c *groupCodes) lookup(r groupRows, ids, missing []uint32) []uint32 {
	codes := c.codes[:r.n]
	clear(codes)
	last := len(c.keys) - 1
	for i := range c.keys[:last] {
		k := &c.keys[i]
		k.add(r, codes, c.words)
	}
	c.rows += r.n
	ids = ids[:r.n]
	if c.keys[last].find(r, codes, ids, c) {
		return nil
	}
	misses := 0
	for i, g := range ids {
		missing[misses] = uint32(i)
		if g == 0 {
			misses++
		}
	}
	return missing[:misses]
}

// add adds the digits of rows to codes.
func (k *codedKey) add(r groupRows, codes []uint32, words []uint64) {
	c := &r.batch.Cols[k.column]
	switch k.readAs(r) {
	case column.String:
		if c.Layout == column.Offsets32 && r.rows == nil {
			k.strings.addOffsets(codes, memory.As[int32](c.Offsets)[r.from:], c.Heaps[0], uint32(k.size), k.stride)
			return
		}
		w0, w1 := words[:len(codes)], words[groupChunkRows:][:len(codes)]
		stringColumnWords(c, r.from, r.rows, w0, w1)
		k.strings.add(codes, w0, w1, uint32(k.size), k.stride)
	case column.Int64:
		addValues[uint64](k, r, codes)
	case column.Int32:
		addValues[int32](k, r, codes)
	default:
		fixedWords(c, r.from, len(codes), r.rows, words)
		addCodes(codes, words, k.base, k.size, k.stride)
	}
}

// readAs returns the kind of the elements that codes are computed of as they lie: of others, words are made first.
func (k *codedKey) readAs(r groupRows) column.Kind {
	switch kind := r.batch.Cols[k.column].Kind; kind {
	case column.String, column.Int64, column.Int32:
		return kind
	case column.Uint64:
		return column.Int64
	}
	return column.Null
}

// find is add for the last key: it writes the groups of the codes to ids, and tells whether there is one for each.
func (k *codedKey) find(r groupRows, codes, ids []uint32, all *groupCodes) bool {
	groups := unsafe.Pointer(unsafe.SliceData(all.groups))
	switch k.readAs(r) {
	case column.String:
		k.add(r, codes, all.words)
		return findCodes(codes, ids, groups, all.words, 0, 0, 0)
	case column.Int64:
		return findValues[uint64](k, r, codes, ids, groups)
	case column.Int32:
		return findValues[int32](k, r, codes, ids, groups)
	}
	fixedWords(&r.batch.Cols[k.column], r.from, len(codes), r.rows, all.words)
	return findCodes(codes, ids, groups, all.words, k.base, k.size, k.stride)
}

func findCodes[T int32 | uint64](codes, ids []uint32, groups unsafe.Pointer, src []T, base, size uint64, stride uint32) bool {
	least := uint32(math.MaxUint32)
	src, ids = src[:len(codes)], ids[:len(codes)]
	for i, v := range src {
		code := codes[i] + uint32(min(uint64(v)-base, size))*stride
		g := *(*uint32)(unsafe.Add(groups, 4*uintptr(code)))
		codes[i], ids[i] = code, g
		least = min(least, g)
	}
	return least > 0
}

// findValues is findCodes for rows of a column whose elements are of type T.
func findValues[T int32 | uint64](k *codedKey, r groupRows, codes, ids []uint32, groups unsafe.Pointer) bool {
	src, base, size, stride := column.Of[T](&r.batch.Cols[k.column])[r.from:], k.base, k.size, k.stride
	if r.rows == nil {
		return findCodes(codes, ids, groups, src, base, size, stride)
	}
	least := uint32(math.MaxUint32)
	rows, ids := r.rows[:len(codes)], ids[:len(codes)]
	for i, row := range rows {
		code := codes[i] + uint32(min(uint64(src[row])-base, size))*stride
		g := *(*uint32)(unsafe.Add(groups, 4*uintptr(code)))
		codes[i], ids[i] = code, g
		least = min(least, g)
	}
	return least > 0
}

// addValues is addCodes for rows of a column whose elements are of type T.
func addValues[T int32 | uint64](k *codedKey, r groupRows, codes []uint32) {
	src, base, size, stride := column.Of[T](&r.batch.Cols[k.column])[r.from:], k.base, k.size, k.stride
	if r.rows == nil {
		addCodes(codes, src, base, size, stride)
		return
	}
	for i, row := range r.rows[:len(codes)] {
		codes[i] += uint32(min(uint64(src[row])-base, size)) * stride
	}
}

func addCodes[T int32 | uint64](codes []uint32, src []T, base, size uint64, stride uint32) {
	for i, v := range src[:len(codes)] {
		codes[i] += uint32(min(uint64(v)-base, size)) * stride
	}
}

// learn takes in what the table knows of the rows that were missing: their keys, a chunk, and their groups, of which
// some are new. It reports whether codes are of use any longer.
func (c *groupCodes) learn(chunk *groupChunk, missing, groups []uint32, made int) (bool, error) {
	wider := false
	c.misses += len(missing) - made
	for j, row := range missing {
		code, known := c.codes[row], true
		for i := range c.keys {
			k := &c.keys[i]
			if uint64(code/k.stride)%(k.size+1) != k.size {
				continue
			}
			known, wider = false, true
			if ok, err := k.widen(c.scope, chunk, j); err != nil || !ok {
				return false, err
			}
		}
		if known {
			c.groups[code] = groups[j]
		}
	}
	if wider {
		return c.layOut()
	}
	if c.rows > codesTrial {
		if c.misses > c.rows/codesMisses {
			return false, nil
		}
		c.rows, c.misses = 0, 0
	}
	return true, nil
}

// widen takes in the key of a chunk's row and reports whether it can have a code.
func (k *codedKey) widen(scope *memory.Scope, chunk *groupChunk, row int) (bool, error) {
	if k.kind == column.String {
		w0, w1 := chunk.keys[k.word-1].at(row), chunk.keys[k.word].at(row)
		if stringSize(w0) > shortString || k.strings.n == codedStrings {
			return false, nil
		}
		return true, k.strings.insert(scope, w0, w1)
	}
	word := unscramble(chunk.hash.at(row)) ^ k.seed
	if len(chunk.keys) > 0 {
		word = chunk.keys[k.word-1].at(row)
	}
	word ^= k.flip
	k.least, k.most = min(k.least, word), max(k.most, word)
	return k.most-k.least < codedGroups, nil
}

// layOut gives each digit the values it needs, and room for more, and reports whether the array isn't too large.
func (c *groupCodes) layOut() (bool, error) {
	for spare := uint64(2); ; spare-- {
		entries := uint64(1)
		for i := range c.keys {
			k := &c.keys[i]
			switch {
			case k.kind == column.String:
				k.size = uint64(k.strings.n) * (4 + spare) / 4
			case k.least <= k.most:
				values := k.most - k.least + 1
				k.size = values * (4 + spare) / 4
				k.base = k.least ^ k.flip - (k.size-values)/2
			}
			k.stride = uint32(entries)
			entries *= k.size + 1
			if entries > codedGroups {
				break
			}
		}
		if entries <= uint64(c.limit) {
			return true, c.resize(int(entries))
		}
		if spare == 0 {
			return false, nil
		}
	}
}

// resize makes groups n entries, all of them unknown.
func (c *groupCodes) resize(n int) error {
	if n > cap(c.groups) {
		c.free()
		groups, buf, err := memory.Make[uint32](c.scope, n)
		if err != nil {
			return err
		}
		c.groups, c.buf = groups, buf
	}
	c.groups = c.groups[:n]
	clear(c.groups)
	return nil
}

func (c *groupCodes) free() {
	if c.buf != nil {
		c.buf.Release()
		c.groups, c.buf = nil, nil
	}
}
