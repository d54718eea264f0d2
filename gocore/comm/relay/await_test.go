package relay

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// TestPeerComesAsPatienceEnds has the end of a guest's patience and its peer at once: the pair goes on, and nothing is
// written into it.
func TestPeerComesAsPatienceEnds(t *testing.T) {
	at := side{job: [32]byte{2}, epoch: wire.Epoch{1}, rank: 0, peer: 1}
	for range 50 { // a choice between the two is random
		r := New(nil, Options{})
		g, _, err := r.enter(nil, at, time.Time{})
		require.NoError(t, err)
		_, peer, err := r.enter(nil, at.other(), time.Time{})
		require.NoError(t, err)
		require.Same(t, g, peer)
		close(g.copied)
		require.NoError(t, r.await(context.Background(), g, at, 0))
		r.parted(at.job)
		r.leave(g, at)
		require.Empty(t, r.jobs)
	}
}

// TestPatienceEnds forgets a guest for whom nobody comes: its peer, coming later, waits itself.
func TestPatienceEnds(t *testing.T) {
	at := side{job: [32]byte{2}, epoch: wire.Epoch{1}, rank: 0, peer: 1}
	r := New(nil, Options{})
	g, _, err := r.enter(nil, at, time.Time{})
	require.NoError(t, err)
	require.Equal(t, status.Unreachable, status.CodeOf(r.await(context.Background(), g, at, time.Millisecond)))
	own, peer, err := r.enter(nil, at.other(), time.Time{})
	require.NoError(t, err)
	require.Nil(t, peer)
	r.leave(g, at)
	r.leave(own, at.other())
	require.Empty(t, r.jobs)
}
