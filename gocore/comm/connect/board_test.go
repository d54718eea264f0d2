package connect_test

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/costmodel"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/store/redis"
	"github.com/pycylon/pycylon/gocore/comm/store/s3"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/servers"
)

// slow is a model by which a store is worth it for anything that doesn't travel with its size.
const slow = `{"channels": {"loopback": {"bandwidth": 1000}, "redis": {"bandwidth": 1e9}, "s3": {"bandwidth": 1e9}}}`

// TestBcastThroughStore broadcasts long data from every rank over a real server, sealed, and finds nothing left there.
func TestBcastThroughStore(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) store.Server{
		"redis": func(t *testing.T) store.Server {
			s, err := redis.New(servers.Redis(t))
			require.NoError(t, err)
			return s
		},
		"s3": func(t *testing.T) store.Server {
			url, _ := servers.S3(t)
			s, err := s3.New(url)
			require.NoError(t, err)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			leak.Check(t)
			members := joinThrough(t, "loopback", connect.Options{Stores: []store.Server{server}})
			model, err := costmodel.Parse([]byte(slow))
			require.NoError(t, err)
			g := task.NewGroup(context.Background())
			for _, m := range members {
				g.Go(func(ctx context.Context) error { return broadcast(ctx, m, model) })
			}
			require.NoError(t, g.Wait())
			closeAll(members)
		})
	}
}

func broadcast(ctx context.Context, m *connect.Membership, model *costmodel.Model) error {
	ch, err := tcp.New(m.Rank, m.Conns(), tcp.Options{Limit: 10 * time.Second})
	if err != nil {
		return err
	}
	c, err := comm.New(ch, comm.Options{Model: model, Board: m.Board, BoardPath: m.Board.Path(), Paths: []string{"loopback"}})
	if err != nil {
		return err
	}
	e, err := c.Explain("bcast", 1<<20)
	if err != nil {
		return err
	}
	if last := e.Prospects[2]; last.Algorithm != "posted" || !last.Chosen || last.Channel != m.Board.Path() {
		return status.Errorf(status.Internal, "not chosen: %+v", e.Prospects)
	}
	op, err := c.Begin(ctx, comm.Call{Name: "bcast"})
	if err != nil {
		return err
	}
	for root := range m.Size {
		for _, size := range []int{100, 5000, 3 << 20, 20<<20 + 7} {
			data := []byte(strings.Repeat(string(rune('a'+root)), size))
			want := sha256.Sum256(data)
			if m.Rank != root {
				data = nil
			}
			got, err := op.Bcast(ctx, root, data)
			if err != nil {
				return op.End(err)
			}
			if sha256.Sum256(got) != want {
				return op.End(status.Errorf(status.Internal, "%d bytes from rank %d differ", size, root))
			}
		}
	}
	if err := op.End(nil); err != nil {
		return err
	}
	return c.Close(ctx)
}

// A piece that somebody else has written, or moved, is refused.
func TestBoardRefusesStrangers(t *testing.T) {
	url := servers.Redis(t)
	server, err := redis.New(url)
	require.NoError(t, err)
	leak.Check(t)
	members := joinThrough(t, "loopback", connect.Options{Stores: []store.Server{server}})
	ctx := context.Background()
	require.NoError(t, members[0].Board.Put(ctx, "a", []byte("secret")))
	require.NoError(t, members[0].Board.Put(ctx, "b", []byte("public")))
	got := make([]byte, 6)
	require.NoError(t, members[1].Board.Get(ctx, "a", got))
	require.Equal(t, "secret", string(got))

	c, err := redigo.DialURL(url)
	require.NoError(t, err)
	keys, err := redigo.Strings(c.Do("KEYS", "*:all:a-0"))
	require.NoError(t, err)
	require.Len(t, keys, 1)
	sealed, err := redigo.Bytes(c.Do("GET", keys[0]))
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "secret")
	for what, other := range map[string][]byte{"another's piece": sealed, "nothing": {}, "garbage": make([]byte, len(sealed))} {
		_, err = c.Do("SET", strings.Replace(keys[0], ":a-0", ":b-0", 1), other)
		require.NoError(t, err)
		err = members[2].Board.Get(ctx, "b", got)
		require.Equal(t, status.Unauthenticated, status.CodeOf(err), "%s: %v", what, err)
	}
	short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stop()
	require.Error(t, members[2].Board.Get(short, "nobody has this", got))
	require.NoError(t, c.Close())
	closeAll(members)
}
