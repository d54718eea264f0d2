package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// form joins every rank of a token's world and returns them by rank.
func form(t *testing.T, token trust.Token) []*connect.Membership {
	t.Helper()
	world := make([]*connect.Membership, token.WorldSize())
	g := task.NewGroup(context.Background())
	for rank := range world {
		g.Go(func(ctx context.Context) (err error) {
			world[rank], err = connect.Join(ctx, token, connect.Options{Rank: &rank, Timeout: 30 * time.Second})
			return err
		})
	}
	require.NoError(t, g.Wait())
	t.Cleanup(func() {
		for _, m := range world {
			m.Close()
		}
	})
	return world
}

// talk has every rank send every other a text and checks what comes.
func talk(t *testing.T, world []*connect.Membership, text string) {
	t.Helper()
	for a, from := range world {
		for b, to := range world {
			if a == b {
				continue
			}
			sent := fmt.Sprintf("%d to %d: %s", a, b, text)
			_, err := from.Links[b].Conn.Write([]byte(sent))
			require.NoError(t, err)
			got := make([]byte, len(sent))
			_, err = io.ReadFull(to.Links[a].Conn, got)
			require.NoError(t, err)
			require.Equal(t, sent, string(got))
		}
	}
}

// TestKilledServer kills the server by SIGKILL: a formed job goes on, and the next server at the same place forms jobs,
// one that was gathering and one whose token was made before.
func TestKilledServer(t *testing.T) {
	leak.Check(t)
	p := startProcess(t, filepath.Join(t.TempDir(), "state"))
	formed, gathers, early := p.token(4), p.token(2), p.token(3)
	world := form(t, formed)
	talk(t, world, "before")
	waits := join(gathers, 30*time.Second)
	require.Eventually(t, func() bool { return p.log.count("job begins") == 2 }, 10*time.Second, time.Millisecond, "%s", p.log)
	p.kill()
	talk(t, world, "without a server")

	startProcess(t, p.state, "-listen", p.address)
	talk(t, form(t, early), "of the next server")
	require.NoError(t, join(gathers, 30*time.Second)())
	require.NoError(t, waits())
	talk(t, world, "beside the next server's")
}

// TestServerThatDoesNotComeBack has a job that gathers learn that its server is gone, soon.
func TestServerThatDoesNotComeBack(t *testing.T) {
	leak.Check(t)
	p := startProcess(t, filepath.Join(t.TempDir(), "state"))
	waits := join(p.token(2), 30*time.Second)
	require.Eventually(t, func() bool { return p.log.count("job begins") == 1 }, 10*time.Second, time.Millisecond, "%s", p.log)
	began := time.Now()
	p.kill()
	require.Equal(t, status.Unreachable, status.CodeOf(waits()))
	require.Less(t, time.Since(began), 8*time.Second)
}

// TestTerminatedProcess ends the program as systemd does: it drains, and its status is 0.
func TestTerminatedProcess(t *testing.T) {
	p := startProcess(t, filepath.Join(t.TempDir(), "state"))
	token := p.token(2)
	first := join(token, 20*time.Second)
	require.Eventually(t, func() bool { return p.log.count("job begins") == 1 }, 10*time.Second, time.Millisecond, "%s", p.log)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return p.log.count("draining") == 1 }, 10*time.Second, time.Millisecond, "%s", p.log)

	// A worker of another job comes while the server is draining, and gets in once the next one runs.
	other := join(p.token(1), 20*time.Second)
	require.Eventually(t, func() bool { return p.log.count("about to stop") > 0 }, 10*time.Second, time.Millisecond, "%s", p.log)
	require.NoError(t, join(token, 20*time.Second)())
	require.NoError(t, first())
	require.NoError(t, p.cmd.Wait())
	startProcess(t, p.state, "-listen", p.address)
	require.NoError(t, other())
}
