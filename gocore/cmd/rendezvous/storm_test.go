//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// lightWorker speaks the whole protocol with the server, and does nothing with the roster but hash it, once per world:
// checking it is the worker's work, which here would take the server's processors.
type lightWorker struct {
	world  *lightWorld
	came   time.Time
	roster time.Time
}

// lightWorld is what the workers of one job share.
type lightWorld struct {
	token trust.Token
	once  sync.Once
	epoch wire.Epoch
}

// run is the worker from its first packet to GO.
func (w *lightWorker) run(number int, scratch *sync.Pool) error {
	w.came = time.Now()
	token := w.world.token
	raw, err := net.Dial("tcp", token.Addresses()[0])
	if err != nil {
		return err
	}
	defer func() { _ = raw.Close() }()
	_ = raw.SetDeadline(time.Now().Add(100 * time.Second))
	conn := tls.Client(raw, token.RendezvousClient())
	if err := conn.Handshake(); err != nil {
		return err
	}
	m := &wire.Register{Grant: token.Grant().AppendMarshal(nil), GrantSignature: token.GrantSignature(), JobKey: token.JobKey(),
		Rank: -1, Patience: time.Minute, Member: wire.Member{Pin: [32]byte{byte(number), byte(number >> 8), byte(number >> 16)},
			Version: wire.ProtocolVersion, Port: 1, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, 1})}}}
	if m.Signature, err = token.Prove(conn.ConnectionState(), m.AppendSigned(nil)); err != nil {
		return err
	}
	if err := wire.WriteJoin(conn, wire.TypeRegister, m.AppendMarshal(nil)); err != nil {
		return err
	}
	kind, _, err := wire.ReadJoin(conn, wire.MaxControl)
	if err != nil || kind != wire.TypeWelcome {
		return fmt.Errorf("%d in place of WELCOME: %w", kind, err)
	}
	if err := w.readRoster(conn, scratch); err != nil {
		return err
	}
	w.roster = time.Now()
	if err := wire.WriteJoin(conn, wire.TypeConnected, w.world.epoch[:]); err != nil {
		return err
	}
	kind, body, err := wire.ReadJoin(conn, wire.MaxControl)
	if err != nil || kind != wire.TypeGo || wire.Epoch(body) != w.world.epoch {
		return fmt.Errorf("%d in place of GO: %w", kind, err)
	}
	return nil
}

func (w *lightWorker) readRoster(conn io.Reader, scratch *sync.Pool) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	body := scratch.Get().(*[wire.MaxRoster]byte)
	defer scratch.Put(body)
	n := int(head[1]) | int(head[2])<<8 | int(head[3])<<16
	if wire.JoinType(head[0]) != wire.TypeRoster || n > len(body) {
		return fmt.Errorf("message %d of %d bytes in place of ROSTER", head[0], n)
	}
	if _, err := io.ReadFull(conn, body[:n]); err != nil {
		return err
	}
	var err error
	w.world.once.Do(func() {
		var sealed *wire.Sealed
		if sealed, _, err = wire.ParseSealed(body[:n]); err == nil {
			w.world.epoch = wire.EpochOf(sealed.Blob)
		}
	})
	return err
}

// storm has workers arrive evenly within so long, by turns of all worlds, and returns how long after the last of all came
// each had its roster, in order.
func storm(t testing.TB, p *process, worlds, size int, within time.Duration) []time.Duration {
	t.Helper()
	all := make([]lightWorld, worlds)
	for i := range all {
		all[i].token = p.token(size)
	}
	workers := make([]lightWorker, worlds*size)
	scratch := &sync.Pool{New: func() any { return new([wire.MaxRoster]byte) }}
	g := task.NewGroup(context.Background())
	began := time.Now()
	for i := range workers {
		workers[i].world = &all[i%worlds]
		time.Sleep(time.Until(began.Add(within * time.Duration(i) / time.Duration(len(workers)))))
		g.Go(func(context.Context) error { return workers[i].run(i, scratch) })
	}
	require.NoError(t, g.Wait(), "%s", p.log)
	last := slices.MaxFunc(workers, func(a, b lightWorker) int { return a.came.Compare(b.came) }).came
	after := make([]time.Duration, len(workers))
	for i := range workers {
		after[i] = workers[i].roster.Sub(last)
	}
	slices.Sort(after)
	return after
}

// files returns how many descriptors this process may have, which is what the program may have, too.
func files(t testing.TB) int {
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	return int(limit.Cur)
}

func own(t testing.TB) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestManyWorkers has 20,000 workers of 20 jobs arrive within ten seconds, or as many as there are descriptors for. Their
// handshakes take all of two processors for longer than that, more than half of it the workers'. (One job of 20,000 is
// more than bandwidth allows: 20,000 rosters of 2 MB.)
func TestManyWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("20,000 connections for half a minute: runs without -short")
	}
	const worlds = 20
	size := min(1000, (files(t)-100)/worlds)
	p := startProcess(t, filepath.Join(t.TempDir(), "state"), "-log-level", "info", "-register-timeout", "1m")
	before, began := own(t), time.Now()
	after := storm(t, p, worlds, size, 10*time.Second)
	p99 := after[len(after)*99/100]
	share := (p.cpu() + own(t) - before).Seconds() / time.Since(began).Seconds() / float64(min(2, runtime.NumCPU()))
	t.Logf("%d workers in %d worlds: roster p50 %s, p99 %s after the last came; the program's peak is %s, its CPU %s, the workers' %s: %.0f%% of two processors",
		len(after), worlds, after[len(after)/2], p99, memory.Bytes(p.memory("VmHWM")), p.cpu(), own(t)-before, 100*share)
	require.LessOrEqual(t, p.memory("VmHWM"), int64(2<<30))
	if p99 > 20*time.Second && share < 0.7 {
		t.Skipf("other programs have the processors: %.0f%% were left for this test", 100*share)
	}
	require.LessOrEqual(t, p99, 20*time.Second)
}
