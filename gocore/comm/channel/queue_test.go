package channel

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

func numbered(class wire.Class, number uint64, payload int) *Frame {
	h := wire.Header{Class: class, PairSequence: number, Payload: payload, Length: uint64(payload)}
	return NewFrame(&h).Append(make([]byte, payload))
}

func TestFrameSizes(t *testing.T) {
	for _, n := range []int{0, 1, 512 - wire.HeaderSize, 513 - wire.HeaderSize, wire.MaxEager, wire.MaxEager + 1, wire.MaxPayload} {
		f := numbered(wire.ClassPart, 1, n)
		require.Len(t, f.Bytes(), wire.HeaderSize+n)
		h, err := wire.ParseHeader(f.Bytes())
		require.NoError(t, err)
		require.Equal(t, n, h.Payload)
		f.Free()
	}
}

func TestQueueOrder(t *testing.T) {
	q := NewQueue()
	for i := range uint64(3) {
		q.Put(numbered(wire.ClassPart, i, 10))
		q.Put(numbered(wire.ClassOpen, i, 0))
	}
	require.True(t, q.HasControl())
	<-q.Ready()
	var got []Frame
	for f := q.Pop(); f != nil; f = q.Pop() {
		got = append(got, *f)
	}
	require.Len(t, got, 6)
	for i, f := range got {
		h, err := wire.ParseHeader(f.Bytes())
		require.NoError(t, err)
		require.Equal(t, i < 3, f.Class().Control(), "control first")
		require.EqualValues(t, i%3, h.PairSequence)
	}
	require.True(t, q.Empty())
}

// TestQueueBound fills a queue: data waits, control doesn't, and a frame taken or a close lets data go on.
func TestQueueBound(t *testing.T) {
	for _, how := range []string{"pop", "close", "cancel"} {
		t.Run(how, func(t *testing.T) {
			q := NewQueue()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			queued := 0
			for ; queued*wire.MaxFrame < MaxQueued; queued++ {
				require.NoError(t, q.Push(ctx, numbered(wire.ClassPart, 0, wire.MaxPayload)))
			}
			require.NoError(t, q.Push(ctx, numbered(wire.ClassOpen, 0, 0)))
			done := make(chan error, 1)
			g := task.NewGroup(ctx)
			g.Go(func(ctx context.Context) error {
				done <- q.Push(ctx, numbered(wire.ClassPart, 1, 10))
				return nil
			})
			select {
			case <-done:
				t.Fatal("a full queue took more data")
			case <-time.After(20 * time.Millisecond):
			}
			switch how {
			case "pop":
				require.True(t, q.Pop().Class().Control())
				q.Pop().Free()
				require.NoError(t, <-done)
			case "close":
				q.Close(false)
				require.NoError(t, <-done, "a closed queue drops what it is given")
				require.True(t, q.Pop().Class().Control(), "control stays")
				require.Nil(t, q.Pop())
			case "cancel":
				cancel()
				require.ErrorIs(t, <-done, context.Canceled)
			}
			q.Close(true)
			require.NoError(t, g.Wait())
		})
	}
}

// TestQueueOfControl tells when a peer leaves too many control frames unread.
func TestQueueOfControl(t *testing.T) {
	q := NewQueue()
	for range MaxControl {
		require.True(t, q.Put(Control(wire.ClassCredit)))
	}
	require.False(t, q.Put(Control(wire.ClassCredit)))
	q.Pop().Free()
	q.Pop().Free()
	require.True(t, q.Put(Control(wire.ClassCredit)))
	q.Close(true)
}

// TestQueueLay lays frames that leave with the next one, or when somebody is told of them.
func TestQueueLay(t *testing.T) {
	q := NewQueue()
	ready := func() bool {
		select {
		case <-q.Ready():
			return true
		default:
			return false
		}
	}
	q.Wake()
	require.False(t, ready(), "there is none")
	q.Lay(numbered(wire.ClassOpen, 1, 0))
	require.False(t, ready())
	require.False(t, q.HasData())
	require.False(t, q.Empty())
	q.Wake()
	require.True(t, ready())
	q.Put(numbered(wire.ClassPart, 2, 10))
	require.True(t, ready())
	require.True(t, q.HasData())
	require.True(t, q.Pop().Class().Control(), "what was laid goes first")
	q.Pop().Free()
	q.Close(true)
	q.Lay(numbered(wire.ClassOpen, 3, 0))
	require.True(t, q.Empty(), "a closed queue takes nothing")
}
