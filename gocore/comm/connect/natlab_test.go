package connect_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/natlab"
)

// The test binary is also the program that runs on the lab's hosts: role says as what.
const (
	roleVariable  = "PYCYLON_NATLAB_ROLE"
	tokenVariable = "PYCYLON_NATLAB_TOKEN"
	payload       = 8 << 20
)

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "server":
		err = runServer()
	default:
		err = runRank(role)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runServer prints a token for two ranks and serves until it is killed.
func runServer() error {
	s, err := rendezvous.NewServer(rendezvous.Options{Listen: natlab.PublicAddress + ":0"})
	if err != nil {
		return err
	}
	token, err := s.Token(2, time.Minute)
	if err != nil {
		return err
	}
	fmt.Println(token.Text())
	return s.Serve(context.Background())
}

// outcome is what a rank prints as its last line.
type outcome struct {
	Code    status.Code
	Text    string
	Path    string
	Setup   float64 // ms, of the link
	Opening float64 // ms, of all
	Bytes   int
	Trace   []string
}

// runRank joins as a rank, exchanges data with the other, and prints its outcome.
func runRank(role string) error {
	var rank, seconds int
	var paths string
	if _, err := fmt.Sscan(role, &rank, &seconds, &paths); err != nil {
		return err
	}
	token, err := trust.ParseToken(os.Getenv(tokenVariable))
	if err != nil {
		return err
	}
	opt := connect.Options{Rank: &rank, Timeout: time.Duration(seconds) * time.Second}
	if paths != "all" {
		opt.Paths = strings.Split(paths, ",")
	}
	var o outcome
	m, err := connect.Join(context.Background(), token, opt)
	if err != nil {
		o.Code, o.Text = status.CodeOf(err), err.Error()
		return json.NewEncoder(os.Stdout).Encode(o)
	}
	defer m.Close()
	link := m.Links[1-rank]
	o.Path, o.Setup, o.Opening = link.Path, link.Setup.Seconds()*1e3, m.Setup.Seconds()*1e3
	for _, e := range m.Trace {
		o.Trace = append(o.Trace, e.String())
	}
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		_, err := link.Conn.Write(bytes.Repeat([]byte{byte(rank)}, payload))
		return err
	})
	g.Go(func(context.Context) error {
		got := make([]byte, payload)
		_, err := io.ReadFull(link.Conn, got)
		o.Bytes = bytes.Count(got, []byte{byte(1 - rank)})
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(o)
}

// between runs a rank on each of two hosts against a server on the public one.
func between(t *testing.T, lab *natlab.Lab, hosts [2]*natlab.Host, seconds int, paths string) [2]outcome {
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()

	server := lab.Public().Command(ctx, self)
	server.Env = append(os.Environ(), roleVariable+"=server")
	out, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	defer func() {
		cancel()
		_ = server.Wait()
	}()
	token, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)

	var outcomes [2]outcome
	g := task.NewGroup(ctx)
	for rank, host := range hosts {
		g.Go(func(ctx context.Context) error {
			c := host.Command(ctx, self)
			c.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %s", roleVariable, rank, seconds, paths), tokenVariable+"="+strings.TrimSpace(token))
			text, err := c.Output()
			if err != nil {
				return fmt.Errorf("rank %d: %w: %s", rank, err, text)
			}
			return json.Unmarshal(text, &outcomes[rank])
		})
	}
	require.NoError(t, g.Wait())
	return outcomes
}

func TestThroughNATs(t *testing.T) {
	keeps, resets, random := natlab.NAT{}, natlab.NAT{Resets: true}, natlab.NAT{RandomPorts: true}
	behind := func(a, b natlab.NAT) func(*natlab.Lab) [2]*natlab.Host {
		return func(l *natlab.Lab) [2]*natlab.Host { return [2]*natlab.Host{l.Behind(a), l.Behind(b)} }
	}
	for _, c := range []struct {
		name  string
		hosts func(*natlab.Lab) [2]*natlab.Host
		path  string
	}{
		{"both behind port-preserving NATs", behind(keeps, keeps), "punched"},
		{"both NATs answer with RST", behind(resets, resets), "punched"},
		{"one NAT answers with RST", behind(keeps, resets), "punched"},
		{"both with public addresses", func(l *natlab.Lab) [2]*natlab.Host { return [2]*natlab.Host{l.Direct(), l.Direct()} }, "public"},
		{"both on one host", func(l *natlab.Lab) [2]*natlab.Host { h := l.Direct(); return [2]*natlab.Host{h, h} }, "loopback"},
		{"both behind one NAT", func(l *natlab.Lab) [2]*natlab.Host { h := l.Behind(random); return [2]*natlab.Host{h, l.Beside(h)} }, "private"},
		{"lower behind a NAT", func(l *natlab.Lab) [2]*natlab.Host { return [2]*natlab.Host{l.Behind(keeps), l.Direct()} }, "public"},
		{"higher behind a NAT with random ports", func(l *natlab.Lab) [2]*natlab.Host { return [2]*natlab.Host{l.Direct(), l.Behind(random)} }, "public"},
		{"both behind NATs with random ports", behind(random, random), "relay"},
		{"one behind a NAT with random ports", behind(keeps, random), "relay"},
		{"random ports and RST", behind(resets, random), "relay"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lab := natlab.New(t)
			for rank, o := range between(t, lab, c.hosts(lab), 30, "all") {
				t.Logf("rank %d: path %q, link %.1f ms, opening %.1f ms, %d bytes\n%s", rank, o.Path, o.Setup, o.Opening, o.Bytes, strings.Join(o.Trace, "\n"))
				require.Equal(t, status.OK, o.Code, o.Text)
				require.Equal(t, c.path, o.Path)
				require.Equal(t, payload, o.Bytes)
			}
		})
	}
}

// Without the relay, ranks that can't reach each other say what they tried, and what would help.
func TestNoPathThroughNATs(t *testing.T) {
	lab := natlab.New(t)
	random := natlab.NAT{RandomPorts: true}
	for _, o := range between(t, lab, [2]*natlab.Host{lab.Behind(random), lab.Behind(random)}, 3, "loopback,private,public,punched") {
		require.Equal(t, status.Unreachable, o.Code, o.Text)
		require.Contains(t, o.Text, "needs the relay")
		require.Contains(t, o.Text, "punched 198.51.100.")
	}
}
