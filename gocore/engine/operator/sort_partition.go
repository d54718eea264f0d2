package operator

import (
	"math"
	"math/bits"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

const (
	digits     = 256 + 2 // of a partition: 8 bits, and one each for a heavy word and what lies above it
	refillRows = 1 << 15 // a worker's unit when words are fetched from all over memory
	heavyShare = 16      // a word in more than one of so many rows of the sample is heavy
	noHeavy    = ^uint64(0)
)

// partitioner puts all rows into entries, in spans that are in order, each to be sorted by itself.
//
// A range of more than cacheRows rows is spread: every worker counts, then copies its chunks of the range, so that rows
// keep their order within each part. Parts that are larger than cacheRows are spread again, between entries and a
// second array.
type partitioner struct {
	query   *exec.Query
	words   *words
	batches []*table.Batch
	payload int // column that travels instead of row addresses, or -1
	rows    int
	entries []entry
	other   []entry // as long, allocated when it is needed
	owners  []*memory.Buffer
	large   []span
	spans   []span // no larger than a batch
}

// span is a range of rows with equal words before p.
type span struct {
	from, to int
	p        position
	stale    bool // the words at p aren't in the entries yet
	other    bool // the entries lie in partitioner.other
	sorted   bool
}

func (s span) rows() int { return s.to - s.from }

// run spreads the rows and puts the spans in order.
func (p *partitioner) run() error {
	if err := p.spreadInput(); err != nil {
		return err
	}
	for len(p.large) > 0 {
		s := p.large[len(p.large)-1]
		p.large = p.large[:len(p.large)-1]
		if err := p.split(s); err != nil {
			return err
		}
	}
	slices.SortFunc(p.spans, func(a, b span) int { return a.from - b.from })
	return nil
}

// spreadInput reads the batches into entries.
func (p *partitioner) spreadInput() error {
	entries, owner, err := memory.Make[entry](p.query.Scope, p.rows)
	if err != nil {
		return err
	}
	p.entries, p.owners = entries, append(p.owners, owner)
	in := newInputFeed(p)
	if p.rows <= cacheRows || len(p.words.levels) == 0 {
		p.add(span{to: p.rows, sorted: len(p.words.levels) == 0})
		return p.query.For(in.chunks(), func(w *exec.Worker, i int) error {
			at := in.firstRow(i)
			return in.each(w, i, func(words, rows []uint64) {
				for j, word := range words {
					p.entries[at+j] = entry{word, rows[j]}
				}
				at += len(words)
			})
		})
	}
	high := uint64(1)<<p.words.levels[0].bits - 1 // 64 bits shift to 0, less 1 is all ones
	return p.spread(in, span{to: len(p.entries), other: true}, 0, high, p.entries)
}

// split spreads a large span over the other array, or moves on to the next word where all its words are equal.
func (p *partitioner) split(s span) error {
	entries := p.array(s.other)[s.from:s.to]
	lows, highs := make([]uint64, p.query.Threads), make([]uint64, p.query.Threads)
	for i := range lows {
		lows[i] = math.MaxUint64
	}
	err := p.query.For((len(entries)+refillRows-1)/refillRows, func(w *exec.Worker, i int) error {
		chunk := entries[i*refillRows : min((i+1)*refillRows, len(entries))]
		if s.stale {
			p.words.refill(s.p, chunk)
		}
		low, high := lows[w.ID], highs[w.ID]
		for _, e := range chunk {
			low, high = min(low, e.word), max(high, e.word)
		}
		lows[w.ID], highs[w.ID] = low, high
		return nil
	})
	if err != nil {
		return err
	}
	s.stale = false
	low, high := slices.Min(lows), slices.Max(highs)
	if low == high {
		p.settle(s, low)
		return nil
	}
	if p.other == nil {
		other, owner, err := memory.Make[entry](p.query.Scope, len(p.entries))
		if err != nil {
			return err
		}
		p.other, p.owners = other, append(p.owners, owner)
	}
	return p.spread(newEntryFeed(entries), s, low, high, p.array(!s.other)[s.from:s.to])
}

func (p *partitioner) array(other bool) []entry {
	if other {
		return p.other
	}
	return p.entries
}

// settle moves a span whose words at p all equal word on to the next word; without one it is in order.
func (p *partitioner) settle(s span, word uint64) {
	s.p, s.stale = p.words.next(s.p, word)
	s.sorted = !s.stale
	p.add(s)
}

// add puts s with the spans, in pieces that fit a batch if it is sorted, or else with those to split.
func (p *partitioner) add(s span) {
	if s.rows() > cacheRows && !s.sorted {
		p.large = append(p.large, s)
		return
	}
	for end := s.to; s.from < end; s.from = s.to {
		s.to = min(s.from+cacheRows, end)
		p.spans = append(p.spans, s)
	}
}

// spread copies the rows of in, which are those of span s and whose words lie in [low, high], to dst, ordered by the
// highest 8 bits in which they differ, and adds the parts to the spans to do.
func (p *partitioner) spread(in feed, s span, low, high uint64, dst []entry) error {
	heavy := heavyWord(in.sample())
	shift := uint(max(0, bits.Len64(high-low)-8))
	counts := make([][digits]int, in.chunks())
	err := p.query.For(in.chunks(), func(w *exec.Worker, i int) error {
		count := &counts[i]
		return in.each(w, i, func(words, _ []uint64) {
			for _, word := range words {
				count[digit(word, low, shift, heavy)]++
			}
		})
	})
	if err != nil {
		return err
	}
	var bounds [digits + 1]int
	at := 0
	for d := range digits {
		bounds[d] = at
		for i := range counts {
			counts[i][d], at = at, at+counts[i][d]
		}
	}
	bounds[digits] = at
	err = p.query.For(in.chunks(), func(w *exec.Worker, i int) error {
		next := &counts[i]
		return in.each(w, i, func(words, rows []uint64) {
			rows = rows[:len(words)]
			for j, word := range words {
				d := digit(word, low, shift, heavy)
				at := next[d]
				next[d] = at + 1
				dst[at] = entry{word, rows[j]}
			}
		})
	})
	if err != nil {
		return err
	}
	for d := range digits {
		part := span{from: s.from + bounds[d], to: s.from + bounds[d+1], p: s.p, other: !s.other}
		if part.rows() == 0 {
			continue
		}
		if word := dst[bounds[d]].word; shift == 0 || word == heavy {
			p.settle(part, word)
		} else {
			p.add(part)
		}
	}
	return nil
}

// digit returns the part of a word: the heavy word has one of its own between those of the words around it.
func digit(word, low uint64, shift uint, heavy uint64) uint64 {
	_, below := bits.Sub64(word, heavy, 0)
	_, above := bits.Sub64(heavy, word, 0)
	return (word-low)>>(shift&63) + 1 - below + above
}

// heavyWord returns the word that fills much of a sample, or noHeavy.
func heavyWord(sample []uint64) uint64 {
	slices.Sort(sample)
	for i := 0; i+len(sample)/heavyShare < len(sample); i++ {
		if sample[i] == sample[i+len(sample)/heavyShare] {
			return sample[i]
		}
	}
	return noHeavy
}
