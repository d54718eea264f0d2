package compute

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// expressions are of all that an automaton may be made of; those that it has too many states for are told by slow.
var expressions = []struct {
	text string
	slow bool
}{
	{text: "a|b"}, {text: "ab|bc|b.d"}, {text: "[a-c]b+"}, {text: "^a[bc]*d$"}, {text: `\Aa|b\z`}, {text: "(?m)^b$"}, {text: "(?s)a.b"}, {text: "a.b[^c]"},
	{text: `\bab\b`}, {text: `\Bb|c\b`}, {text: "(?i)aB|c é"}, {text: "[^a]b?$"}, {text: "é+|a{2}"}, {text: "[à-ü]b|[a-b]c"}, {text: "(a|b)(c|d)|^$"}, {text: "a*"}, {text: "^[a-b]?c"},
	{text: `^\s*\w+\s$`}, {text: "(?i)k|[^\\x00-\\x7F]c"}, {text: "[[:alpha:]]{3}|x??y"}, {text: "a(?:b|$)"}, {text: "$a|b|^c"}, {text: `\PLb|c`},
	{text: "[ab].{9}[ab].{2}", slow: true},
}

// TestAutomaton compares automata with the expressions that they are of, on random strings of few characters.
func TestAutomaton(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 7))
	characters := []string{"a", "b", "c", "d", " ", "\n", "B", "k", "é", "K", "\xff", "x", "y", "\x00"}
	for _, e := range expressions {
		p, err := CompilePattern(e.text, Anywhere, false)
		require.NoError(t, err)
		require.Nil(t, p.texts, "%q is no expression", e.text)
		require.Equal(t, e.slow, p.auto == nil, "%q", e.text)
		plain, told := regexp.MustCompile(e.text), 0
		for i := range 20_000 {
			var b strings.Builder
			for range r.IntN(12) {
				b.WriteString(characters[r.IntN(len(characters)-7*(i%2))])
			}
			s := []byte(b.String())
			require.Equal(t, plain.Match(s), p.Matches(s), "%q in %q", e.text, s)
			if p.auto == nil {
				continue
			}
			is, known := p.auto.matches(s)
			if known {
				told++
				require.Equal(t, plain.Match(s), is, "%q in %q", e.text, s)
			}
			if i%2 == 1 {
				require.True(t, known, "%q in %q", e.text, s)
			}
		}
		require.True(t, e.slow || told > 10_000)
	}
}

// An automaton doesn't look at what can't matter any more.
func TestAutomatonGivesUp(t *testing.T) {
	for text, want := range map[string]bool{"^a[bc]": false, "a[bc]": true} {
		p, err := CompilePattern(text, Anywhere, false)
		require.NoError(t, err)
		is, known := p.auto.matches([]byte("xabé"))
		require.True(t, known)
		require.Equal(t, want, is)
		_, known = p.auto.matches([]byte("xé"))
		require.Equal(t, !want, known, "%q", text)
	}
}

func FuzzAutomaton(f *testing.F) {
	for _, e := range expressions {
		f.Add(e.text, "ab\ncé")
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		plain, err := regexp.Compile(text)
		if err != nil || len(text) > 50 {
			return
		}
		p, err := CompilePattern(text, Anywhere, false)
		require.NoError(t, err)
		require.Equal(t, plain.MatchString(s), p.Matches([]byte(s)), "%q in %q", text, s)
	})
}
