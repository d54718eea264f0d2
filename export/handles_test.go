package main

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func TestHandlesAreNeverReusedForAnother(t *testing.T) {
	var table handleTable
	first := table.add("first")
	object, err := table.remove(first)
	require.NoError(t, err)
	require.Equal(t, "first", object)

	second := table.add("second")
	require.Equal(t, uint32(first), uint32(second), "the slot is reused")
	require.NotEqual(t, first, second)
	for _, stale := range []handle{first, 0, 1 << 40, ^handle(0), second + 1<<32, second + 1} {
		_, err := lookup[string](&table, stale, nil)
		require.Equal(t, status.Closed, status.CodeOf(err), "%#x", uint64(stale))
		_, err = table.remove(stale)
		require.Equal(t, status.Closed, status.CodeOf(err), "%#x", uint64(stale))
	}
	found, err := lookup[string](&table, second, nil)
	require.NoError(t, err)
	require.Equal(t, "second", found)
	_, err = lookup[int](&table, second, nil)
	require.Equal(t, status.Invalid, status.CodeOf(err))
	require.Equal(t, 1, table.live())
}

func TestHandlesFromSeveralThreads(t *testing.T) {
	var table handleTable
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				h := table.add(worker*1000 + i)
				used := 0
				_, err := lookup(&table, h, func(object int) { used = object })
				require.NoError(t, err)
				require.Equal(t, worker*1000+i, used)
				_, err = table.remove(h)
				require.NoError(t, err)
			}
		})
	}
	wg.Wait()
	require.Zero(t, table.live())
	require.LessOrEqual(t, len(table.slots), 8)
}

// live returns the number of objects that have a handle.
func (t *handleTable) live() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.slots) - len(t.free)
}
