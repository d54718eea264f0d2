package wire

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func TestOpen(t *testing.T) {
	m := Open{Name: "merge", Site: "a.py:12"}
	b := m.AppendMarshal(nil)
	require.Equal(t, "056d657267650700612e70793a3132", hex.EncodeToString(b))
	got, err := ParseOpen(b)
	require.NoError(t, err)
	require.Equal(t, m, got)
	long := Open{Name: strings.Repeat("n", 1000), Site: strings.Repeat("s", 5000)}
	got, err = ParseOpen(long.AppendMarshal(nil))
	require.NoError(t, err)
	require.Equal(t, Open{Name: long.Name[:maxName], Site: long.Site[:maxSite]}, got)
	for n := range b {
		_, err = ParseOpen(b[:n])
		require.Equal(t, status.Malformed, status.CodeOf(err), "the first %d bytes", n)
	}
	_, err = ParseOpen(append(b, 0))
	require.Equal(t, status.Malformed, status.CodeOf(err))
}

// FuzzParseOpen checks that what parses is written back as it was, and that nothing else breaks the parser.
func FuzzParseOpen(f *testing.F) {
	f.Add(Open{Name: "merge", Site: "a.py:12"}.AppendMarshal(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseOpen(b); err == nil && len(m.Site) <= maxSite {
			require.Equal(t, b, m.AppendMarshal(nil))
		}
	})
}
