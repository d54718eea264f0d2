package compute

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// cutter cuts strings at separators; at runs of white space where there is none, without empty pieces at the ends, as
// Python's str.split does.
type cutter struct {
	separator []byte
	side      Side // Right: the cuts are counted from the end
	limit     int  // of cuts; negative: none
	found     []span
}

// span is bytes [from, to) of a string.
type span struct{ from, to int }

// pieces returns the pieces of s, until the next call.
func (c *cutter) pieces(s []byte) []span {
	c.found = c.found[:0]
	switch {
	case len(c.separator) == 0 && c.side == Right:
		c.words(s, backwards)
		slices.Reverse(c.found)
	case len(c.separator) == 0:
		c.words(s, forwards)
	case c.side == Right:
		to := len(s)
		for cuts := 0; cuts != c.limit; cuts++ {
			at := bytes.LastIndex(s[:to], c.separator)
			if at < 0 {
				break
			}
			c.found = append(c.found, span{at + len(c.separator), to})
			to = at
		}
		c.found = append(c.found, span{0, to})
		slices.Reverse(c.found)
	default:
		from := 0
		for cuts := 0; cuts != c.limit; cuts++ {
			at := bytes.Index(s[from:], c.separator)
			if at < 0 {
				break
			}
			c.found = append(c.found, span{from, from + at})
			from += at + len(c.separator)
		}
		c.found = append(c.found, span{from, len(s)})
	}
	return c.found
}

// reading is a direction in which the code points of a string are looked at.
type reading bool

const (
	forwards  reading = false
	backwards reading = true
)

// next returns the first code point of s[from:to] and what remains.
func (r reading) next(s []byte, left span) (rune, span) {
	if r == backwards {
		char, size := utf8.DecodeLastRune(s[left.from:left.to])
		return char, span{left.from, left.to - size}
	}
	char, size := utf8.DecodeRune(s[left.from:left.to])
	return char, span{left.from + size, left.to}
}

// until returns what is read of left before rest remains.
func (r reading) until(left, rest span) span {
	if r == backwards {
		return span{rest.to, left.to}
	}
	return span{left.from, rest.from}
}

// words finds the runs of s without white space; what is left behind the last cut is one piece, without the white space
// before it.
func (c *cutter) words(s []byte, r reading) {
	left := span{0, len(s)}
	for cuts := 0; ; cuts++ {
		for left.from < left.to {
			char, rest := r.next(s, left)
			if !isSpace(char) {
				break
			}
			left = rest
		}
		if left.from >= left.to {
			return
		}
		word := left
		for left.from < left.to {
			char, rest := r.next(s, left)
			if isSpace(char) {
				break
			}
			left = rest
		}
		if cuts == c.limit {
			c.found = append(c.found, word)
			return
		}
		c.found = append(c.found, r.until(word, left))
	}
}

// views fills the elements of a list column with the pieces of a's strings.
func (c *cutter) views(elements, list, a *column.Column) {
	at := 0
	for i := range list.Len {
		if list.IsNull(i) {
			continue
		}
		v := &a.Views[i]
		for _, piece := range c.pieces(v.Bytes(a.Heaps)) {
			elements.Views[at] = v.Cut(a.Heaps, piece.from, piece.to)
			at++
		}
	}
}
