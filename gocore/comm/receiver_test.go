package comm

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// deaf is a Receiver that takes no notice.
type deaf struct{}

func (deaf) Place(int, *wire.Header) []byte    { return nil }
func (deaf) Deliver(int, *wire.Header, []byte) {}
func (deaf) Left(int, error)                   {}

func frames(n int, h wire.Header) (all []wire.Header) {
	for i := range n {
		h.PairSequence = uint64(i)
		all = append(all, h)
	}
	return all
}

// TestProtocolBroken sends what no correct rank sends: the environment ends with an error that names the rank, before
// any of it takes memory beyond what was granted.
func TestProtocolBroken(t *testing.T) {
	const far = recorded + 1
	short := wire.Header{Class: wire.ClassEager, Sequence: 1, Payload: wire.MaxEager, Length: wire.MaxEager}
	long := wire.Header{Class: wire.ClassRTS, Sequence: 1, Length: 1 << 20}
	part := wire.Header{Class: wire.ClassPart, Sequence: 1, Stream: 1, Payload: 1000, Length: 1 << 20}
	empty := wire.Header{Class: wire.ClassPart, Sequence: 1, Stream: 1}
	granted := wire.EagerCredit / wire.HeaderSize
	for name, c := range map[string]struct {
		fine   []wire.Header // is taken
		broken []wire.Header // is not
	}{
		"short messages beyond the credit": {frames(4, short), frames(5, short)[4:]},
		"announcements beyond the credit":  {frames(granted, long), frames(granted+1, long)[granted:]},
		"parts beyond the credit": {
			[]wire.Header{{Class: wire.ClassPart, Sequence: 1, Stream: 1, Payload: wire.MaxPayload, Length: 1 << 20}},
			[]wire.Header{{Class: wire.ClassPart, Sequence: 1, Stream: 1, Payload: 1000, Offset: wire.MaxPayload, Length: 1 << 20}},
		},
		"empty messages beyond the credit": {frames(granted, empty), frames(1, empty)},
		"a message twice":                  {frames(1, short), frames(1, short)},
		"an announcement twice":            {frames(1, long), frames(1, long)},
		"a short message announced":        {nil, frames(1, wire.Header{Class: wire.ClassRTS, Sequence: 1, Length: 1})},
		"a message that is too long":       {nil, frames(1, wire.Header{Class: wire.ClassRTS, Sequence: 1, Length: 1 << 40})},
		"half a message and an end":        {frames(1, part), frames(1, wire.Header{Class: wire.ClassFin, Sequence: 1, Stream: 1})},
		"a message after the end":          {frames(1, wire.Header{Class: wire.ClassFin, Sequence: 1, Stream: 1}), frames(1, part)},
		"credit for no stream": {
			frames(1, wire.Header{Class: wire.ClassCredit, Sequence: 1, Stream: maxStreams, Credit: 1}),
			frames(1, wire.Header{Class: wire.ClassCredit, Sequence: 1, Stream: maxStreams + 1, Credit: 1}),
		},
		"parts of no stream":       {nil, frames(1, wire.Header{Class: wire.ClassPart, Sequence: 1, Stream: 1 << 30, Payload: 1, Length: 1})},
		"far credit":               {nil, frames(1, wire.Header{Class: wire.ClassCredit, Sequence: far, Stream: 1, Credit: 1})},
		"a far short message":      {nil, frames(1, wire.Header{Class: wire.ClassEager, Sequence: far})},
		"a far announcement":       {nil, frames(1, wire.Header{Class: wire.ClassRTS, Sequence: far, Length: 1 << 20})},
		"a far part":               {nil, frames(1, wire.Header{Class: wire.ClassPart, Sequence: far, Stream: 1, Payload: 1, Length: 1})},
		"a far end":                {nil, frames(1, wire.Header{Class: wire.ClassFin, Sequence: far, Stream: 1})},
		"the failure of far ahead": {nil, frames(1, wire.Header{Class: wire.ClassFail, Sequence: far})},
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			channels := overLocal(t, 2)
			world := openWorld(t, channels[:1], Options{})
			channels[1].Start(deaf{})
			post := func(list []wire.Header) error {
				for _, h := range list {
					channels[1].Post(0, channel.NewFrame(&h).Append(make([]byte, h.Payload)))
				}
				var ended error
				read := func() bool {
					world[0].mu.Lock()
					defer world[0].mu.Unlock()
					ended = world[0].ended
					return ended != nil
				}
				for range 50 {
					if read() {
						break
					}
					time.Sleep(time.Millisecond)
				}
				return ended
			}
			require.NoError(t, post(c.fine))
			err := post(c.broken)
			require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "rank 1 broke the protocol")
			channels[1].Abort()
			closeWorld(t, world)
			require.NoError(t, channels[1].Close(context.Background()))
		})
	}
}

// TestTooFarAhead has a rank begin operations that fail while it waits for another: not without end.
func TestTooFarAhead(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	alone := inOperation("head", 1, func(context.Context, *Operation) error { return nil })
	for i := range 2*recorded - 1 {
		if err := alone(ctx, world[0]); i < recorded-1 {
			require.NoError(t, err)
		} else {
			require.Equal(t, status.Cancelled, status.CodeOf(err), "%v", err)
		}
	}
	err := alone(ctx, world[0])
	require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
	require.Equal(t, 1, status.From(err).Rank)
	for err = nil; status.CodeOf(err) != status.Stale; {
		err = alone(context.Background(), world[1])
	}
	closeWorld(t, world)
}
