package tcp_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
)

func TestConformance(t *testing.T) { channeltest.Run(t, channeltest.TCPWorld) }

func TestNewRefuses(t *testing.T) {
	_, err := tcp.New(2, make([]net.Conn, 2), tcp.Options{})
	require.Equal(t, status.Invalid, status.CodeOf(err))
	_, err = tcp.New(0, make([]net.Conn, 2), tcp.Options{})
	require.ErrorContains(t, err, "no connection to rank 1")
}
