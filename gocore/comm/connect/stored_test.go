package connect_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/store/redis"
	"github.com/pycylon/pycylon/gocore/comm/store/s3"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/servers"
)

// joinThrough joins three ranks that may use these paths and stores only, and requires the path of all pairs.
func joinThrough(t *testing.T, path string, opt connect.Options) []*connect.Membership {
	t.Helper()
	token, err := serve(t).Token(3, time.Minute)
	require.NoError(t, err)
	members, errs := joinAll(token, func(i int) connect.Options {
		o := opt
		o.Rank, o.Timeout = &i, 30*time.Second
		return o
	})
	for rank, err := range errs {
		require.NoError(t, err)
		for peer, l := range members[rank].Links {
			if peer != rank {
				require.Equal(t, path, l.Path)
			}
		}
	}
	return members
}

// talk sends a megabyte along every connection, both ways.
func talk(t *testing.T, members []*connect.Membership) {
	t.Helper()
	const size = 1 << 20
	g := task.NewGroup(context.Background())
	for rank, m := range members {
		for peer, l := range m.Links {
			if peer == rank {
				continue
			}
			g.Go(func(context.Context) error {
				_, err := l.Conn.Write(make([]byte, size))
				return err
			})
			g.Go(func(context.Context) error {
				_, err := io.ReadFull(l.Conn, make([]byte, size))
				return err
			})
		}
	}
	require.NoError(t, g.Wait())
}

// closeAll closes all connections as a channel does: each side ends its writing, and reads to the other's end.
func closeAll(members []*connect.Membership) {
	g := task.NewGroup(context.Background())
	for _, m := range members {
		g.Go(func(context.Context) error {
			for _, conn := range m.Conns() {
				if conn != nil {
					_ = tcp.Raw(conn).(interface{ CloseWrite() error }).CloseWrite()
				}
			}
			for _, conn := range m.Conns() {
				if conn != nil {
					_, _ = io.Copy(io.Discard, tcp.Raw(conn))
				}
			}
			m.Close()
			m.Close() // a second time does nothing
			return nil
		})
	}
	_ = g.Wait()
}

// A pair without another path goes through the store, which then holds nothing any more.
func TestRedisPath(t *testing.T) {
	url := servers.Redis(t)
	server, err := redis.New(url)
	require.NoError(t, err)
	for name, paths := range map[string][]string{"alone": {"redis"}, "behind paths that fail": {"punched", "redis"}} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			members := joinThrough(t, "redis", connect.Options{Paths: paths, Stores: []store.Server{server}})
			talk(t, members)
			closeAll(members)
			c, err := redigo.DialURL(url)
			require.NoError(t, err)
			keys, err := redigo.Strings(c.Do("KEYS", "*"))
			require.NoError(t, err)
			require.Empty(t, keys)
			require.NoError(t, c.Close())
		})
	}
}

func TestS3Path(t *testing.T) {
	url, folder := servers.S3(t)
	server, err := s3.New(url)
	require.NoError(t, err)
	// What a crash has left, what others use, and what is none of ours.
	opening := strings.Repeat("0f", len(wire.Epoch{}))
	old, posted := filepath.Join(folder, "jobs", opening, "0", "1-0"), filepath.Join(folder, "jobs", opening, "all", "bcast-0")
	fresh := filepath.Join(folder, "jobs", opening, "1", "0-0")
	others := []string{filepath.Join(folder, "other"), filepath.Join(folder, "jobs", "year=2026", "0", "part-0"), filepath.Join(folder, "jobs", "readme")}
	for _, path := range append([]string{old, posted, fresh}, others...) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	}
	long := time.Now().Add(-2 * store.Expiry)
	for _, path := range append([]string{old, posted}, others...) {
		require.NoError(t, os.Chtimes(path, long, long))
	}
	t.Run("", func(t *testing.T) {
		leak.Check(t)
		members := joinThrough(t, "s3", connect.Options{Paths: []string{"s3"}, Stores: []store.Server{server}})
		talk(t, members)
		closeAll(members)
	})
	require.NoFileExists(t, old)
	require.FileExists(t, fresh)
	require.NoError(t, os.Remove(fresh))
	require.NoFileExists(t, posted)
	for _, path := range others {
		require.FileExists(t, path)
	}
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "jobs", "year=2026")))
	left, err := filepath.Glob(filepath.Join(folder, "jobs", "*", "*", "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// A better path is taken, and the store not even opened.
func TestStoreComesLast(t *testing.T) {
	leak.Check(t)
	server, err := redis.New("redis://127.0.0.1:1/0") // nobody listens there
	require.NoError(t, err)
	closeAll(joinThrough(t, "loopback", connect.Options{Stores: []store.Server{server}}))
}

// A server that doesn't let this rank in is named, and its password is not.
func TestStoreRefuses(t *testing.T) {
	leak.Check(t)
	server, err := redis.New("redis://:a-secret@127.0.0.1:1/0")
	require.NoError(t, err)
	token, err := serve(t).Token(2, time.Minute)
	require.NoError(t, err)
	_, errs := joinAll(token, func(i int) connect.Options {
		return connect.Options{Rank: &i, Timeout: 2 * time.Second, Paths: []string{"redis"}, Stores: []store.Server{server}}
	})
	for _, err := range errs {
		require.Equal(t, status.Unreachable, status.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "127.0.0.1:1")
		require.NotContains(t, err.Error(), "a-secret")
	}
}
