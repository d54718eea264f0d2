package operator

import (
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

const (
	chunkRows  = 1 << 18 // a worker's unit when rows are spread
	maxChunks  = 256     // of one spread: each has a count per digit
	sampleRows = 256     // looked at to find a heavy word
)

// feed hands out the rows that are spread, in chunks, in blocks.
type feed interface {
	chunks() int
	each(w *exec.Worker, chunk int, f func(words, rows []uint64)) error
	sample() []uint64
}

// inputFeed is the batches, a few of them a chunk.
type inputFeed struct {
	p      *partitioner
	starts []int // first batch of each chunk, and the end
	rows   []int // first row of each chunk
}

func newInputFeed(p *partitioner) *inputFeed {
	f := &inputFeed{p: p}
	size := max(chunkRows, len(p.entries)/maxChunks)
	row, inChunk := 0, size
	for i, b := range p.batches {
		if inChunk >= size {
			f.starts, f.rows = append(f.starts, i), append(f.rows, row)
			inChunk = 0
		}
		row, inChunk = row+b.Len, inChunk+b.Len
	}
	f.starts = append(f.starts, len(p.batches))
	return f
}

func (f *inputFeed) chunks() int { return len(f.starts) - 1 }

func (f *inputFeed) firstRow(chunk int) int { return f.rows[chunk] }

func (f *inputFeed) each(w *exec.Worker, chunk int, use func(words, rows []uint64)) error {
	var words, rows [blockRows]uint64
	for i := f.starts[chunk]; i < f.starts[chunk+1]; i++ {
		b := f.p.batches[i]
		for from := 0; from < b.Len; from += blockRows {
			n := min(blockRows, b.Len-from)
			if len(f.p.words.levels) > 0 {
				f.p.words.fill(&f.p.words.levels[0], i, from, words[:n])
			}
			if f.p.payload >= 0 {
				use(words[:n], bitsOf(&b.Cols[f.p.payload], from, rows[:n]))
				continue
			}
			address := compute.RowAddress(i, from)
			for j := range rows[:n] {
				rows[j] = address + uint64(j)
			}
			use(words[:n], rows[:n])
		}
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

func (f *inputFeed) sample() []uint64 {
	sample := make([]uint64, 0, sampleRows)
	total, batch, row := len(f.p.entries), 0, 0
	for i := range sampleRows {
		at := i * total / sampleRows
		for at-row >= f.p.batches[batch].Len {
			row += f.p.batches[batch].Len
			batch++
		}
		var word [1]uint64
		f.p.words.fill(&f.p.words.levels[0], batch, at-row, word[:])
		sample = append(sample, word[0])
	}
	return sample
}

// entryFeed is entries that have been spread before.
type entryFeed struct {
	entries []entry
	size    int
}

func newEntryFeed(entries []entry) *entryFeed {
	return &entryFeed{entries, max(chunkRows, (len(entries)+maxChunks-1)/maxChunks)}
}

func (f *entryFeed) chunks() int { return (len(f.entries) + f.size - 1) / f.size }

func (f *entryFeed) each(w *exec.Worker, chunk int, use func(words, rows []uint64)) error {
	var words, rows [blockRows]uint64
	end := min((chunk+1)*f.size, len(f.entries))
	for from := chunk * f.size; from < end; from += blockRows {
		block := f.entries[from:min(from+blockRows, end)]
		for i, e := range block {
			words[i], rows[i] = e.word, e.row
		}
		use(words[:len(block)], rows[:len(block)])
	}
	return w.Yield()
}

func (f *entryFeed) sample() []uint64 {
	sample := make([]uint64, sampleRows)
	for i := range sample {
		sample[i] = f.entries[i*len(f.entries)/sampleRows].word
	}
	return sample
}
