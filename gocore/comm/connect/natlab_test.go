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
	"github.com/pycylon/pycylon/gocore/comm/wire"
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
	case "placed":
		err = runPlaced()
	case "upgrade 0", "upgrade 1":
		err = runUpgrade(int(role[8] - '0'))
	case "exam 0", "exam 1":
		err = runExam(int(role[5] - '0'))
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
	s, err := rendezvous.NewServer(rendezvous.Options{Listen: natlab.PublicAddress + ":0," + natlab.SecondAddress + ":0,[" + natlab.PublicAddress6 + "]:0"})
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

// runExam examines the ways to the other rank, and prints what was found out.
func runExam(rank int) error {
	token, err := trust.ParseToken(os.Getenv(tokenVariable))
	if err != nil {
		return err
	}
	e, err := connect.Examine(context.Background(), token, connect.Options{Rank: &rank, Timeout: 30 * time.Second})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(e)
}

// between runs a rank on each of two hosts against a server on the public one.
func between(t *testing.T, lab *natlab.Lab, hosts [2]*natlab.Host, seconds int, paths string) (outcomes [2]outcome) {
	onBoth(t, lab, hosts, func(rank int) string { return fmt.Sprintf("%d %d %s", rank, seconds, paths) },
		func(rank int, text []byte) error { return json.Unmarshal(text, &outcomes[rank]) })
	return outcomes
}

// onBoth runs this program on both hosts, each in its role, against a server on the public one, and takes what it prints.
func onBoth(t *testing.T, lab *natlab.Lab, hosts [2]*natlab.Host, role func(rank int) string, take func(rank int, text []byte) error) {
	t.Helper()
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

	g := task.NewGroup(ctx)
	for rank, host := range hosts {
		g.Go(func(ctx context.Context) error {
			c := host.Command(ctx, self)
			c.Env = append(os.Environ(), roleVariable+"="+role(rank), tokenVariable+"="+strings.TrimSpace(token))
			text, err := c.Output()
			if err != nil {
				return fmt.Errorf("rank %d: %w: %s", rank, err, text)
			}
			return take(rank, text)
		})
	}
	require.NoError(t, g.Wait())
}

// kinds are how a host of each of testdata/paths.md's kinds is connected.
var kinds = map[string]func(*natlab.Lab) *natlab.Host{
	"open":          func(l *natlab.Lab) *natlab.Host { return l.Direct(natlab.IPv4) },
	"cone":          behind(natlab.NAT{Cone: true}),
	"filtered":      behind(natlab.NAT{}),
	"reset":         behind(natlab.NAT{Resets: true}),
	"symmetric":     behind(natlab.NAT{RandomPorts: true}),
	"address":       behind(natlab.NAT{ByAddress: true}),
	"double":        behind(natlab.NAT{}, natlab.NAT{}),
	"no UDP":        behind(natlab.NAT{NoUDP: true}),
	"no TCP":        behind(natlab.NAT{NoTCP: true}),
	"closed":        behind(natlab.NAT{Closed: true}),
	"IPv6":          func(l *natlab.Lab) *natlab.Host { return l.Direct(natlab.IPv6) },
	"IPv6 filtered": behind(natlab.NAT{Families: natlab.IPv6}),
	"dual":          behind(natlab.NAT{Families: natlab.Both}),
}

func behind(nats ...natlab.NAT) func(*natlab.Lab) *natlab.Host {
	return func(l *natlab.Lab) *natlab.Host { return l.Behind(nats...) }
}

// Within so many ms after a rank has the roster it has a direct path.
const directWithin = 500

