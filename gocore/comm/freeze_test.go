//go:build linux

package comm

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// frozenRank names the variable by which a test process learns that it is to be rank 1, and where rank 0 listens.
const frozenRank = "PYCYLON_TEST_FROZEN_RANK"

const freezeLimit = time.Second

// TestFrozenProcess stops a rank in a process of its own by SIGSTOP: shortly, which nobody may notice, and for longer
// than the limit, upon which rank 0 loses it and it learns that it is stale.
func TestFrozenProcess(t *testing.T) {
	if address := os.Getenv(frozenRank); address != "" {
		beFrozen(t, address)
		return
	}
	leak.Check(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	child := exec.Command(os.Args[0], "-test.run=^TestFrozenProcess$", "-test.v")
	child.Env = append(os.Environ(), frozenRank+"="+listener.Addr().String())
	output := &strings.Builder{}
	child.Stdout, child.Stderr = output, output
	require.NoError(t, child.Start())
	conn, err := listener.Accept()
	require.NoError(t, err)
	world := joinPair(t, 0, channeltest.Secure(t, conn, false))

	signal := func(s syscall.Signal) { require.NoError(t, child.Process.Signal(s)) }
	rounds := 0
	err = repeat(world, func() {
		switch rounds++; rounds {
		case 1:
			signal(syscall.SIGSTOP)
			time.AfterFunc(freezeLimit*3/5, func() { signal(syscall.SIGCONT) })
		case 2:
			signal(syscall.SIGSTOP)
		}
	})
	require.Equal(t, 2, rounds, "the short freeze was noticed: %v", err)
	require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
	require.Equal(t, 1, status.From(err).Rank)
	require.ErrorContains(t, err, "has not been heard for")
	signal(syscall.SIGCONT)
	require.NoError(t, child.Wait(), "%s", output)
	closeWorld(t, []*Communicator{world})
}

// beFrozen is rank 1.
func beFrozen(t *testing.T, address string) {
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	world := joinPair(t, 1, channeltest.Secure(t, conn, true))
	err = repeat(world, func() {})
	require.Equal(t, status.Stale, status.CodeOf(err), "%v", err)
	closeWorld(t, []*Communicator{world})
}

// joinPair opens a world of two over one connection.
func joinPair(t *testing.T, rank int, conn net.Conn) *Communicator {
	conns := []net.Conn{conn, conn}
	conns[rank] = nil
	ch, err := tcp.New(rank, conns, tcp.Options{Limit: freezeLimit})
	require.NoError(t, err)
	c, err := New(ch, Options{})
	require.NoError(t, err)
	return c
}

// repeat runs operations until one fails, and calls each once per two limits.
func repeat(c *Communicator, each func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	next := time.Now().Add(freezeLimit / 2)
	for {
		if err := inOperation("test", 1, busy)(ctx, c); err != nil {
			return err
		}
		if now := time.Now(); now.After(next) {
			next = now.Add(2 * freezeLimit)
			each()
		}
	}
}
