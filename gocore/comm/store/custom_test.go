package store_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/store/custom"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// sockets returns a pair of connected ones: a descriptor, and the other end.
func sockets(t testing.TB) (int, net.Conn) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	file := os.NewFile(uintptr(pair[1]), "")
	conn, err := net.FileConn(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return pair[0], conn
}

// served is a store of a user's: a map, which is served until the test ends as the Python package does it.
func served(t testing.TB) *custom.Server {
	kept := map[string][]byte{}
	var mu sync.Mutex
	g := task.NewGroup(context.Background())
	descriptors := make([]int, 4)
	for i := range descriptors {
		var conn net.Conn
		descriptors[i], conn = sockets(t)
		g.Go(func(context.Context) error {
			defer func() { _ = conn.Close() }()
			for {
				head := make([]byte, 9)
				if _, err := io.ReadFull(conn, head); err != nil {
					return nil
				}
				key := make([]byte, binary.LittleEndian.Uint32(head[1:]))
				object := make([]byte, binary.LittleEndian.Uint32(head[5:]))
				if _, err := io.ReadFull(conn, key); err != nil {
					return nil
				}
				if _, err := io.ReadFull(conn, object); err != nil {
					return nil
				}
				mu.Lock()
				letter, answer := byte('f'), []byte(nil)
				switch head[0] {
				case 'p':
					kept[string(key)] = object
				case 'g':
					if found, ok := kept[string(key)]; ok {
						answer = found
					} else {
						letter = 'a'
					}
				case 'd':
					delete(kept, string(key))
				case 'l':
					var keys []string
					for k := range kept {
						if strings.HasPrefix(k, string(key)) {
							keys = append(keys, k)
						}
					}
					slices.Sort(keys)
					answer = []byte(strings.Join(keys, "\n"))
				}
				mu.Unlock()
				if _, err := conn.Write(append(binary.LittleEndian.AppendUint32([]byte{letter}, uint32(len(answer))), answer...)); err != nil {
					return nil
				}
			}
		})
	}
	s, err := custom.New(descriptors)
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Close()
		require.NoError(t, g.Wait())
	})
	return s
}

// TestCustomServerLies: whatever is answered, it ends as an error, and nobody makes room for what is announced.
func TestCustomServerLies(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":            "",
		"half a head":        "f\x01",
		"less than said":     "f\x09\x00\x00\x00abc",
		"a huge answer":      "f\xff\xff\xff\xff",
		"a huge reason":      "e\xff\xff\xff\x7f",
		"an unknown letter":  "z\x00\x00\x00\x00",
		"keys of somebody's": "f\x05\x00\x00\x00a/1.2",
	} {
		t.Run(name, func(t *testing.T) {
			descriptor, conn := sockets(t)
			s, err := custom.New([]int{descriptor})
			require.NoError(t, err)
			defer s.Close()
			_, err = conn.Write([]byte(answer))
			require.NoError(t, err)
			if len(answer) < 5 || answer[1] == 9 {
				require.NoError(t, conn.(*net.UnixConn).CloseWrite())
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_, err = s.Open(ctx, wire.Epoch{}, 1)
			require.Error(t, err)
			require.NoError(t, ctx.Err())
			require.NoError(t, conn.Close())
		})
	}
	_, err := custom.New([]int{-1})
	require.Equal(t, status.Invalid, status.CodeOf(err))
}

// TestCustomServerHangs: a request that is never answered ends with its context.
func TestCustomServerHangs(t *testing.T) {
	descriptor, conn := sockets(t)
	defer func() { _ = conn.Close() }()
	s, err := custom.New([]int{descriptor})
	require.NoError(t, err)
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = store.Open(ctx, s, wire.Epoch{}, 0, 2)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
