package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// program is a running server.
type program struct {
	t       *testing.T
	state   string
	address string
	log     *lines
	end     func() // as SIGTERM does
	ended   func() error
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// count returns how often a text stands in the log.
func (l *lines) count(text string) int { return strings.Count(l.String(), text) }

func start(t *testing.T, options ...string) *program {
	t.Helper()
	p := &program{t: t, state: filepath.Join(t.TempDir(), "state"), log: &lines{}}
	reader, writer := io.Pipe()
	g := task.NewGroup(context.Background())
	ctx, stop := context.WithCancel(context.Background())
	p.end, p.ended = stop, g.Wait
	g.Go(func(context.Context) error {
		err := run(ctx, append([]string{"-listen", "127.0.0.1:0", "-state", p.state, "-log-level", "debug"}, options...), writer, p.log)
		_ = writer.CloseWithError(err)
		return err
	})
	t.Cleanup(func() {
		stop()
		_ = g.Wait()
	})
	line, err := bufio.NewReader(reader).ReadString('\n')
	require.NoError(t, err)
	p.address = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	return p
}

// token has the program print one.
func (p *program) token(world string) trust.Token {
	p.t.Helper()
	var out bytes.Buffer
	require.NoError(p.t, run(context.Background(), []string{"-token", world, "-address", p.address, "-state", p.state, "-expiry", "1m"}, &out, io.Discard))
	token, err := trust.ParseToken(out.String())
	require.NoError(p.t, err)
	return token
}

// join starts a rank, and returns what waits for it.
func join(token trust.Token, timeout time.Duration) func() error {
	g := task.NewGroup(context.Background())
	g.Go(func(ctx context.Context) error {
		m, err := connect.Join(ctx, token, connect.Options{Timeout: timeout})
		if err == nil {
			m.Close()
		}
		return err
	})
	return g.Wait
}

// figures returns an answer of the address that the log names.
func (p *program) figures(path string) (int, string) {
	p.t.Helper()
	address := regexp.MustCompile(`healthz" address=(\S+)|healthz","address":"([^"]+)"`).FindStringSubmatch(p.log.String())
	require.NotNil(p.t, address, p.log)
	answer, err := http.Get("http://" + address[1] + address[2] + path)
	require.NoError(p.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.t, err)
	return answer.StatusCode, string(text)
}

func TestServeAndToken(t *testing.T) {
	leak.Check(t)
	p := start(t)
	require.NoError(t, join(p.token("1"), 10*time.Second)())
	p.end()
	require.NoError(t, p.ended())
}

func TestFigures(t *testing.T) {
	leak.Check(t)
	defer http.DefaultClient.CloseIdleConnections()
	p := start(t, "-metrics", "127.0.0.1:0", "-max-world-size", "2")
	code, text := p.figures("/healthz")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ok\n", text)

	token := p.token("2")
	first := join(token, 10*time.Second)
	require.NoError(t, join(token, 10*time.Second)())
	require.NoError(t, first())
	require.Equal(t, status.Invalid, status.CodeOf(join(p.token("3"), 10*time.Second)()))
	require.Equal(t, status.Timeout, status.CodeOf(join(p.token("2"), time.Second)()))

	_, text = p.figures("/metrics")
	for _, line := range []string{
		`pycylon_rendezvous_jobs{phase="remembered"} 1`,
		`pycylon_rendezvous_jobs_formed_total 1`,
		`pycylon_rendezvous_jobs_failed_total{code="timeout"} 1`,
		`pycylon_rendezvous_handshakes_succeeded_total 3`,
		`pycylon_rendezvous_handshakes_failed_total{reason="invalid"} 1`,
		`pycylon_rendezvous_quota_hits_total{quota="world_size"} 1`,
		`pycylon_rendezvous_roster_seconds_count 2`,
		`pycylon_rendezvous_roster_seconds_bucket{le="5"} 2`,
		`pycylon_rendezvous_relay_bytes_total 0`,
		`process_resident_memory_bytes`,
	} {
		require.Contains(t, text, line)
	}
	require.NotRegexp(t, "[0-9a-f]{8}[\"}]", text, "no job's id")
	code, _ = p.figures("/debug/pprof/")
	require.Equal(t, http.StatusNotFound, code)
}

// TestDrain has the program asked to end while a job gathers: that job forms, another is refused until its time is over.
func TestDrain(t *testing.T) {
	leak.Check(t)
	defer http.DefaultClient.CloseIdleConnections()
	p := start(t, "-metrics", "127.0.0.1:0")
	gathers, other := p.token("2"), p.token("1")
	first := join(gathers, 20*time.Second)
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "job begins") }, 10*time.Second, time.Millisecond)
	p.end()
	require.Eventually(t, func() bool { code, _ := p.figures("/healthz"); return code == http.StatusServiceUnavailable }, 10*time.Second, time.Millisecond)
	err := join(other, time.Second)()
	require.Equal(t, status.Unreachable, status.CodeOf(err))
	require.ErrorContains(t, err, "about to stop")
	require.NoError(t, join(gathers, 20*time.Second)())
	require.NoError(t, first())
	require.NoError(t, p.ended())
	require.Contains(t, p.log.String(), "msg=drained")
}

func TestDrainEndsInTime(t *testing.T) {
	leak.Check(t)
	p := start(t, "-drain", "100ms")
	waits := join(p.token("2"), 20*time.Second)
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "job begins") }, 10*time.Second, time.Millisecond)
	p.end()
	require.NoError(t, p.ended())
	require.Equal(t, status.Unreachable, status.CodeOf(waits()))
	require.Contains(t, p.log.String(), "not drained in time")
}

// TestRefusedWorkerComesAgain refuses a worker of a full server until there is a place.
func TestRefusedWorkerComesAgain(t *testing.T) {
	p := start(t, "-max-workers", "1")
	blocks := join(p.token("2"), time.Second)
	require.Eventually(t, func() bool { return strings.Contains(p.log.String(), "job begins") }, 10*time.Second, time.Millisecond)
	require.NoError(t, join(p.token("1"), 20*time.Second)())
	require.Contains(t, p.log.String(), "limit of 1 workers")
	require.Error(t, blocks())
}

func TestHelpTeaches(t *testing.T) {
	var help bytes.Buffer
	require.ErrorIs(t, run(context.Background(), []string{"-h"}, io.Discard, &help), flag.ErrHelp)
	for _, text := range []string{"rendezvous -listen", "rendezvous -token", "SIGTERM", "-relay-bytes-per-job size", "-max-unauthenticated", "LimitNOFILE"} {
		require.Contains(t, help.String(), text)
	}
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{{"extra"}, {"-token", "2"}, {"-token", "-1", "-state", t.TempDir(), "-address", "h:1"}, {"-listen", "nonsense"},
		{"-log-level", "loud"}, {"-log-format", "xml"}, {"-max-workers", "-1"}, {"-listen", "127.0.0.1:0", "-metrics", "nonsense"}} {
		require.Equal(t, status.Invalid, status.CodeOf(run(context.Background(), args, io.Discard, io.Discard)), "%v", args)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "17": 17, "5B": 5, "2K": 2 << 10, "3MiB": 3 << 20, "4GB": 4 << 30, "1TiB": 1 << 40} {
		var s size
		require.NoError(t, s.Set(text), text)
		require.EqualValues(t, want, s, text)
	}
	for _, text := range []string{"", "x", "-1", "1.5G", "5X", "G", "9999999999T", "1 G", "1iB2"} {
		require.Error(t, new(size).Set(text), text)
	}
}
