package connect_test

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// serve runs a rendezvous server until the test ends.
func serve(t testing.TB) *rendezvous.Server {
	t.Helper()
	s, err := rendezvous.NewServer(rendezvous.Options{})
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	g.Go(s.Serve)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, g.Wait())
	})
	return s
}

// joinAll joins every rank of the token's world, each with its options, and returns what each got.
func joinAll(token trust.Token, options func(i int) connect.Options) ([]*connect.Membership, []error) {
	members, errs := make([]*connect.Membership, token.WorldSize()), make([]error, token.WorldSize())
	g := task.NewGroup(context.Background())
	for i := range members {
		g.Go(func(ctx context.Context) error {
			members[i], errs[i] = connect.Join(ctx, token, options(i))
			return nil
		})
	}
	_ = g.Wait()
	return members, errs
}

func TestMesh(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 8} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			leak.Check(t)
			token, err := serve(t).Token(size, time.Minute)
			require.NoError(t, err)
			members, errs := joinAll(token, func(i int) connect.Options {
				if i%2 == 0 { // some ranks are given, others come first served
					return connect.Options{Rank: &i}
				}
				return connect.Options{}
			})
			byRank := make([]*connect.Membership, size)
			for i, m := range members {
				require.NoError(t, errs[i])
				defer m.Close()
				require.Equal(t, size, m.Size)
				require.Equal(t, members[0].Epoch, m.Epoch)
				if i%2 == 0 {
					require.Equal(t, i, m.Rank)
				}
				require.Nil(t, byRank[m.Rank])
				byRank[m.Rank] = m
			}
			for a := range size {
				for b := range size {
					if a == b {
						require.Nil(t, byRank[a].Links[b].Conn)
						continue
					}
					require.Equal(t, "loopback", byRank[a].Links[b].Path)
					_, err := fmt.Fprintf(byRank[a].Links[b].Conn, "%d to %d", a, b)
					require.NoError(t, err)
					got := make([]byte, 6)
					_, err = io.ReadFull(byRank[b].Links[a].Conn, got)
					require.NoError(t, err)
					require.Equal(t, fmt.Sprintf("%d to %d", a, b), string(got))
				}
			}
		})
	}
}

func BenchmarkJoin(b *testing.B) {
	for _, size := range []int{2, 4, 16, 64} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := serve(b)
			before := processCPU()
			for b.Loop() {
				token, err := s.Token(size, time.Minute)
				require.NoError(b, err)
				members, errs := joinAll(token, func(i int) connect.Options { return connect.Options{Rank: &i} })
				for i, m := range members {
					require.NoError(b, errs[i])
					m.Close()
				}
			}
			pairs := float64(size * (size - 1) / 2)
			b.ReportMetric((processCPU()-before).Seconds()*1e3/float64(b.N)/pairs, "cpu-ms/pair")
		})
	}
}

// processCPU returns the CPU time that this process has used.
func processCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for another argument only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
