package compute

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Anchor is where in a string a Pattern must match.
type Anchor uint8

// The anchors.
const (
	Anywhere Anchor = iota
	AtStart
	Whole
)

// Pattern is a regular expression of Go's regexp package (RE2: no look-around, no back references, time linear in the
// string), or a literal text. What can be told by searching for texts is:
//
//	literal                 one search
//	a.*b.*c, ^a.*b$, ...    one search after the other, from left to right: what LIKE 'a%b%c' says
//	anything else           a search for a text that every match has, then an automaton (strings_automaton.go), or where
//	                        there is none or the string isn't ASCII the expression itself
//
// It is immutable.
type Pattern struct {
	re      *regexp.Regexp
	literal bool     // it is texts[0], wherever that is
	texts   [][]byte // in this order, apart from each other; nil: the expression decides
	start   bool     // the first begins the string
	end     bool     // the last ends it
	line    bool     // what is between texts holds no newline
	need    []byte   // where the expression decides: every match has it
	auto    *automaton
}

// LiteralPattern is the Pattern of a text.
func LiteralPattern(text string, anchor Anchor) *Pattern {
	return &Pattern{re: regexp.MustCompile(regexp.QuoteMeta(text)), texts: [][]byte{[]byte(text)}, literal: anchor == Anywhere,
		start: anchor != Anywhere, end: anchor == Whole}
}

// CompilePattern reads a regular expression.
func CompilePattern(expression string, anchor Anchor, ignoreCase bool) (*Pattern, error) {
	if ignoreCase {
		expression = "(?i)" + expression
	}
	_, err := syntax.Parse(expression, syntax.Perl) // by itself: anchoring mustn't close its brackets
	switch anchor {
	case AtStart:
		expression = `\A(?:` + expression + `)`
	case Whole:
		expression = `\A(?:` + expression + `)\z`
	}
	var re *regexp.Regexp
	if err == nil {
		re, err = regexp.Compile(expression)
	}
	if err != nil {
		reason, _ := strings.CutPrefix(err.Error(), "error parsing regexp: ")
		return nil, status.Errorf(status.Invalid, "the pattern can't be used: %s (patterns are RE2's: no look-around, no back references)", reason)
	}
	p := &Pattern{re: re}
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err == nil {
		tree = tree.Simplify()
		if p.simplify(tree); p.texts == nil {
			p.auto = newAutomaton(tree)
		}
	}
	return p, nil
}

// Groups returns the number of groups in the expression.
func (p *Pattern) Groups() int { return p.re.NumSubexp() }

// IsLiteral tells whether the expression is a text.
func (p *Pattern) IsLiteral() bool { return p.literal }

// IsSlow tells whether the expression itself is matched, character by character.
func (p *Pattern) IsSlow() bool { return p.texts == nil }

// QuotePattern returns the expression that matches a text.
func QuotePattern(text string) string { return regexp.QuoteMeta(text) }

// simplify finds out what of an expression are texts.
func (p *Pattern) simplify(tree *syntax.Regexp) {
	parts := flatten(nil, tree)
	for _, part := range parts {
		if text, ok := literalOf(part); ok && len(text) > len(p.need) {
			p.need = text
		}
	}
	gap := true // a text may be anywhere behind the one before
	var texts [][]byte
	isEnd := false
	for i, part := range parts {
		text, isText := literalOf(part)
		isGap := part.Op == syntax.OpStar && (part.Sub[0].Op == syntax.OpAnyChar || part.Sub[0].Op == syntax.OpAnyCharNotNL)
		switch {
		case isEnd:
			return
		case part.Op == syntax.OpBeginText && i == 0:
			p.start, gap = true, false
		case part.Op == syntax.OpEndText && i == len(parts)-1:
			isEnd = true
		case isGap:
			p.line = p.line || part.Sub[0].Op == syntax.OpAnyCharNotNL
			gap = true
			if len(texts) == 0 && p.start {
				texts = append(texts, nil)
			}
		case isText && gap:
			texts, gap = append(texts, text), false
		case isText && len(texts) == 0:
			texts = append(texts, text)
		default:
			return
		}
	}
	if len(texts) == 0 {
		return
	}
	if isEnd && gap {
		texts = append(texts, nil)
	}
	p.texts, p.end = texts, isEnd
	_, isText := literalOf(parts[0])
	p.literal = isText && len(parts) == 1
}

// flatten appends the parts of a concatenation.
func flatten(parts []*syntax.Regexp, tree *syntax.Regexp) []*syntax.Regexp {
	switch tree.Op {
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			parts = flatten(parts, sub)
		}
		return parts
	case syntax.OpCapture:
		return flatten(parts, tree.Sub[0])
	case syntax.OpEmptyMatch:
		return parts
	}
	return append(parts, tree)
}

// literalOf returns the text that an expression is, where case matters.
func literalOf(tree *syntax.Regexp) ([]byte, bool) {
	if tree.Op != syntax.OpLiteral || tree.Flags&syntax.FoldCase != 0 {
		return nil, false
	}
	return []byte(string(tree.Rune)), true
}

// Matches tells whether s has a match.
func (p *Pattern) Matches(s []byte) bool {
	switch {
	case p.texts == nil:
		if len(p.need) > 0 && !bytes.Contains(s, p.need) {
			return false
		}
		if p.auto != nil {
			if is, known := p.auto.matches(s); known {
				return is
			}
		}
		return p.re.Match(s)
	case p.line && bytes.IndexByte(s, '\n') >= 0:
		return p.re.Match(s)
	}
	texts, last := p.texts, len(p.texts)-1
	if p.start {
		if !bytes.HasPrefix(s, texts[0]) {
			return false
		}
		if last == 0 {
			return !p.end || len(s) == len(texts[0])
		}
		s, texts, last = s[len(texts[0]):], texts[1:], last-1
	}
	if p.end {
		if !bytes.HasSuffix(s, texts[last]) {
			return false
		}
		s, texts = s[:len(s)-len(texts[last])], texts[:last]
	}
	for _, text := range texts {
		at := bytes.Index(s, text)
		if at < 0 {
			return false
		}
		s = s[at+len(text):]
	}
	return true
}
