package connect_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

func issue(t testing.TB, s *rendezvous.Server, size int) trust.Token {
	t.Helper()
	token, err := s.Token(size, time.Minute)
	require.NoError(t, err)
	return token
}

func TestWrongSettings(t *testing.T) {
	leak.Check(t)
	token := issue(t, serve(t), 4)
	rank := func(r int) *int { return &r }
	for name, c := range map[string]struct {
		token trust.Token
		opt   connect.Options
		code  status.Code
		says  string
	}{
		"no token":         {trust.Token{}, connect.Options{}, status.Unauthenticated, "PYCYLON_TOKEN"},
		"world size":       {token, connect.Options{WorldSize: 3}, status.Invalid, "token is for 4 ranks"},
		"rank too large":   {token, connect.Options{Rank: rank(4)}, status.Invalid, "ranks are 0 to 3"},
		"rank too small":   {token, connect.Options{Rank: rank(-1)}, status.Invalid, "ranks are 0 to 3"},
		"unknown path":     {token, connect.Options{Paths: []string{"bus"}}, status.Invalid, "loopback, private"},
		"a rank is absent": {token, connect.Options{Rank: rank(1), Timeout: 1500 * time.Millisecond}, status.Timeout, "absent: rank 0, 2, 3"},
	} {
		_, err := connect.Join(context.Background(), c.token, c.opt)
		require.Equal(t, c.code, status.CodeOf(err), name)
		require.ErrorContains(t, err, c.says, name)
	}
}

func TestServerIsNotThere(t *testing.T) {
	leak.Check(t)
	s, err := rendezvous.NewServer(rendezvous.Options{})
	require.NoError(t, err)
	token := issue(t, s, 2)
	require.NoError(t, s.Close())
	_, err = connect.Join(context.Background(), token, connect.Options{})
	require.Equal(t, status.Unreachable, status.CodeOf(err))
	require.ErrorContains(t, err, s.Addr())
	require.ErrorContains(t, err, "python -m pycylon rendezvous")
}

func TestCancelled(t *testing.T) {
	leak.Check(t)
	token := issue(t, serve(t), 2)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := connect.Join(ctx, token, connect.Options{Trace: func(e connect.Event) {
		if e.What == "registered" {
			cancel()
		}
	}})
	require.Equal(t, status.Cancelled, status.CodeOf(err))
}

func TestDeadlineOfTheContext(t *testing.T) {
	token := issue(t, serve(t), 2)
	ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer cancel()
	_, err := connect.Join(ctx, token, connect.Options{})
	require.Equal(t, status.Timeout, status.CodeOf(err))
	require.ErrorContains(t, err, "absent: rank 1")
}

func TestOneRankWithoutAPathFailsAll(t *testing.T) {
	leak.Check(t)
	token := issue(t, serve(t), 4)
	began := time.Now()
	_, errs := joinAll(token, func(i int) connect.Options {
		opt := connect.Options{Rank: &i, Timeout: 4 * time.Second}
		if i == 3 {
			opt.Paths = []string{"punched"} // there is no punching between workers of one machine
		}
		return opt
	})
	require.Less(t, time.Since(began), 30*time.Second)
	for _, err := range errs {
		require.Equal(t, status.Unreachable, status.CodeOf(err))
		require.ErrorContains(t, err, "could not connect")
	}
}

func TestRankThatDiesWhileConnectingFailsAll(t *testing.T) {
	leak.Check(t)
	token := issue(t, serve(t), 3)
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	errs := make([]error, 3)
	g := task.NewGroup(context.Background())
	for rank := range errs {
		g.Go(func(context.Context) error {
			opt := connect.Options{Rank: &rank, Timeout: 20 * time.Second}
			if rank == 2 {
				opt.Trace = func(e connect.Event) {
					if e.What == "roster" {
						kill()
					}
				}
				_, errs[rank] = connect.Join(ctx, token, opt)
				return nil
			}
			_, errs[rank] = connect.Join(context.Background(), token, opt)
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, status.Cancelled, status.CodeOf(errs[2]))
	for _, err := range errs[:2] {
		require.Contains(t, []status.Code{status.Remote, status.PeerLost}, status.CodeOf(err), "%v", err)
		require.Equal(t, 2, status.From(err).Rank)
	}
}

func TestTokenServesOneRun(t *testing.T) {
	token := issue(t, serve(t), 2)
	members, errs := joinAll(token, func(int) connect.Options { return connect.Options{} })
	for i, m := range members {
		require.NoError(t, errs[i])
		defer m.Close()
	}
	_, err := connect.Join(context.Background(), token, connect.Options{})
	require.Equal(t, status.Stale, status.CodeOf(err))
}

func TestServerIsNotNeededAfterGo(t *testing.T) {
	s, err := rendezvous.NewServer(rendezvous.Options{})
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	g.Go(s.Serve)
	token := issue(t, s, 2)
	members, errs := joinAll(token, func(i int) connect.Options { return connect.Options{Rank: &i} })
	require.NoError(t, s.Close())
	require.NoError(t, g.Wait())
	for i, m := range members {
		require.NoError(t, errs[i])
		defer m.Close()
	}
	_, err = members[0].Links[1].Conn.Write([]byte("still here"))
	require.NoError(t, err)
	got := make([]byte, 10)
	_, err = io.ReadFull(members[1].Links[0].Conn, got)
	require.NoError(t, err)
	require.Equal(t, "still here", string(got))
}

func TestOneSocketPerPair(t *testing.T) {
	sockets := func() (n int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil && os.Getenv("PYCYLON_TEST_ALL") != "1" {
			t.Skip("this system doesn't list descriptors")
		}
		require.NoError(t, err)
		for _, e := range entries {
			if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.HasPrefix(to, "socket:") {
				n++
			}
		}
		return n
	}
	const size = 6
	s := serve(t)
	before := sockets()
	members, errs := joinAll(issue(t, s, size), func(i int) connect.Options { return connect.Options{} })
	for i, m := range members {
		require.NoError(t, errs[i])
		defer m.Close()
	}
	want := before + size*(size-1)
	require.Eventually(t, func() bool { return sockets() <= want }, 5*time.Second, time.Millisecond, "%d sockets before, %d now", before, sockets())
	require.Equal(t, want, sockets())
}

func TestManyRanks(t *testing.T) {
	leak.Check(t)
	const size = 16
	members, errs := joinAll(issue(t, serve(t), size), func(i int) connect.Options { return connect.Options{} })
	for i, m := range members {
		require.NoError(t, errs[i])
		m.Close()
		for peer, l := range m.Links {
			require.Equal(t, peer == m.Rank, l.Conn == nil)
		}
	}
	t.Log(fmt.Sprint("opening of 16 ranks in one process: ", members[0].Setup))
}
