package operator

import (
	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// entry is a row while it is sorted: its current word, and where it is (compute.RowAddress) or its payload.
type entry struct {
	word, row uint64
}

// position says which word of its row an entry holds: a level, and how far behind the first word of a string.
type position struct {
	level int
	start int
}

// next returns the position of the word by which rows that are equal in word at p are told apart, false if none is left.
func (w *words) next(p position, word uint64) (position, bool) {
	if l := &w.levels[p.level]; l.text && w.goesOn(&l.fields[0], p, word) {
		return position{p.level, p.start + textWord}, true
	}
	return position{p.level + 1, 0}, p.level+1 < len(w.levels)
}

// goesOn tells whether word is one of a string that has more characters.
func (w *words) goesOn(f *field, p position, word uint64) bool {
	if p.start > 0 {
		return byte(word^f.flip) == moreText
	}
	if w.ranges[f.key].nulls && word == f.null {
		return false
	}
	return byte(f.value(word)) == moreText
}

// anyNext tells whether some rows that are equal in a word at p may differ in a later one.
func (w *words) anyNext(p position) bool { return w.levels[p.level].text || p.level+1 < len(w.levels) }

// refill gives entries, whose rows are addresses, the words at p.
func (w *words) refill(p position, entries []entry) {
	l := &w.levels[p.level]
	if p.start > 0 {
		f := &l.fields[0]
		columns := w.columns[f.key]
		for i := range entries {
			c, row := columns[entries[i].row>>32], uint32(entries[i].row)
			entries[i].word = textValue(c.Views[row].Bytes(c.Heaps), f.start+p.start) ^ f.flip
		}
		return
	}
	for i := range entries {
		entries[i].word = 0
	}
	for k := range l.fields {
		f := &l.fields[k]
		columns, shift := w.columns[f.key], uint(f.bits)
		for i := range entries {
			e := &entries[i]
			e.word = e.word<<shift | f.code(columns[e.row>>32], int(uint32(e.row)))
		}
	}
}

const (
	insertionRows = 24      // up to here insertion is fastest
	twoDigitRows  = 2048    // from here on two digits pay
	cacheRows     = 1 << 17 // entries and as many of scratch are about a second-level cache
	maxDigit      = 11      // bits
)

// rangeSorter sorts ranges of entries, on one worker.
type rangeSorter struct {
	worker  *exec.Worker
	words   *words
	scratch []entry
	owner   *memory.Buffer
	low     [1 << maxDigit]uint32
	high    [1 << maxDigit]uint32
	done    int // rows whose words were fetched since the last Yield
}

// sort orders entries that hold the words at p by them and by all later words.
func (s *rangeSorter) sort(entries []entry, p position) error {
	for len(entries) > 1 {
		s.byWord(entries)
		if !s.words.anyNext(p) {
			return nil
		}
		word := entries[0].word
		if word != entries[len(entries)-1].word {
			return s.runs(entries, p)
		}
		next, ok := s.words.next(p, word)
		if !ok {
			return nil
		}
		p = next // all in one run: a loop, as a string may go on for long
		if err := s.refill(p, entries); err != nil {
			return err
		}
	}
	return nil
}

// refill gives entries the words at p, a few at a time.
func (s *rangeSorter) refill(p position, entries []entry) error {
	for from := 0; from < len(entries); from += refillRows {
		part := entries[from:min(from+refillRows, len(entries))]
		s.words.refill(p, part)
		if s.done += len(part); s.done >= refillRows {
			s.done = 0
			if err := s.worker.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}

// runs sorts each run of equal words by the words that follow.
func (s *rangeSorter) runs(entries []entry, p position) error {
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].word == entries[from].word {
			to++
		}
		if run := entries[from:to]; len(run) > 1 {
			if next, ok := s.words.next(p, run[0].word); ok {
				if err := s.refill(next, run); err != nil {
					return err
				}
				if err := s.sort(run, next); err != nil {
					return err
				}
			}
		}
		from = to
	}
	return nil
}

// byWord orders entries by their words, stably: by the highest bits in which they differ, one or two digits, about
// three bits more than it takes to tell that many rows apart; what is equal in those by the bits below.
func (s *rangeSorter) byWord(entries []entry) {
	n := len(entries)
	if n <= insertionRows {
		insertion(entries, n*n)
		return
	}
	low, high, last, descents := entries[0].word, entries[0].word, entries[0].word, uint64(0)
	for i := range entries {
		word := entries[i].word
		_, descent := bits.Sub64(word, last, 0)
		low, high, last, descents = min(low, word), max(high, word), word, descents+descent
	}
	if descents == 0 {
		return
	}
	width := bits.Len64(high - low)
	top := min(width, bits.Len(uint(n))+2, 2*maxDigit)
	if n < twoDigitRows || top <= maxDigit-2 {
		top = min(top, bits.Len(uint(n))+1, maxDigit)
		s.oneDigit(entries, low, uint(width-top), uint(top))
	} else {
		s.twoDigits(entries, low, uint(width-top), uint(top/2), uint(top-top/2))
	}
	if width > top && !insertion(entries, 4*n) {
		s.mend(entries, low, uint(width-top))
	}
}

// insertion orders few or almost ordered entries, or gives up, with equal ones still in order, after too many moves.
func insertion(entries []entry, moves int) bool {
	if len(entries) == 0 {
		return true
	}
	last := entries[0].word
	for i := 1; i < len(entries); i++ {
		word := entries[i].word
		if word >= last {
			last = word
			continue
		}
		e := entries[i]
		j := i
		for ; j > 0 && entries[j-1].word > word; j-- {
			entries[j] = entries[j-1]
		}
		entries[j] = e
		if moves -= i - j; moves < 0 {
			return false
		}
	}
	return true
}

// mend orders each run of entries that are equal above bit shift.
func (s *rangeSorter) mend(entries []entry, low uint64, shift uint) {
	for from := 0; from < len(entries); {
		digit := (entries[from].word - low) >> shift
		to := from + 1
		for to < len(entries) && (entries[to].word-low)>>shift == digit {
			to++
		}
		if to-from > 1 {
			s.byWord(entries[from:to])
		}
		from = to
	}
}

func (s *rangeSorter) oneDigit(entries []entry, low uint64, shift, width uint) {
	counts := s.low[:1<<width]
	clear(counts)
	mask := uint64(len(counts) - 1)
	for i := range entries {
		counts[(entries[i].word-low)>>shift&mask]++
	}
	starts(counts)
	scratch := s.scratch[:len(entries)]
	for _, e := range entries {
		d := (e.word - low) >> shift & mask
		scratch[counts[d]] = e
		counts[d]++
	}
	copy(entries, scratch)
}

func (s *rangeSorter) twoDigits(entries []entry, low uint64, shift, lowWidth, highWidth uint) {
	lows, highs := s.low[:1<<lowWidth], s.high[:1<<highWidth]
	clear(lows)
	clear(highs)
	lowMask, highMask, highShift := uint64(len(lows)-1), uint64(len(highs)-1), shift+lowWidth
	for i := range entries {
		v := entries[i].word - low
		lows[v>>(shift&63)&lowMask]++
		highs[v>>(highShift&63)&highMask]++
	}
	starts(lows)
	starts(highs)
	scratch := s.scratch[:len(entries)]
	for i := range entries {
		e := entries[i]
		d := (e.word - low) >> (shift & 63) & lowMask
		at := lows[d]
		lows[d] = at + 1
		scratch[at] = e
	}
	for i := range scratch {
		e := scratch[i]
		d := (e.word - low) >> (highShift & 63) & highMask
		at := highs[d]
		highs[d] = at + 1
		entries[at] = e
	}
}

// starts turns counts into where each digit's entries begin.
func starts(counts []uint32) {
	at := uint32(0)
	for i, n := range counts {
		counts[i] = at
		at += n
	}
}
