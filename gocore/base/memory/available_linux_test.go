package memory

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAvailable(t *testing.T) {
	require.Positive(t, Available())
	require.Less(t, Available(), unknown)
}

func TestWordAfter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meminfo")
	require.Equal(t, unknown, wordAfter(path, "", 1), "no such file")
	require.NoError(t, os.WriteFile(path, []byte("MemFree: 5 kB\nMemAvailable:     7 kB\n"), 0o600))
	require.Equal(t, int64(7<<10), wordAfter(path, "MemAvailable:", 1<<10))
	require.Equal(t, unknown, wordAfter(path, "MemTotal:", 1<<10))
	require.NoError(t, os.WriteFile(path, []byte("max\n"), 0o600))
	require.Equal(t, unknown, wordAfter(path, "", 1), "no limit")
}
