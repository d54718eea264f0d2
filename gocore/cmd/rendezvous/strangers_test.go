//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// strangers are what somebody without a token may do with a connection and then wait. The last shakes hands, which
// anybody can, and says nothing inside TLS.
var strangers = []func(net.Conn, trust.Token) error{
	func(net.Conn, trust.Token) error { return nil },
	func(c net.Conn, _ trust.Token) error { _, err := c.Write([]byte{22}); return err },
	func(c net.Conn, _ trust.Token) error {
		_, err := c.Write([]byte{22, 3, 1, 2, 0, 1, 0, 1, 0xfc})
		return err
	},
	func(c net.Conn, _ trust.Token) error { _, err := c.Write([]byte{32, 0, 1}); return err },
	func(c net.Conn, token trust.Token) error { return tls.Client(c, token.RendezvousClient()).Handshake() },
}

// TestIdleStrangers has 10,000 strangers of all kinds wait, and a world of 64 form among them.
func TestIdleStrangers(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 connections for half a minute: runs without -short")
	}
	const count, world = 10_000, 64
	p := startProcess(t, filepath.Join(t.TempDir(), "state"), "-log-level", "info", "-register-timeout", "2m")
	require.NoError(t, joinWorld(p.token(2)), "what the program needs for any job is there")
	before := p.memory("VmRSS")
	held := make([]net.Conn, count)
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	token := p.token(world)
	slots := make(chan struct{}, 64)
	g := task.NewGroup(context.Background())
	for i := range held {
		slots <- struct{}{}
		g.Go(func(context.Context) (err error) {
			defer func() { <-slots }()
			if held[i], err = net.Dial("tcp", p.address); err != nil {
				return err
			}
			return strangers[i%len(strangers)](held[i], token)
		})
	}
	require.NoError(t, g.Wait())
	began, used := time.Now(), own(t)+p.cpu()
	require.NoError(t, joinWorld(token))
	took := time.Since(began)
	share := (own(t) + p.cpu() - used).Seconds() / took.Seconds() / float64(min(2, runtime.NumCPU()))
	growth := p.memory("VmHWM") - before
	t.Logf("among %d strangers a world of %d formed in %s with %.0f%% of two processors; the program has grown by %s at most",
		count, world, took, 100*share, memory.Bytes(growth))
	require.LessOrEqual(t, growth, int64(200<<20))
	if took > 5*time.Second && share < 0.7 {
		t.Skipf("other programs have the processors: %.0f%% were left for this test", 100*share)
	}
	require.Less(t, took, 5*time.Second)
}

// joinWorld has every rank of a token's world join, and returns the first error.
func joinWorld(token trust.Token) error {
	g := task.NewGroup(context.Background())
	for range token.WorldSize() {
		g.Go(func(ctx context.Context) error {
			m, err := connect.Join(ctx, token, connect.Options{Timeout: 50 * time.Second})
			if err == nil {
				m.Close()
			}
			return err
		})
	}
	return g.Wait()
}