// Every pair of kinds, in both orders of the ranks, ends on the path of the table, and in time.
func TestThroughNATs(t *testing.T) {
	columns, rows := connect.ExpectedPaths(t)
	for r, row := range rows {
		for i, second := range columns {
			first, path := row[0], row[1+i]
			if path == "" || testing.Short() && i < r && first != "one NAT" {
				continue // the same pair in the other order
			}
			t.Run(first+"/"+second, func(t *testing.T) {
				lab := natlab.New(t)
				hosts := [2]*natlab.Host{kinds[second](lab), nil}
				if first == "one NAT" {
					hosts[1] = lab.Beside(hosts[0])
				} else {
					hosts[0], hosts[1] = kinds[first](lab), hosts[0]
				}
				outcomes := between(t, lab, hosts, 30, "all")
				for attempt := 1; attempt < 3 && isLate(outcomes, path); attempt++ { // the machine may be busy
					outcomes = between(t, lab, hosts, 30, "all")
				}
				requirePath(t, outcomes, path)
			})
		}
	}
}

func TestOneHost(t *testing.T) {
	lab := natlab.New(t)
	h := lab.Direct(natlab.IPv4)
	requirePath(t, between(t, lab, [2]*natlab.Host{h, h}, 30, "all"), "loopback")
}

// isLate tells whether a rank has a worse path than this one, or has a direct one too late.
func isLate(outcomes [2]outcome, path string) bool {
	want, _ := wire.ParsePath(path)
	for _, o := range outcomes {
		if got, _ := wire.ParsePath(o.Path); got > want || want < wire.Relayed && o.Setup >= directWithin {
			return true
		}
	}
	return false
}

func requirePath(t *testing.T, outcomes [2]outcome, path string) {
	for rank, o := range outcomes {
		t.Logf("rank %d: path %q, link %.1f ms, opening %.1f ms, %d bytes\n%s", rank, o.Path, o.Setup, o.Opening, o.Bytes, strings.Join(o.Trace, "\n"))
		require.Equal(t, status.OK, o.Code, o.Text)
		require.Equal(t, payload, o.Bytes)
		switch {
		case path == "relay" && o.Path == "punched": // the symmetric NAT happened to give the port again
		default:
			require.Equal(t, path, o.Path)
		}
	}
	if !raceDetector {
		require.False(t, isLate(outcomes, path), "a direct path takes more than %d ms", directWithin)
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

// What works between two kinds, by path and who dials; both ranks know it, and a reason for all else.
func TestExamineThroughNATs(t *testing.T) {
	for _, c := range []struct {
		kinds [2]string
		works []string
		says  string
	}{
		{[2]string{"filtered", "reset"}, []string{"punched 0", "relay 0"}, ""},
		{[2]string{"filtered", "open"}, []string{"public 0", "relay 0"}, ""},
		{[2]string{"cone", "symmetric"}, []string{"relay 0"}, "every destination another port"},
		{[2]string{"IPv6", "filtered"}, []string{"relay 0"}, "unreachable"},
		{[2]string{"dual", "IPv6 filtered"}, []string{"punched 0", "relay 0"}, ""},
	} {
		t.Run(c.kinds[0]+"/"+c.kinds[1], func(t *testing.T) {
			lab := natlab.New(t)
			var found [2]connect.Examination
			onBoth(t, lab, [2]*natlab.Host{kinds[c.kinds[0]](lab), kinds[c.kinds[1]](lab)}, func(rank int) string { return fmt.Sprint("exam ", rank) },
				func(rank int, text []byte) error { return json.Unmarshal(text, &found[rank]) })
			require.Equal(t, found[0].Ways, found[1].Ways, "both have the same table")
			works, reasons := map[string]bool{}, ""
			for _, w := range found[0].Ways {
				t.Logf("%+v", w)
				if !w.Works {
					require.NotEmpty(t, w.Reason)
					reasons += w.Reason + "\n"
					continue
				}
				require.Empty(t, w.Reason)
				works[fmt.Sprint(w.Path, " ", w.From)] = true
				require.Positive(t, w.RTT)
				require.Positive(t, w.MegaBytes[0])
				require.Positive(t, w.MegaBytes[1])
			}
			for _, way := range c.works {
				require.Contains(t, works, way)
			}
			if c.says != "" {
				require.Len(t, works, len(c.works))
			}
			require.Contains(t, reasons, c.says)
			require.True(t, strings.HasPrefix(c.works[0], found[0].Best))
			for rank, e := range found {
				require.Equal(t, rank, e.Rank)
			}
		})
	}
}
