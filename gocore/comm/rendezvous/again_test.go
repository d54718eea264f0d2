package rendezvous_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// follow registers a worker that was in the opening of an epoch.
func follow(t *testing.T, token trust.Token, rank int, after wire.Epoch, number byte) (*rendezvous.Client, error) {
	t.Helper()
	c := dial(t, token)
	c.After = after
	_, err := c.Register(context.Background(), rank, time.Minute, member(number))
	return c, err
}

// form has both ranks of a job open it, after an epoch, and returns the epoch of the new opening.
func form(t *testing.T, token trust.Token, after wire.Epoch) (epoch wire.Epoch) {
	t.Helper()
	var clients [2]*rendezvous.Client
	for rank := range clients {
		c, err := follow(t, token, rank, after, byte(rank))
		require.NoError(t, err)
		clients[rank] = c
	}
	for rank, c := range clients {
		var given int
		given, epoch = roster(t, c)
		require.Equal(t, rank, given)
		require.NoError(t, c.Connected(epoch))
	}
	for _, c := range clients {
		require.NoError(t, c.AwaitGo(context.Background(), epoch))
		c.Close()
	}
	return epoch
}

// The ranks of an opening may open the job again, all of them and nobody else, as often as they like.
func TestRanksOpenAgain(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	gone := func() bool { n := s.Stats(); return n.Workers+n.Gathering+n.Sealed == 0 }
	refused := func(after wire.Epoch, says string) {
		t.Helper()
		_, err := follow(t, token, 1, after, 9)
		require.Equal(t, status.Stale, status.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, says)
	}
	first := form(t, token, wire.Epoch{})
	second := form(t, token, first)
	require.NotEqual(t, first, second)
	refused(wire.Epoch{}, "begun already")
	refused(first, "opened the job again without it")
	refused(wire.Epoch{1}, "opened the job again without it")

	// While the ranks gather, too; and a gathering that comes to nothing changes nothing.
	alone, err := follow(t, token, 0, second, 0)
	require.NoError(t, err)
	refused(wire.Epoch{}, "begun already")
	refused(first, "opened the job again without it")
	alone.Fail(status.Errorf(status.Timeout, "no patience"))
	require.Eventually(t, gone, 5*time.Second, time.Millisecond)
	refused(wire.Epoch{}, "begun already")
	refused(first, "opened the job again without it")
	form(t, token, second)
	require.Equal(t, 1, s.Stats().Remembered)

	// A new attempt takes over from all openings of the old one.
	next := s.State().Retry(token, time.Minute)
	form(t, next, wire.Epoch{})
	refused(second, "attempt 1 has begun")
}

// A server that was restarted knows no job: the ranks may open it again all the same, but not together with others.
func TestRanksOpenAgainAtAnotherServer(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 2)
	before := wire.Epoch{7}
	_, err := follow(t, token, 0, before, 1)
	require.NoError(t, err)
	_, err = follow(t, token, 1, wire.Epoch{}, 2)
	require.Equal(t, status.Stale, status.CodeOf(err))
	_, err = follow(t, token, 1, before, 3)
	require.NoError(t, err)
}
