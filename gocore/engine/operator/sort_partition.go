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

// partitioner puts all rows into entries and orders them.
//
// A range of more than cacheRows rows is spread: every worker counts, then copies its chunks of the range, so that rows
// keep their order within each part. Parts of up to cacheRows rows are sorted by one worker each, larger ones spread
// again, between entries and a second array.
type partitioner struct {
	query   *exec.Query
	words   *words
	batches []*table.Batch
	payload int // column that travels instead of row addresses, or -1
	entries []entry
	other   []entry // as long, allocated when it is needed
	owner   *memory.Buffer
	large   []span
	small   []span
	sorters []*rangeSorter // by Worker.ID
}

// span is a range of rows with equal words before p.
type span struct {
	from, to int
	p        position
	stale    bool // the words at p aren't in the entries yet
	other    bool // the entries lie in partitioner.other
}

func (s span) rows() int { return s.to - s.from }

func (p *partitioner) run() error {
	defer p.release()
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
	return p.sortSmall()
}

func (p *partitioner) release() {
	if p.owner != nil {
		p.owner.Release()
	}
	for _, s := range p.sorters {
		if s != nil {
			s.owner.Release()
		}
	}
}

// spreadInput reads the batches into entries.
func (p *partitioner) spreadInput() error {
	in := newInputFeed(p)
	if len(p.entries) <= cacheRows || len(p.words.levels) == 0 {
		if len(p.words.levels) > 0 {
			p.small = append(p.small, span{to: len(p.entries)})
		}
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
		return p.settle(s, low)
	}
	if p.other == nil {
		if p.other, p.owner, err = memory.Make[entry](p.query.Scope, len(p.entries)); err != nil {
			return err
		}
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
func (p *partitioner) settle(s span, word uint64) error {
	next, ok := p.words.next(s.p, word)
	if ok {
		s.p, s.stale = next, true
		p.add(s)
		return nil
	}
	if !s.other {
		return nil
	}
	return p.query.For((s.rows()+cacheRows-1)/cacheRows, func(_ *exec.Worker, i int) error {
		from := s.from + i*cacheRows
		copy(p.entries[from:min(from+cacheRows, s.to)], p.other[from:])
		return nil
	})
}

func (p *partitioner) add(s span) {
	if s.rows() <= cacheRows {
		p.small = append(p.small, s)
	} else {
		p.large = append(p.large, s)
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
			err = p.settle(part, word)
		} else {
			p.add(part)
		}
		if err != nil {
			return err
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

// sortSmall sorts the small spans, the largest first.
func (p *partitioner) sortSmall() error {
	slices.SortFunc(p.small, func(a, b span) int { return b.rows() - a.rows() })
	p.sorters = make([]*rangeSorter, p.query.Threads)
	return p.query.For(len(p.small), func(w *exec.Worker, i int) error {
		s := p.small[i]
		sorter, err := p.sorter(w)
		if err != nil {
			return err
		}
		entries := p.entries[s.from:s.to]
		if s.other {
			copy(entries, p.other[s.from:s.to])
		}
		if s.stale {
			if err := sorter.refill(s.p, entries); err != nil {
				return err
			}
		}
		return sorter.sort(entries, s.p)
	})
}

// sorter returns w's sorter, whose scratch is as large as the largest span.
func (p *partitioner) sorter(w *exec.Worker) (*rangeSorter, error) {
	s := p.sorters[w.ID]
	if s == nil {
		scratch, owner, err := memory.Make[entry](w.Scope(), p.small[0].rows())
		if err != nil {
			return nil, err
		}
		s = &rangeSorter{words: p.words, scratch: scratch, owner: owner}
		p.sorters[w.ID] = s
	}
	s.worker = w
	return s, nil
}
