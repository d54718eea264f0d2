package compute

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// MatchesText tells which strings have a match of p.
func MatchesText(scope *memory.Scope, a *column.Column, p *Pattern) (column.Column, error) {
	if p.literal {
		text := p.texts[0]
		return testTexts(scope, a, func(s []byte) bool { return bytes.Contains(s, text) })
	}
	return testTexts(scope, a, p.Matches)
}

// HasAffix tells which strings begin (Left) or end (Right) with a text.
func HasAffix(scope *memory.Scope, a *column.Column, side Side, affix string) (column.Column, error) {
	text := []byte(affix)
	if side == Left && a.Layout == column.Views {
		return hasPrefix(scope, a, text)
	}
	if side == Left {
		dst, err := newResult(scope, arrow.FixedWidthTypes.Boolean, a)
		if err == nil {
			start := head{text: text}
			withOffsets(a, func(o []int32) { matchHeads(dst.Values, o, a.Heaps[0], start) }, func(o []int64) { matchHeads(dst.Values, o, a.Heaps[0], start) })
		}
		return dst, err
	}
	return testTexts(scope, a, func(s []byte) bool { return bytes.HasSuffix(s, text) })
}

// hasPrefix looks at the four bytes that lie in each view first.
func hasPrefix(scope *memory.Scope, a *column.Column, text []byte) (column.Column, error) {
	dst, err := newResult(scope, arrow.FixedWidthTypes.Boolean, a)
	if err != nil {
		return column.Column{}, err
	}
	var wanted, mask [4]byte
	for i := range copy(wanted[:], text) {
		mask[i] = 0xFF
	}
	start, cut := binary.LittleEndian.Uint32(wanted[:]), binary.LittleEndian.Uint32(mask[:])
	for i := 0; i < a.Len; i += 64 {
		size, w := min(64, a.Len-i), uint64(0)
		for j := range a.Views[i : i+size] {
			v := &a.Views[i+j]
			w |= oneBit(binary.LittleEndian.Uint32(v.Prefix[:])&cut == start && int(v.Size) >= len(text)) << j
		}
		if len(text) > len(wanted) {
			for left := w & present(a, i, size); left != 0; left &= left - 1 {
				j := bits.TrailingZeros64(left)
				if !bytes.HasPrefix(a.Views[i+j].Bytes(a.Heaps), text) {
					w &^= 1 << j
				}
			}
		}
		putWord(dst.Values, i, size, w)
	}
	return dst, nil
}

// FindText returns the code point from which on each string has text within bounds, the last such on the Right; -1 where
// it has not.
func FindText(scope *memory.Scope, a *column.Column, text string, side Side, b Bounds) (column.Column, error) {
	find := bytes.Index
	if side == Right {
		find = bytes.LastIndex
	}
	wanted := []byte(text)
	return measureTexts(scope, a, func(s []byte) int {
		if len(wanted) == 0 && b.Start != nil && *b.Start > runes(s) { // there isn't even an empty text
			return -1
		}
		from, to := b.piece(s)
		at := find(s[from:to], wanted)
		if at < 0 {
			return -1
		}
		return runes(s[:from+at])
	})
}

// CountMatches returns how many matches of p, one behind the other, each string has.
func CountMatches(scope *memory.Scope, a *column.Column, p *Pattern) (column.Column, error) {
	if p.literal && len(p.texts[0]) > 0 {
		return measureTexts(scope, a, func(s []byte) int { return bytes.Count(s, p.texts[0]) })
	}
	return measureTexts(scope, a, func(s []byte) int { return len(p.re.FindAllIndex(s, -1)) })
}

// ExtractGroup returns what a group of p's expression matches in each string, its first match; null where there is none.
func ExtractGroup(scope *memory.Scope, a *column.Column, p *Pattern, group int) (column.Column, error) {
	return cutTexts(scope, a, func(s []byte) (int, int) {
		if len(p.need) > 0 && !bytes.Contains(s, p.need) {
			return -1, -1
		}
		at := p.re.FindSubmatchIndex(s)
		if at == nil {
			return -1, -1
		}
		return at[2*group], at[2*group+1]
	})
}

// ReplaceText returns each string with up to limit matches of p replaced; a negative limit is none. If the
// replacement is to be expanded, ${1} or ${name} in it stand for groups.
func ReplaceText(scope *memory.Scope, a *column.Column, p *Pattern, with string, expand bool, limit int) (column.Column, error) {
	template := []byte(with)
	if p.literal && !expand && len(p.texts[0]) > 0 {
		old := p.texts[0]
		return mapTexts(scope, a, func(dst, s []byte) []byte {
			for left := limit; left != 0; left-- {
				at := bytes.Index(s, old)
				if at < 0 {
					break
				}
				dst = append(append(dst, s[:at]...), template...)
				s = s[at+len(old):]
			}
			return append(dst, s...)
		})
	}
	return mapTexts(scope, a, func(dst, s []byte) []byte {
		if len(p.need) > 0 && !bytes.Contains(s, p.need) {
			return append(dst, s...)
		}
		from := 0
		for _, at := range p.re.FindAllSubmatchIndex(s, limit) {
			dst = append(dst, s[from:at[0]]...)
			if expand {
				dst = p.re.Expand(dst, template, s, at)
			} else {
				dst = append(dst, template...)
			}
			from = at[1]
		}
		return append(dst, s[from:]...)
	})
}

// SplitText returns the list of the pieces of each string between separators: of white space if separator is empty. limit
// is the most cuts; a negative one is none. From the Right, cuts are counted from the end.
func SplitText(scope *memory.Scope, a *column.Column, separator string, side Side, limit int) (column.Column, error) {
	dst, err := newResult(scope, arrow.ListOf(a.Type), a)
	if err != nil {
		return column.Column{}, err
	}
	cut := cutter{separator: []byte(separator), side: side, limit: limit}
	total := 0
	setEnd(&dst, -1, 0)
	for i := range dst.Len {
		if !dst.IsNull(i) {
			total += len(cut.pieces(a.Views[i].Bytes(a.Heaps)))
		}
		setEnd(&dst, i, total)
	}
	err = checkElements(&dst, total)
	if err == nil {
		var pieces column.Column
		if pieces, err = New(scope, a.Type, total); err == nil {
			pieces.Heaps = a.Heaps
			pieces.Owners = addHeapOwners(pieces.Owners, a)
			cut.views(&pieces, &dst, a)
			dst.Adopt(pieces)
			return dst, nil
		}
	}
	dst.Release()
	return column.Column{}, err
}

// SplitPart returns one of the pieces that SplitText has, counted from the end if it is negative; null where there is
// none.
func SplitPart(scope *memory.Scope, a *column.Column, separator string, side Side, limit, part int) (column.Column, error) {
	cut := cutter{separator: []byte(separator), side: side, limit: limit}
	return cutTexts(scope, a, func(s []byte) (int, int) {
		pieces := cut.pieces(s)
		i := part
		if i < 0 {
			i += len(pieces)
		}
		if i < 0 || i >= len(pieces) {
			return -1, -1
		}
		return pieces[i].from, pieces[i].to
	})
}
