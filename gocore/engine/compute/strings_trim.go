package compute

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Side is one end of a string, or both.
type Side uint8

// The sides.
const (
	Both Side = iota
	Left
	Right
)

// Strip returns each string without the characters of cut at its ends; without white space if cut is nil.
func Strip(scope *memory.Scope, a *column.Column, side Side, cut *string) (column.Column, error) {
	drop := isSpace
	if cut != nil {
		drop = func(r rune) bool { return strings.ContainsRune(*cut, r) }
	}
	return cutTexts(scope, a, func(s []byte) (int, int) {
		from, to := 0, len(s)
		for side != Right && from < to {
			r, size := utf8.DecodeRune(s[from:])
			if !drop(r) {
				break
			}
			from += size
		}
		for side != Left && from < to {
			r, size := utf8.DecodeLastRune(s[from:to])
			if !drop(r) {
				break
			}
			to -= size
		}
		return from, to
	})
}

// RemoveAffix returns each string without a prefix (Left) or suffix (Right), where it has it.
func RemoveAffix(scope *memory.Scope, a *column.Column, side Side, affix string) (column.Column, error) {
	text := []byte(affix)
	return cutTexts(scope, a, func(s []byte) (int, int) {
		switch {
		case side == Left && bytes.HasPrefix(s, text):
			return len(text), len(s)
		case side == Right && bytes.HasSuffix(s, text):
			return 0, len(s) - len(text)
		}
		return 0, len(s)
	})
}

// Pad returns each string with as many fill characters at its sides as it has less than width code points. Of an odd
// number on Both sides, the greater half is where Python's str.center puts it.
func Pad(scope *memory.Scope, a *column.Column, width int, side Side, fill rune) (column.Column, error) {
	return mapTexts(scope, a, func(dst, s []byte) []byte {
		lack := max(width-runes(s), 0)
		left := 0
		switch side {
		case Left:
			left = lack
		case Both:
			left = lack/2 + lack&width&1
		}
		dst = appendRepeated(dst, fill, left)
		return appendRepeated(append(dst, s...), fill, lack-left)
	})
}

func appendRepeated(dst []byte, r rune, n int) []byte {
	for range n {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// ZeroFill returns each string with zeros in front, behind a sign, up to width code points.
func ZeroFill(scope *memory.Scope, a *column.Column, width int) (column.Column, error) {
	return mapTexts(scope, a, func(dst, s []byte) []byte {
		lack := width - runes(s)
		if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
			dst, s = append(dst, s[0]), s[1:]
		}
		return append(appendRepeated(dst, '0', lack), s...)
	})
}

// LargestMade is how many characters Pad, ZeroFill and RepeatText make of one string.
const LargestMade = 16 << 20

// RepeatText returns each string n times, one behind the other.
func RepeatText(scope *memory.Scope, a *column.Column, n int) (column.Column, error) {
	r := newTextReader(a)
	for i := range a.Len {
		if !a.IsNull(i) && n > 0 && len(r.at(i)) > LargestMade/n {
			return column.Column{}, status.Errorf(status.Unsupported, "%d times a string of %s: at most %s are made", n,
				memory.Bytes(len(r.at(i))), memory.Bytes(LargestMade))
		}
	}
	return mapTexts(scope, a, func(dst, s []byte) []byte {
		for range n {
			dst = append(dst, s...)
		}
		return dst
	})
}

// JoinTexts returns the strings of each row's columns, one behind the other with separator between them.
func JoinTexts(scope *memory.Scope, args []*column.Column, separator string) (column.Column, error) {
	strides, readers := make([]int, len(args)), make([]textReader, len(args))
	for i, a := range args {
		strides[i], readers[i] = stride(a), newTextReader(a)
	}
	return writeTexts(scope, args[0].Type, args, func(dst []byte, row int) []byte {
		for i := range readers {
			if i > 0 {
				dst = append(dst, separator...)
			}
			dst = append(dst, readers[i].at(row&strides[i])...)
		}
		return dst
	})
}
