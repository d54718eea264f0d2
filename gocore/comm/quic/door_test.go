package quic_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/quic"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// firstPackets returns the packets with which n connections begin: what a stranger can send from any address.
func firstPackets(t *testing.T, n int) [][]byte {
	t.Helper()
	sink, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = sink.Close() }()
	require.NoError(t, sink.SetReadBuffer(4<<20))
	stranger, err := trust.NewIdentity()
	require.NoError(t, err)
	from, err := quic.Open(true)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	g := task.NewGroup(ctx)
	for range n {
		g.Go(func(ctx context.Context) error {
			_, _ = from.Dial(ctx, sink.LocalAddr().(*net.UDPAddr).AddrPort(), stranger.PeerClient(trust.Pin{}))
			return nil
		})
	}
	packets := map[string][]byte{} // by the connection's id
	for len(packets) < n {
		packet := make([]byte, 2000)
		require.NoError(t, sink.SetReadDeadline(time.Now().Add(5*time.Second)))
		size, err := sink.Read(packet)
		require.NoError(t, err)
		if size >= 1200 { // of QUIC's first, at least
			packets[string(packet[6:6+packet[5]])] = packet[:size]
		}
	}
	cancel()
	_ = g.Wait()
	require.NoError(t, from.Close(context.Background()))
	var list [][]byte
	for _, packet := range packets {
		list = append(list, packet)
	}
	return list
}

// A flood of first packets from addresses that may be forged has a rank keep a bounded number of handshakes, and send no more
// than it gets; a rank of the job still comes in.
func TestFlood(t *testing.T) {
	leak.Check(t)
	r := openRanks(t, 2)
	packets := firstPackets(t, 1000)
	flood, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.address(1)))
	require.NoError(t, err)
	defer func() { _ = flood.Close() }()
	require.NoError(t, flood.SetReadBuffer(8<<20))
	sent := 0
	for i, packet := range packets {
		n, err := flood.Write(packet)
		require.NoError(t, err)
		if sent += n; i%20 == 0 {
			time.Sleep(time.Millisecond) // else the socket drops most
		}
	}
	require.Eventually(t, func() bool { return r.endpoints[1].Handshakes() >= quic.FewHandshakes }, time.Second, time.Millisecond)
	require.LessOrEqual(t, r.endpoints[1].Handshakes(), quic.FewHandshakes+1, "who does not show his address has no more of them")

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := r.endpoints[0].Dial(ctx, r.address(1), r.ids[0].PeerClient(r.ids[1].Pin()))
	require.NoError(t, err)
	_, err = c.Write([]byte("hello"))
	require.NoError(t, err)
	accepted := <-r.accepted[1]
	_, err = io.ReadFull(accepted, make([]byte, 5))
	require.NoError(t, err)

	answered := 0
	for buffer := make([]byte, 2000); ; {
		require.NoError(t, flood.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
		n, err := flood.Read(buffer)
		if err != nil {
			break
		}
		answered += n
	}
	require.Less(t, answered, 3*sent)
	require.NoError(t, c.Close())
	require.NoError(t, accepted.Close())
	require.Eventually(t, func() bool { return r.endpoints[1].Handshakes() == 0 }, 10*time.Second, 10*time.Millisecond, "places are given back")
}
