package local

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

func TestConformance(t *testing.T) {
	channeltest.Run(t, func(_ testing.TB, n int, _ time.Duration) channeltest.World {
		return channeltest.World{Channels: NewWorld(n)}
	})
}

// listener hears the classes of frames, and the end of its peer.
type listener struct{ heard chan wire.Class }

func (listener) Place(int, *wire.Header) []byte            { return nil }
func (l listener) Deliver(_ int, h *wire.Header, _ []byte) { l.heard <- h.Class }
func (l listener) Left(int, error)                         { close(l.heard) }

// TestAbortAtOnce aborts a rank that has only just been started: its last word and its loss are heard.
func TestAbortAtOnce(t *testing.T) {
	for range 100 {
		world := NewWorld(2)
		l := listener{make(chan wire.Class, 1)}
		world[1].Start(l)
		world[0].Start(listener{make(chan wire.Class, 1)})
		world[0].Post(1, channel.Control(wire.ClassAbort))
		world[0].Abort()
		require.Equal(t, wire.ClassAbort, <-l.heard)
		_, more := <-l.heard
		require.False(t, more)
		world[1].Abort()
		require.NoError(t, world[0].Close(t.Context()))
		require.NoError(t, world[1].Close(t.Context()))
	}
}
