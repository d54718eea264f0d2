package store_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/store/redis"
	"github.com/pycylon/pycylon/gocore/comm/store/s3"
	"github.com/pycylon/pycylon/gocore/internal/servers"
)

// What a stranger puts into a mailbox is dropped.
func TestStranger(t *testing.T) {
	url := servers.Redis(t)
	s, err := redis.New(url)
	require.NoError(t, err)
	epoch := newEpoch(t)
	one, err := store.Open(context.Background(), s, epoch, 0, 2)
	require.NoError(t, err)
	two, err := store.Open(context.Background(), s, epoch, 1, 2)
	require.NoError(t, err)
	stranger, err := s.Open(context.Background(), epoch, 1)
	require.NoError(t, err)
	for i, object := range [][]byte{nil, []byte("hello"), make([]byte, 24), append([]byte{1, 1, 0, 0, 0, 0, 0, 7}, make([]byte, 100)...),
		append([]byte{1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9, 9}, make([]byte, 100)...), make([]byte, 4<<20)} {
		require.NoError(t, stranger.Put(context.Background(), 0, string(rune('a'+i)), object))
	}
	_, err = two.Conn(0).Write([]byte("honest"))
	require.NoError(t, err)
	got := make([]byte, 6)
	_, err = io.ReadFull(one.Conn(1), got)
	require.NoError(t, err)
	require.Equal(t, "honest", string(got))
	for _, o := range []*store.Office{one, two} {
		require.NoError(t, o.Close(context.Background()))
	}
	require.NoError(t, stranger.Close(context.Background()))
}

// A stranger fills a mailbox: with objects that are longer than any rank's, which are removed unread, and with more of the
// others than are listed at a time. What a rank has put comes through.
func TestStrangerFloods(t *testing.T) {
	url, folder := servers.S3(t)
	s, err := s3.New(url)
	require.NoError(t, err)
	epoch := newEpoch(t)
	stranger, err := s.Open(context.Background(), epoch, 1)
	require.NoError(t, err)
	names := make(chan string, 1100)
	for i := range cap(names) {
		names <- fmt.Sprintf("!%d", i) // before all others
	}
	close(names)
	g := task.NewGroup(context.Background())
	for range 16 {
		g.Go(func(ctx context.Context) error {
			for name := range names {
				if err := stranger.Put(ctx, 0, name, []byte("x")); err != nil {
					return err
				}
			}
			return stranger.Put(ctx, 0, fmt.Sprint("!!", time.Now().UnixNano()), make([]byte, s.Traits().ObjectBytes()+1))
		})
	}
	require.NoError(t, g.Wait())
	one, err := store.Open(context.Background(), s, epoch, 0, 2)
	require.NoError(t, err)
	two, err := store.Open(context.Background(), s, epoch, 1, 2)
	require.NoError(t, err)
	_, err = two.Conn(0).Write([]byte("honest"))
	require.NoError(t, err)
	require.NoError(t, one.Conn(1).SetReadDeadline(time.Now().Add(30*time.Second)))
	got := make([]byte, 6)
	_, err = io.ReadFull(one.Conn(1), got)
	require.NoError(t, err)
	require.Equal(t, "honest", string(got))
	for _, o := range []*store.Office{one, two} {
		require.NoError(t, o.Close(context.Background()))
	}
	require.NoError(t, stranger.Close(context.Background()))
	requireNone(t, folder, "!")
}

// Whoever else writes to the user's store costs the ranks no more than the time to read over what he has put there.
func TestStrangerInCustomStore(t *testing.T) {
	s := served(t)
	epoch := newEpoch(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stranger, err := s.Open(ctx, epoch, 1)
	require.NoError(t, err)
	for i := range 10 { // more than there are sockets
		require.NoError(t, stranger.Put(ctx, 0, fmt.Sprint("!", i), make([]byte, s.Traits().ObjectBytes()+1+i)))
		require.NoError(t, stranger.Post(ctx, fmt.Sprint("name-", i), make([]byte, s.Traits().PieceBytes()+1+i)))
	}
	one, err := store.Open(ctx, s, epoch, 0, 2)
	require.NoError(t, err)
	two, err := store.Open(ctx, s, epoch, 1, 2)
	require.NoError(t, err)
	_, err = two.Conn(0).Write([]byte("honest"))
	require.NoError(t, err)
	got := make([]byte, 6)
	require.NoError(t, one.Conn(1).SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = io.ReadFull(one.Conn(1), got)
	require.NoError(t, err)
	require.Equal(t, "honest", string(got))
	board, err := one.Board([32]byte{}, epoch)
	require.NoError(t, err)
	require.ErrorContains(t, board.Get(ctx, "name", make([]byte, s.Traits().Piece)), "no rank has put there")
	for _, o := range []*store.Office{one, two} {
		require.NoError(t, o.Close(ctx))
	}
	require.NoError(t, stranger.Close(ctx))
}
