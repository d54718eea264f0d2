package store_test

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/store"
)

// stream connects two ranks and returns both ends.
func stream(t *testing.T, s store.Server) (a, b *store.Conn) {
	all := offices(t, s, 2)
	return all[0].Conn(1), all[1].Conn(0)
}

func TestConn(t *testing.T) {
	each(t, func(t *testing.T, s store.Server) {
		t.Run("deadlines", func(t *testing.T) {
			a, _ := stream(t, s)
			require.NoError(t, a.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
			_, err := a.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.NoError(t, a.SetDeadline(time.Now().Add(-time.Second)))
			_, err = a.Write([]byte("x"))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.NoError(t, a.SetDeadline(time.Time{}))
			_, err = a.Write([]byte("x"))
			require.NoError(t, err)
		})
		t.Run("a reader that stands still stops the writer", func(t *testing.T) {
			a, b := stream(t, s)
			most := s.Traits().Object * (s.Traits().Window + 2)
			require.NoError(t, a.SetWriteDeadline(time.Now().Add(2*time.Second)))
			written, err := a.Write(make([]byte, 2*most))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.LessOrEqual(t, written, most)
			require.NoError(t, b.SetReadDeadline(time.Now().Add(10*time.Second)))
			_, err = io.ReadFull(b, make([]byte, written))
			require.NoError(t, err)
		})
		t.Run("the end comes behind the data", func(t *testing.T) {
			a, b := stream(t, s)
			_, err := a.Write([]byte("last words"))
			require.NoError(t, err)
			require.NoError(t, a.CloseWrite())
			_, err = a.Write([]byte("more"))
			require.ErrorIs(t, err, net.ErrClosed)
			require.NoError(t, a.Close())
			got, err := io.ReadAll(b)
			require.NoError(t, err)
			require.Equal(t, "last words", string(got))
		})
		t.Run("a close in the middle is no end", func(t *testing.T) {
			a, b := stream(t, s)
			require.NoError(t, a.Close())
			_, err := b.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNRESET)
			_, err = b.Write([]byte("x"))
			require.ErrorIs(t, err, syscall.EPIPE)
		})
	})
}

// A rank that has nothing more to say still reads all that the other has.
func TestHalfClosed(t *testing.T) {
	each(t, func(t *testing.T, s store.Server) {
		a, b := stream(t, s)
		require.NoError(t, a.CloseWrite())
		_, err := b.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		size := 3 * s.Traits().Window * s.Traits().Object
		g := task.NewGroup(context.Background())
		g.Go(func(context.Context) error {
			if _, err := b.Write(make([]byte, size)); err != nil {
				return err
			}
			return b.CloseWrite()
		})
		require.NoError(t, a.SetReadDeadline(time.Now().Add(10*time.Second)))
		n, err := io.Copy(io.Discard, a)
		require.NoError(t, err)
		require.Equal(t, int64(size), n)
		require.NoError(t, g.Wait())
	})
}
