package compute

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// automaton tells whether strings of ASCII have a match of an expression, at one look per character: the states of the
// expression's program, all at once, are a state of the automaton, which is made whole beforehand. An expression that
// takes too many has none.
//
//	next     of each state, for each byte: the state behind it
//	atEnd    of each state: whether there is a match if the string ends here
//
// What an assertion such as ^ or \b asks of the characters around a place is asked when the next one is known: a state
// holds which kind of character came before.
type automaton struct {
	next  [][256]uint16
	atEnd []bool
}

// The states that decide; others follow.
const (
	matched uint16 = iota
	unmatched
	foreign // a character that isn't ASCII: the expression itself decides
	firstState
)

const (
	// mostStates is how many states an automaton may have: they stay in the L2 cache.
	mostStates = 256
	// mostInstructions is how long a program may be of which one is made: that takes a few milliseconds.
	mostInstructions = 500
)

// newAutomaton returns the automaton of an expression, or nil.
func newAutomaton(tree *syntax.Regexp) *automaton {
	program, err := syntax.Compile(tree)
	if err != nil || len(program.Inst) > mostInstructions {
		return nil
	}
	b := automatonBuilder{program: program, numbers: map[string]uint16{}, seen: make([]int, len(program.Inst)), a: &automaton{}}
	for range firstState {
		b.a.next, b.a.atEnd = append(b.a.next, [256]uint16{}), append(b.a.atEnd, false)
	}
	b.classes()
	b.number(nil, -1)
	for i := firstState; int(i) < len(b.a.next); i++ {
		if len(b.a.next) > mostStates {
			return nil
		}
		b.expand(i)
	}
	b.giveUp()
	return b.a
}

// matches tells whether s has a match, and whether that can be told.
func (a *automaton) matches(s []byte) (is, known bool) {
	state := firstState
	for _, c := range s {
		if state = a.next[state][c]; state < firstState {
			return state == matched, state != foreign
		}
	}
	return a.atEnd[state], true
}

// automatonBuilder makes the states as they are found.
type automatonBuilder struct {
	a       *automaton
	program *syntax.Prog
	class   [utf8.RuneSelf]byte // bytes of one class lead to the same states
	kinds   []rune              // a byte of each class
	states  []automatonState    // from firstState on
	numbers map[string]uint16   // by the state's key
	seen    []int               // of an instruction: the last walk that came by
	walk    int
	ended   bool // the walk came to a match
	now     []uint32
}

// automatonState is what a state stands for: the instructions that wait for a character, and what came before: -1 for
// nothing, or a character of its kind.
type automatonState struct {
	waiting  []uint32
	before   rune
	hopeless bool // no instruction waits for anything, whatever comes, nor will any
}

// classes finds out which bytes no instruction tells apart.
func (b *automatonBuilder) classes() {
	classes := map[string]byte{}
	for c := range rune(utf8.RuneSelf) {
		key := binary.AppendVarint(nil, int64(kindOfRune(c)))
		for i := range b.program.Inst {
			if in := &b.program.Inst[i]; isRune(in) {
				key = append(key, byte(oneBit(in.MatchRune(c))))
			}
		}
		class, ok := classes[string(key)]
		if !ok {
			class = byte(len(b.kinds))
			classes[string(key)] = class
			b.kinds = append(b.kinds, c)
		}
		b.class[c] = class
	}
}

func isRune(in *syntax.Inst) bool {
	return in.Op == syntax.InstRune || in.Op == syntax.InstRune1 || in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL
}

// kindOfRune returns a character that assertions take for the same as c.
func kindOfRune(c rune) rune {
	switch {
	case c == '\n' || c < 0:
		return c
	case syntax.IsWordChar(c):
		return 'a'
	}
	return ' '
}

// number returns the number of a state, which is a new one if it isn't known.
func (b *automatonBuilder) number(waiting []uint32, before rune) uint16 {
	key := binary.AppendVarint(nil, int64(before))
	for _, pc := range waiting {
		key = binary.AppendUvarint(key, uint64(pc))
	}
	n, ok := b.numbers[string(key)]
	if !ok {
		n = uint16(len(b.a.next))
		b.numbers[string(key)] = n
		b.states = append(b.states, automatonState{waiting: waiting, before: before})
		b.a.next, b.a.atEnd = append(b.a.next, [256]uint16{}), append(b.a.atEnd, false)
	}
	return n
}

// expand finds the states behind a state.
func (b *automatonBuilder) expand(number uint16) {
	state := b.states[number-firstState]
	b.follow(state, -1)
	b.a.atEnd[number] = b.ended
	hopeless := !b.ended
	behind := make([]uint16, len(b.kinds))
	for k, c := range b.kinds {
		b.follow(state, c)
		hopeless = hopeless && !b.ended && len(b.now) == 0
		behind[k] = matched
		if b.ended {
			continue
		}
		var waiting []uint32
		for _, pc := range b.now {
			if in := &b.program.Inst[pc]; in.MatchRune(c) {
				waiting = append(waiting, in.Out)
			}
		}
		slices.Sort(waiting)
		waiting = slices.Compact(waiting)
		if b.reaches(waiting, 0); !b.ended { // else there is a match, whatever follows
			behind[k] = b.number(waiting, kindOfRune(c))
		}
	}
	b.states[number-firstState].hopeless = hopeless
	next := &b.a.next[number]
	for c := range next {
		next[c] = foreign
		if c < utf8.RuneSelf {
			next[c] = behind[b.class[c]]
		}
	}
}

// follow walks from a state's instructions, and from the program's start, since a match may begin anywhere, to those that
// read the next character, which is c.
func (b *automatonBuilder) follow(state automatonState, c rune) {
	b.reaches(append([]uint32{uint32(b.program.Start)}, state.waiting...), syntax.EmptyOpContext(state.before, c))
}

// reaches walks from instructions to those that read a character, by way of assertions that are allowed.
func (b *automatonBuilder) reaches(from []uint32, allowed syntax.EmptyOp) {
	b.walk++
	b.now, b.ended = b.now[:0], false
	var visit func(pc uint32)
	visit = func(pc uint32) {
		if b.seen[pc] == b.walk {
			return
		}
		b.seen[pc] = b.walk
		switch in := &b.program.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			visit(in.Out)
			visit(in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			visit(in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^allowed == 0 {
				visit(in.Out)
			}
		case syntax.InstMatch:
			b.ended = true
		case syntax.InstFail:
		default:
			b.now = append(b.now, pc)
		}
	}
	for _, pc := range from {
		visit(pc)
	}
}

// giveUp has what leads to a hopeless state lead to unmatched, so that the rest of a string needn't be looked at.
func (b *automatonBuilder) giveUp() {
	leadsOut := func(s *automatonState, next *[256]uint16) bool {
		return s.hopeless && slices.ContainsFunc(next[:utf8.RuneSelf], func(to uint16) bool { return to < firstState || !b.states[to-firstState].hopeless })
	}
	for changed := true; changed; {
		changed = false
		for i := range b.states {
			if s := &b.states[i]; leadsOut(s, &b.a.next[int(firstState)+i]) {
				s.hopeless, changed = false, true
			}
		}
	}
	for i := range b.states {
		next := &b.a.next[int(firstState)+i]
		for c, to := range next {
			if to >= firstState && b.states[to-firstState].hopeless {
				next[c] = unmatched
			}
		}
	}
}
