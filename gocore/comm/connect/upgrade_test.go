package connect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/natlab"
)

// Ranks look for a better path after so long, again after twice that, and so on.
const upgradeAfter = 2 * time.Second

// moving is what a rank prints whose link may move.
type moving struct {
	Before, After string  // paths
	Took          float64 // s, from the opening to the move
	Got, Sent     uint64  // numbered frames
	Disorder      bool
	Lost          string
	mu            sync.Mutex
	last          chan struct{} // closed when the other's last frame is here
}

// lastStream is that of the frame after which a rank sends nothing more.
const lastStream = 2

// Place implements channel.Receiver.
func (m *moving) Place(_ int, h *wire.Header) []byte { return make([]byte, h.Payload) }

// Deliver implements channel.Receiver.
func (m *moving) Deliver(_ int, h *wire.Header, _ []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Disorder = m.Disorder || h.PairSequence != m.Got
	m.Got++
	if h.Stream == lastStream {
		close(m.last)
	}
}

// Left implements channel.Receiver.
func (m *moving) Left(_ int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.Lost = err.Error()
	}
}

// runUpgrade sends frames without end, until its link has moved and for a second after, or for 20 s.
func runUpgrade(rank int) error {
	token, err := trust.ParseToken(os.Getenv(tokenVariable))
	if err != nil {
		return err
	}
	m, err := connect.Join(context.Background(), token, connect.Options{Rank: &rank, Timeout: 20 * time.Second, UpgradeAfter: upgradeAfter,
		Paths: []string{"loopback", "private", "public", "punched", "relay"}})
	if err != nil {
		return err
	}
	defer m.Close()
	ch, err := tcp.New(rank, m.Conns(), tcp.Options{})
	if err != nil {
		return err
	}
	o := &moving{Before: m.Links[1-rank].Path, last: make(chan struct{})}
	ch.Start(o)
	began, end := time.Now(), time.Now().Add(20*time.Second)
	g := task.NewGroup(context.Background())
	g.Go(func(ctx context.Context) error {
		return m.Upgrade(ctx, func(peer int, l connect.Link, lead bool) {
			ch.(channel.Switcher).Switch(peer, l.Conn, l.Name, lead)
			o.mu.Lock()
			defer o.mu.Unlock()
			o.After, o.Took, end = l.Path, time.Since(began).Seconds(), time.Now().Add(time.Second)
		})
	})
	payload := make([]byte, 8<<10)
	for going := true; going; o.Sent++ {
		o.mu.Lock()
		going = time.Now().Before(end) && o.Lost == ""
		o.mu.Unlock()
		h := wire.Header{Class: wire.ClassPart, Stream: 1, Sequence: 1, PairSequence: o.Sent, Length: uint64(len(payload)), Payload: len(payload)}
		if !going {
			h.Stream = lastStream
		}
		if err := ch.Send(context.Background(), 1-rank, channel.NewFrame(&h).Append(payload)); err != nil {
			return err
		}
		time.Sleep(100 * time.Microsecond)
	}
	select {
	case <-o.last: // a channel that closes drops what still comes
	case <-time.After(10 * time.Second):
	}
	g.Fail(context.Canceled)
	_ = g.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := ch.Close(ctx); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return json.NewEncoder(os.Stdout).Encode(o)
}

// Two ranks that only the relay connects find a direct path once there is one: their link moves to it while both send,
// nothing is lost or out of order, and nobody takes the other for lost.
func TestRelayedLinkMovesToADirectPath(t *testing.T) {
	for name, opened := range map[string]natlab.NAT{"punched": {}, "punched through RST": {Resets: true}} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			closed := natlab.NAT{Closed: true}
			hosts := [2]*natlab.Host{lab.Behind(closed), lab.Behind(closed)}
			var outcomes [2]moving
			g := task.NewGroup(context.Background())
			g.Go(func(context.Context) error {
				time.Sleep(upgradeAfter) // when the relay has connected them, and before the first look or between two
				for _, h := range hosts {
					h.Replace(opened)
				}
				return nil
			})
			onBoth(t, lab, hosts, func(rank int) string { return fmt.Sprint("upgrade ", rank) },
				func(rank int, text []byte) error { return json.Unmarshal(text, &outcomes[rank]) })
			require.NoError(t, g.Wait())
			for rank := range outcomes {
				o, other := &outcomes[rank], &outcomes[1-rank]
				t.Logf("%s, then %s after %.1f s; %d frames sent, %d got", o.Before, o.After, o.Took, o.Sent, o.Got)
				require.Equal(t, "relay", o.Before)
				require.Equal(t, strings.Fields(name)[0], o.After)
				require.False(t, o.Disorder)
				require.Empty(t, o.Lost)
				require.Greater(t, o.Sent, uint64(1000))
				require.Equal(t, other.Sent, o.Got)
			}
		})
	}
}
