package events_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/events"
)

func TestSinceReturnsEachEventOnce(t *testing.T) {
	r := events.NewRing(4)
	got, next, lost := r.Since(0)
	require.Empty(t, got)
	require.Zero(t, next)
	require.Zero(t, lost)
	for _, text := range []string{"a", "b", "c"} {
		r.Emit(events.Event{Kind: events.Log, Text: text})
	}
	got, next, lost = r.Since(next)
	require.Len(t, got, 3)
	require.Equal(t, "c", got[2].Text)
	require.False(t, got[0].Time.IsZero())
	require.Zero(t, lost)
	got, next, _ = r.Since(next)
	require.Empty(t, got)
	require.EqualValues(t, 3, next)
}

func TestALateReaderLearnsWhatItMissed(t *testing.T) {
	r := events.NewRing(4)
	for range 10 {
		r.Emit(events.Event{Kind: events.Progress})
	}
	got, next, lost := r.Since(2)
	require.EqualValues(t, 4, lost)
	require.Len(t, got, 4)
	require.EqualValues(t, 6, got[0].Number)
	require.EqualValues(t, 10, next)
	got, _, lost = r.Since(1000)
	require.Empty(t, got)
	require.Zero(t, lost)
}

func TestWritersAndReadersAtOnce(t *testing.T) {
	r := events.NewRing(64)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 1000 {
				r.Emit(events.Event{Kind: events.Log})
			}
		})
	}
	var cursor, seen uint64
	for seen < 4000 {
		got, next, lost := r.Since(cursor)
		for i, e := range got {
			require.Equal(t, next-uint64(len(got)-i), e.Number)
		}
		seen += uint64(len(got)) + lost
		cursor = next
	}
	writers.Wait()
	require.EqualValues(t, 4000, seen)
}
