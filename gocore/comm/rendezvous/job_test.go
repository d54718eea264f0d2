package rendezvous_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

func TestRanksAreGivenOrFirstCome(t *testing.T) {
	leak.Check(t)
	token := issue(t, serve(t, rendezvous.Options{}), 4)
	asked := []int{-1, 0, -1, 2}
	want := []int{1, 0, 3, 2}
	var clients []*rendezvous.Client
	for i, rank := range asked {
		clients = append(clients, register(t, token, rank, time.Minute, byte(i)))
	}
	var epochs []wire.Epoch
	for i, c := range clients {
		o, err := c.Opening(context.Background())
		require.NoError(t, err)
		require.Equal(t, want[i], o.Rank)
		require.Equal(t, byte(i), o.Roster.Entries[o.Rank].Member.Pin[0])
		require.Equal(t, c.LocalAddr(), o.Roster.Entries[o.Rank].Observed)
		require.WithinDuration(t, time.Now(), o.Start, 5*time.Second)
		epochs = append(epochs, o.Epoch)
	}
	for i, c := range clients {
		require.Equal(t, epochs[0], epochs[i])
		require.NoError(t, c.Connected(epochs[i]))
	}
	for i, c := range clients {
		require.NoError(t, c.AwaitGo(context.Background(), epochs[i]))
	}
}

func TestNewestRegistrationOfARankCounts(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 2)
	first := register(t, token, 0, time.Minute, 1)
	second := register(t, token, 0, time.Minute, 2)
	require.Equal(t, status.Stale, refusal(t, first).Code)
	other := register(t, token, 1, time.Minute, 3)
	opening, err := other.Opening(context.Background())
	require.NoError(t, err)
	require.Equal(t, byte(2), opening.Roster.Entries[0].Member.Pin[0])
	roster(t, second)
}

func TestWhoLeavesBeforeTheSealIsForgotten(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	gone := register(t, token, -1, time.Minute, 1)
	gone.Close()
	require.Eventually(t, func() bool { return s.Stats().Workers == 0 }, 5*time.Second, time.Millisecond)
	resigned := raw(t, token) // gives up, and stays
	require.NoError(t, wire.WriteJoin(resigned, wire.TypeRegister, request(t, token, resigned, func(*wire.Register) {})))
	require.NoError(t, wire.WriteJoin(resigned, wire.TypeFail, wire.FailOf(context.Canceled).AppendMarshal(nil)))
	for _, want := range []wire.JoinType{wire.TypeWelcome, wire.TypeFail} {
		kind, _, err := wire.ReadJoin(resigned, wire.MaxControl)
		require.NoError(t, err)
		require.Equal(t, want, kind)
	}
	a, b := register(t, token, -1, time.Minute, 2), register(t, token, -1, time.Minute, 3)
	rank, _ := roster(t, a)
	require.Equal(t, 0, rank)
	rank, _ = roster(t, b)
	require.Equal(t, 1, rank)
}

func TestSealedJobRefusesOthers(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 1)
	c := register(t, token, 0, time.Minute, 1)
	_, epoch := roster(t, c)

	late := dial(t, token)
	_, err := late.Register(context.Background(), 0, time.Minute, member(2))
	require.Equal(t, status.Stale, status.CodeOf(err), "sealed")
	require.NoError(t, c.Connected(epoch))
	require.NoError(t, c.AwaitGo(context.Background(), epoch))
	c.Close()
	require.Eventually(t, func() bool { return s.Stats().Workers == 0 }, 5*time.Second, time.Millisecond)
	late = dial(t, token)
	_, err = late.Register(context.Background(), 0, time.Minute, member(2))
	require.Equal(t, status.Stale, status.CodeOf(err), "formed")
	require.ErrorContains(t, err, "new token")

	next := s.State().Retry(token, time.Minute)
	taker := register(t, next, 0, time.Minute, 3)
	_, second := roster(t, taker)
	require.NotEqual(t, epoch, second)
	late = dial(t, token)
	_, err = late.Register(context.Background(), 0, time.Minute, member(4))
	require.Equal(t, status.Stale, status.CodeOf(err), "an earlier attempt")
}

func TestNewAttemptEndsTheOld(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	old := register(t, token, 0, time.Minute, 1)
	register(t, s.State().Retry(token, time.Minute), 0, time.Minute, 2)
	require.Equal(t, status.Stale, refusal(t, old).Code)
}

func TestAbsentRanksAreNamed(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 5)
	given := register(t, token, 3, time.Minute, 1)
	any := attempt(t, token, -1, 200*time.Millisecond, 2)
	for _, err := range []*status.Error{refusal(t, given), any} {
		require.Equal(t, status.Timeout, err.Code)
		require.ErrorContains(t, err, "absent: rank 1, 2, 4")
	}
	// The job may be tried again with the same token.
	register(t, token, 0, time.Minute, 3)
}

func TestOneAbsentRankIsTheErrorsRank(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 3)
	register(t, token, 0, time.Minute, 1)
	err := attempt(t, token, 2, 100*time.Millisecond, 2)
	require.Equal(t, status.Timeout, err.Code)
	require.Equal(t, 1, err.Rank)
}

func TestRankThatDoesNotConnectIsNamed(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 2)
	a, b := register(t, token, 0, 2*time.Second, 1), register(t, token, 1, time.Minute, 2)
	_, epoch := roster(t, a)
	roster(t, b)
	require.NoError(t, a.Connected(epoch))
	for _, c := range []*rendezvous.Client{a, b} {
		err := c.AwaitGo(context.Background(), epoch)
		require.Equal(t, status.Timeout, status.CodeOf(err))
		require.Equal(t, 1, status.From(err).Rank)
	}
}

func TestFailureOfOneIsAllOnes(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*rendezvous.Client)
		want status.Code
		rank int
	}{
		{"says why", func(c *rendezvous.Client) { c.Fail(status.AtRank(status.Unreachable, 2, "no way to rank 2")) }, status.Unreachable, 2},
		{"leaves", func(c *rendezvous.Client) { c.Close() }, status.PeerLost, 0},
		{"is cancelled", func(c *rendezvous.Client) { c.Fail(context.Canceled) }, status.Remote, 0},
		{"reports another epoch", func(c *rendezvous.Client) { _ = c.Connected(wire.Epoch{}) }, status.PeerLost, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := issue(t, serve(t, rendezvous.Options{}), 3)
			var clients []*rendezvous.Client
			for rank := range 3 {
				clients = append(clients, register(t, token, rank, time.Minute, byte(rank)))
			}
			var epoch wire.Epoch
			for _, client := range clients {
				_, epoch = roster(t, client)
			}
			require.NoError(t, clients[1].Connected(epoch))
			c.end(clients[0])
			for _, client := range clients[1:] {
				err := client.AwaitGo(context.Background(), epoch)
				require.Equal(t, c.want, status.CodeOf(err), "%v", err)
				require.Equal(t, c.rank, status.From(err).Rank)
			}
		})
	}
}
