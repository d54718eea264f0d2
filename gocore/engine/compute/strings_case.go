package compute

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Case is a way to write letters large or small.
type Case uint8

// The cases. Letters change one by one, as Unicode's simple mappings say, but for those of largeForms, which become
// several.
const (
	Lower Case = iota
	Upper
	SwapCase
	Title      // the first letter of each word large, the others small
	Capitalize // the first character large, the others small
)

// largeForms are letters whose large form is several letters.
var largeForms = map[rune]string{'ß': "SS", 'ŉ': "ʼN", 'ǰ': "J̌", 'և': "ԵՒ", 'ﬀ': "FF", 'ﬁ': "FI", 'ﬂ': "FL", 'ﬃ': "FFI",
	'ﬄ': "FFL", 'ﬅ': "ST", 'ﬆ': "ST"}

// titleForms are their forms at the start of a word.
var titleForms = map[rune]string{'ß': "Ss", 'ŉ': "ʼN", 'ǰ': "J̌", 'և': "Եւ", 'ﬀ': "Ff", 'ﬁ': "Fi", 'ﬂ': "Fl", 'ﬃ': "Ffi",
	'ﬄ': "Ffl", 'ﬅ': "St", 'ﬆ': "St"}

// ChangeCase returns each string in another case.
func ChangeCase(scope *memory.Scope, a *column.Column, to Case) (column.Column, error) {
	switch to {
	case Lower:
		return mapTexts(scope, a, func(dst, s []byte) []byte {
			if isASCII(s) {
				return appendFlipped(dst, s, 'A')
			}
			return appendCase(dst, s, to)
		})
	case Upper:
		return mapTexts(scope, a, func(dst, s []byte) []byte {
			if isASCII(s) {
				return appendFlipped(dst, s, 'a')
			}
			return appendCase(dst, s, to)
		})
	}
	return mapTexts(scope, a, func(dst, s []byte) []byte { return appendCase(dst, s, to) })
}

// appendFlipped appends the ASCII string s, with the 26 letters from first on in the other case. Eight bytes at a time:
// adding 128 - first sets the high bit of bytes from first on, adding 127 - last that of bytes behind last; letters are
// those with one of both, and bit 5 is what tells the cases apart.
func appendFlipped(dst, s []byte, first byte) []byte {
	const ones = 0x0101010101010101
	from, behind := ones*uint64(128-first), ones*uint64(127-(first+25))
	at := len(dst)
	dst = append(dst, s...)
	out := dst[at:]
	for ; len(out) >= 8; out = out[8:] {
		w := binary.LittleEndian.Uint64(out)
		letters := ((w + from) ^ (w + behind)) & highBits
		binary.LittleEndian.PutUint64(out, w^letters>>2)
	}
	for i, b := range out {
		if b-first < 26 {
			out[i] = b ^ 0x20
		}
	}
	return dst
}

func appendCase(dst, s []byte, to Case) []byte {
	inWord := false
	for first := true; len(s) > 0; first = false {
		r, size := utf8.DecodeRune(s)
		now := to
		switch {
		case to == Capitalize && first, to == Title && !inWord:
			now = Title
		case to == Capitalize, to == Title:
			now = Lower
		case to == SwapCase && unicode.IsUpper(r):
			now = Lower
		case to == SwapCase:
			now = Upper
		}
		inWord = unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r)
		if r == utf8.RuneError && size == 1 { // not UTF-8: as it is
			dst = append(dst, s[0])
		} else {
			dst = appendRune(dst, r, now)
		}
		s = s[size:]
	}
	return dst
}

func appendRune(dst []byte, r rune, to Case) []byte {
	switch to {
	case Lower:
		return utf8.AppendRune(dst, unicode.ToLower(r))
	case Upper:
		if form, ok := largeForms[r]; ok {
			return append(dst, form...)
		}
		return utf8.AppendRune(dst, unicode.ToUpper(r))
	}
	if form, ok := titleForms[r]; ok {
		return append(dst, form...)
	}
	return utf8.AppendRune(dst, unicode.ToTitle(r))
}

// TextClass is a property that all characters of a string may have.
type TextClass uint8

// The classes, as Python's str.is... tell them. A string without characters has none but ASCII.
const (
	IsAlpha TextClass = iota
	IsDigit
	IsAlnum
	IsSpace
	IsLower // at least one letter, and no large one
	IsUpper
	IsTitle
	IsASCII
)

// IsTextClass tells which strings are of a class.
func IsTextClass(scope *memory.Scope, a *column.Column, class TextClass) (column.Column, error) {
	return testTexts(scope, a, func(s []byte) bool { return class.holds(s) })
}

func (class TextClass) holds(s []byte) bool {
	letters, inWord := false, false
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRune(s[at:])
		at += size
		large, small := unicode.IsUpper(r) || unicode.IsTitle(r), unicode.IsLower(r)
		ok := true
		switch class {
		case IsAlpha:
			ok = unicode.IsLetter(r)
		case IsDigit:
			ok = unicode.IsDigit(r)
		case IsAlnum:
			ok = unicode.IsLetter(r) || unicode.IsNumber(r)
		case IsSpace:
			ok = isSpace(r)
		case IsLower:
			ok = !large
		case IsUpper:
			ok = !small
		case IsTitle:
			ok = !(inWord && large) && !(!inWord && small)
		case IsASCII:
			ok = r < utf8.RuneSelf
		}
		if !ok {
			return false
		}
		inWord = large || small
		letters = letters || inWord
	}
	switch class {
	case IsLower, IsUpper, IsTitle:
		return letters
	case IsASCII:
		return true
	}
	return len(s) > 0
}

// isSpace tells what Python takes for white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1C && r <= 0x1F }
