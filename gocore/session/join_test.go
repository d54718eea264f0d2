package session_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/session"
)

// serve runs a rendezvous server until the test ends and returns a token for a world of n ranks.
func serve(t testing.TB, n int) string {
	t.Helper()
	server, err := rendezvous.NewServer(rendezvous.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	g := task.NewGroup(ctx)
	g.Go(server.Serve)
	t.Cleanup(func() {
		cancel()
		_ = g.Wait()
	})
	token, err := server.Token(n, time.Minute)
	require.NoError(t, err)
	return token.Text()
}

// open opens n environments with a token at once and returns them, by position, and their errors.
func open(t testing.TB, n int, config func(i int) session.Config) ([]*session.Env, []error) {
	envs, errs := make([]*session.Env, n), make([]error, n)
	g := task.NewGroup(context.Background())
	for i := range n {
		g.Go(func(ctx context.Context) error {
			envs[i], errs[i] = session.Open(ctx, config(i))
			return nil
		})
	}
	require.NoError(t, g.Wait())
	t.Cleanup(func() {
		closing := task.NewGroup(context.Background())
		for i, env := range envs {
			if errs[i] == nil {
				closing.Go(func(ctx context.Context) error { return env.Close(ctx, nil) })
			}
		}
		require.NoError(t, closing.Wait())
	})
	return envs, errs
}

func TestJoinByToken(t *testing.T) {
	leak.Check(t)
	const ranks = 3
	token := serve(t, ranks)
	envs, errs := open(t, ranks, func(i int) session.Config {
		return session.Config{Token: token, Rank: &i, WorldSize: ranks, ConnectTimeout: 20 * time.Second}
	})
	require.Equal(t, make([]error, ranks), errs)
	rows := make([]int, ranks)
	require.Equal(t, make([]error, ranks), each(envs, func(ctx context.Context, env *session.Env) error {
		arg := tableOf(t, "k int64", []any{env.Rank()}, []any{7})
		defer arg.Release()
		text := `{"nodes":[{"op":"table","table":0,"placement":{"kind":"partitioned"}},{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"k","fn":"count","column":"k"}]}]}`
		_, err := env.Run(ctx, []byte(text), []*table.Table{arg}, "here")
		require.ErrorContains(t, err, `two columns are called`, "names are checked before anything moves")
		result, err := env.Run(ctx, []byte(`{"nodes":[{"op":"table","table":0,"placement":{"kind":"partitioned"}},{"op":"gather","inputs":[0],"root":1}]}`), []*table.Table{arg}, "here")
		if err == nil {
			rows[env.Rank()] = result.Table.Rows
			result.Table.Release()
		}
		return err
	}))
	require.Equal(t, []int{0, 2 * ranks, 0}, rows)
	var d struct {
		Epoch string `json:"epoch"`
		Peers []struct {
			Rank int    `json:"rank"`
			Path string `json:"path"`
		} `json:"peers"`
	}
	require.NoError(t, json.Unmarshal(envs[2].Describe(), &d))
	require.NotEmpty(t, d.Epoch)
	require.Len(t, d.Peers, ranks-1)
	require.Equal(t, "loopback", d.Peers[0].Path)
}

func TestJoinRefuses(t *testing.T) {
	leak.Check(t)
	token := serve(t, 2)
	_, errs := open(t, 1, func(int) session.Config {
		return session.Config{Token: token, WorldSize: 4, ConnectTimeout: 5 * time.Second}
	})
	require.Equal(t, status.Invalid, status.CodeOf(errs[0]), "%v", errs[0])
	_, errs = open(t, 1, func(int) session.Config {
		return session.Config{Token: token, ConnectTimeout: 300 * time.Millisecond}
	})
	require.Equal(t, status.Timeout, status.CodeOf(errs[0]), "a rank that never comes: %v", errs[0])
}
