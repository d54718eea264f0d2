package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/store/redis"
	"github.com/pycylon/pycylon/gocore/comm/store/s3"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/servers"
)

// kinds are the stores, each with a real server that ends with the test.
var kinds = map[string]func(t testing.TB) store.Server{
	"redis": func(t testing.TB) store.Server {
		s, err := redis.New(servers.Redis(t))
		require.NoError(t, err)
		return s
	},
	"s3": func(t testing.TB) store.Server {
		url, _ := servers.S3(t)
		s, err := s3.New(url)
		require.NoError(t, err)
		return s
	},
	"custom": func(t testing.TB) store.Server { return served(t) },
}

// each runs a test with every kind.
func each(t *testing.T, test func(t *testing.T, s store.Server)) {
	for name, start := range kinds {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

func newEpoch(t testing.TB) (epoch wire.Epoch) {
	_, err := rand.Read(epoch[:])
	require.NoError(t, err)
	return epoch
}

// offices opens every rank's office of a new opening; they are closed with the test.
func offices(t testing.TB, s store.Server, n int) []*store.Office {
	t.Helper()
	epoch := newEpoch(t)
	all := make([]*store.Office, n)
	for rank := range all {
		o, err := store.Open(context.Background(), s, epoch, rank, n)
		require.NoError(t, err)
		all[rank] = o
	}
	t.Cleanup(func() {
		for _, o := range all {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			require.NoError(t, o.Close(ctx))
		}
	})
	return all
}

func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, s store.Server) {
		channeltest.Run(t, func(t testing.TB, n int, limit time.Duration) channeltest.World {
			all := offices(t, s, n)
			return channeltest.Over(t, n, limit, func(a, b int) (net.Conn, net.Conn) { return all[a].Conn(b), all[b].Conn(a) })
		})
	})
}

// What is left on a server when all is over: nothing, whether both ends have said all or close in the middle, at once or
// one after the other, or never began.
func TestNothingIsLeft(t *testing.T) {
	closeOffice := func(o *store.Office) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return o.Close(ctx)
	}
	say := func(t *testing.T, c *store.Conn) {
		_, err := c.Write([]byte("last words"))
		require.NoError(t, err)
	}
	for name, end := range map[string]func(t *testing.T, a, b *store.Conn){
		"in order": func(t *testing.T, a, b *store.Conn) {
			for _, c := range []*store.Conn{a, b} {
				say(t, c)
				require.NoError(t, c.CloseWrite())
			}
			for _, c := range []*store.Conn{a, b} {
				got, err := io.ReadAll(c)
				require.NoError(t, err)
				require.Equal(t, "last words", string(got))
			}
		},
		"in the middle": func(t *testing.T, a, b *store.Conn) {
			say(t, a)
			_, err := io.ReadFull(b, make([]byte, 4))
			require.NoError(t, err)
		},
		"one closes": func(t *testing.T, a, b *store.Conn) {
			say(t, b)
			require.NoError(t, a.Close())
			_, err := io.ReadAll(b)
			require.ErrorIs(t, err, syscall.ECONNRESET)
		},
		"unused": func(*testing.T, *store.Conn, *store.Conn) {},
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, together %v", name, together), func(t *testing.T) {
				url, folder := servers.S3(t)
				s, err := s3.New(url)
				require.NoError(t, err)
				epoch := newEpoch(t)
				one, err := store.Open(context.Background(), s, epoch, 0, 2)
				require.NoError(t, err)
				two, err := store.Open(context.Background(), s, epoch, 1, 2)
				require.NoError(t, err)
				end(t, one.Conn(1), two.Conn(0))
				g := task.NewGroup(context.Background())
				g.Go(func(context.Context) error { return closeOffice(one) })
				if !together {
					require.NoError(t, g.Wait())
				}
				require.NoError(t, closeOffice(two))
				require.NoError(t, g.Wait())
				requireNone(t, folder, "")
			})
		}
	}
}

// Over TLS, with the authority that the system is told to trust.
func TestRedisTLS(t *testing.T) {
	url, authority := servers.RedisTLS(t)
	if file := os.Getenv("SSL_CERT_FILE"); file != authority { // Go reads the variable once: in a process of its own
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.Command(self, "-test.run=^TestRedisOverTLSChild$", "-test.v")
		cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+authority, tlsURL+"="+url)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "PASS: TestRedisOverTLSChild")
	}
	s, err := redis.New(url)
	require.NoError(t, err)
	_, err = store.Open(context.Background(), s, newEpoch(t), 0, 2)
	require.ErrorContains(t, err, "certificate", "an unknown authority is refused")
}

// tlsURL is the variable that makes a test the child of TestRedisTLS.
const tlsURL = "PYCYLON_TEST_REDIS_TLS"

func TestRedisOverTLSChild(t *testing.T) {
	url := os.Getenv(tlsURL)
	if url == "" {
		return
	}
	s, err := redis.New(url)
	require.NoError(t, err)
	a, b := stream(t, s)
	_, err = a.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = io.ReadFull(b, make([]byte, 5))
	require.NoError(t, err)
}

func TestNamesAreChecked(t *testing.T) {
	for _, url := range []string{"redis://", "http://host", "redis://:secret@", "::secret"} {
		_, err := redis.New(url)
		require.ErrorContains(t, err, "redis://:password@host:6379/0")
		require.NotContains(t, err.Error(), "secret")
	}
	for _, url := range []string{"s3://", "http://bucket", "s3://key:secret@bucket/x", "s3://bucket/x?colour=red"} {
		_, err := s3.New(url)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

// A server that dies ends the connections, and says which.
func TestServerDies(t *testing.T) {
	url := servers.Redis(t)
	s, err := redis.New(url)
	require.NoError(t, err)
	epoch := newEpoch(t)
	o, err := store.Open(context.Background(), s, epoch, 0, 2)
	require.NoError(t, err)
	c, err := redigo.DialURL(url)
	require.NoError(t, err)
	_, _ = c.Do("SHUTDOWN", "NOSAVE") // it doesn't answer
	_, err = o.Conn(1).Read(make([]byte, 1))
	require.ErrorContains(t, err, "the Redis server at 127.0.0.1")
	_, err = o.Conn(1).Write([]byte("x"))
	require.ErrorContains(t, err, "the Redis server at 127.0.0.1")
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	require.Error(t, o.Close(ctx))
}

// requireNone wants no object in the folder of an S3 server whose name begins with prefix.
func requireNone(t *testing.T, folder, prefix string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the server removes empty folders when it has answered
			return nil
		}
		require.False(t, err == nil && entry.Type().IsRegular() && !strings.Contains(path, ".sgwtmp") && strings.HasPrefix(entry.Name(), prefix), path)
		return err
	}))
}
