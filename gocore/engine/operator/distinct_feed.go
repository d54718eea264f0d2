package operator

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

const (
	recentBits = 12
	// A key that comes again soon is left out at once where less than half of a sample's keys are distinct.
	recentSample = 1024
	// blocksPerYield is how many blocks are made between two Yields: those of several strings take the longest.
	blocksPerYield = 16
)

// distinctFeed hands out the rows' codes and numbers, in chunks, in blocks: in order, or in reverse for lastOfKey, so
// that the first row of a key is the one to keep. Rows whose key came shortly before in the same chunk are left out
// where the rule lets them, and where keys repeat so often that it pays: a frequent key would else fill a partition.
type distinctFeed struct {
	*distinct
	starts  []int // first batch of each chunk, and the end
	reverse bool
	filter  bool
}

// distinctBlock is a worker's scratch.
type distinctBlock struct {
	codes  [blockRows]uint64
	rows   [blockRows]uint32
	cut    []column.Column
	recent [1 << recentBits]struct {
		code uint64
		row  uint32 // 1 more than the number; 0 is none
	}
}

func newDistinctFeed(d *distinct) *distinctFeed {
	f := &distinctFeed{distinct: d, reverse: d.rule == lastOfKey}
	size := max(chunkRows, d.rows()/maxChunks)
	inChunk := size
	for i, b := range d.batches {
		if inChunk >= size || i == d.other {
			f.starts = append(f.starts, i)
			inChunk = 0
		}
		inChunk += b.Len
	}
	f.starts = append(f.starts, len(d.batches))
	f.filter = d.rule.once() && f.repetitive()
	return f
}

// repetitive tells whether keys repeat often in a sample of the rows.
func (f *distinctFeed) repetitive() bool {
	seen := make(map[uint64]struct{}, recentSample)
	var code [1]uint64
	var cut []column.Column
	n := min(recentSample, f.rows())
	batch := 0
	for i := range n {
		row := i * f.rows() / n
		for row >= f.distinct.starts[batch+1] {
			batch++
		}
		f.keys.codes(batch, min(row-f.distinct.starts[batch], f.batches[batch].Len-1), code[:], &cut)
		seen[code[0]] = struct{}{}
	}
	return 2*len(seen) < n
}

func (f *distinctFeed) chunks() int { return len(f.starts) - 1 }

// each calls use with the rows of a chunk.
func (f *distinctFeed) each(w *exec.Worker, chunk int, block *distinctBlock, use func(codes []uint64, rows []uint32)) error {
	if f.reverse {
		chunk = f.chunks() - 1 - chunk
	}
	if f.filter {
		clear(block.recent[:])
	}
	first, end := f.starts[chunk], f.starts[chunk+1]
	for i := range end - first {
		batch := first + i
		if f.reverse {
			batch = end - 1 - i
		}
		if err := f.eachOf(w, batch, block, use); err != nil {
			return err
		}
	}
	return nil
}

func (f *distinctFeed) eachOf(w *exec.Worker, batch int, block *distinctBlock, use func(codes []uint64, rows []uint32)) error {
	length, start := f.batches[batch].Len, f.distinct.starts[batch]
	for at := 0; at < length; at += blockRows {
		n := min(blockRows, length-at)
		from := at
		if f.reverse {
			from = length - at - n
		}
		codes, rows := block.codes[:n], block.rows[:n]
		f.keys.codes(batch, from, codes, &block.cut)
		for i := range rows {
			rows[i] = uint32(start + from + i)
		}
		if f.reverse {
			slices.Reverse(codes)
			slices.Reverse(rows)
		}
		if f.filter {
			n = f.dropRecent(block, n)
		}
		use(codes[:n], rows[:n])
		if at+blockRows >= length || at/blockRows%blocksPerYield == blocksPerYield-1 {
			if err := w.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropRecent leaves out those of the block's first n rows whose key came shortly before, and returns how many are left.
func (f *distinctFeed) dropRecent(block *distinctBlock, n int) int {
	kept := 0
	for i, code := range block.codes[:n] {
		row := block.rows[i]
		r := &block.recent[radix.Hash(code)>>(64-recentBits)]
		if r.row != 0 && r.code == code && (f.keys.words != nil || f.keys.equal(r.row-1, row)) {
			continue
		}
		r.code, r.row = code, row+1
		block.codes[kept], block.rows[kept] = code, row
		kept++
	}
	return kept
}
