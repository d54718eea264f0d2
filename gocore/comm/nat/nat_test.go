package nat_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/nat"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/natlab"
)

// The test binary is also the program that runs on the lab's hosts: the variable says as what.
const tokenVariable = "PYCYLON_NAT_TOKEN"

func TestMain(m *testing.M) {
	var err error
	switch text := os.Getenv(tokenVariable); text {
	case "":
		os.Exit(m.Run())
	case "server":
		err = runServer()
	default:
		err = runHost(text)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runServer() error {
	s, err := rendezvous.NewServer(rendezvous.Options{Listen: natlab.PublicAddress + ":7077," + natlab.PublicAddress + ":7078," +
		natlab.SecondAddress + ":7077,[" + natlab.PublicAddress6 + "]:7077"})
	if err != nil {
		return err
	}
	token, err := s.Token(1, time.Minute)
	if err != nil {
		return err
	}
	fmt.Println(token.Text())
	return s.Serve(context.Background())
}

// runHost asks at one address of each family, and is told the others.
func runHost(text string) error {
	token, err := trust.ParseToken(text)
	if err != nil {
		return err
	}
	servers := []netip.AddrPort{netip.MustParseAddrPort(natlab.PublicAddress + ":7077"), netip.MustParseAddrPort("[" + natlab.PublicAddress6 + "]:7077")}
	reports, err := nat.Find(context.Background(), servers, token.RendezvousClient())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(reports)
}

func TestFindInTheLab(t *testing.T) {
	const independent, byAddress, byBoth = "endpoint-independent", "address-dependent", "address-and-port-dependent"
	type answer struct {
		Families                          []string
		Translated, Preserved, RST        bool
		Mapping, Filtering, FilteringIPv6 string
	}
	four, six, both := []string{"IPv4"}, []string{"IPv6"}, []string{"IPv4", "IPv6"}
	behind := func(nats ...natlab.NAT) func(*natlab.Lab) *natlab.Host {
		return func(l *natlab.Lab) *natlab.Host { return l.Behind(nats...) }
	}
	for name, c := range map[string]struct {
		place func(*natlab.Lab) *natlab.Host
		want  answer
	}{
		"open":          {func(l *natlab.Lab) *natlab.Host { return l.Direct(natlab.IPv4) }, answer{four, false, true, false, independent, independent, ""}},
		"open IPv6":     {func(l *natlab.Lab) *natlab.Host { return l.Direct(natlab.IPv6) }, answer{six, false, true, false, "unknown", "", "unknown"}},
		"cone":          {behind(natlab.NAT{Cone: true}), answer{four, true, true, false, independent, independent, ""}},
		"filtered":      {behind(natlab.NAT{}), answer{four, true, true, false, independent, byBoth, ""}},
		"reset":         {behind(natlab.NAT{Resets: true}), answer{four, true, true, true, independent, byBoth, ""}},
		"symmetric":     {behind(natlab.NAT{RandomPorts: true}), answer{four, true, false, false, byBoth, byBoth, ""}},
		"address":       {behind(natlab.NAT{ByAddress: true}), answer{four, true, false, false, byAddress, byBoth, ""}},
		"double":        {behind(natlab.NAT{}, natlab.NAT{}), answer{four, true, true, false, independent, byBoth, ""}},
		"IPv6 filtered": {behind(natlab.NAT{Families: natlab.IPv6}), answer{six, false, true, false, "unknown", "", byBoth}},
		"dual":          {behind(natlab.NAT{Families: natlab.Both}), answer{both, true, true, false, independent, byBoth, byBoth}},
	} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			self, err := os.Executable()
			require.NoError(t, err)
			server := lab.Public().Command(ctx, self)
			server.Env = append(os.Environ(), tokenVariable+"=server")
			out, err := server.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, server.Start())
			defer func() {
				cancel()
				_ = server.Wait()
			}()
			token, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			host := c.place(lab).Command(ctx, self)
			host.Env = append(os.Environ(), tokenVariable+"="+token[:len(token)-1])
			text, err := host.Output()
			require.NoError(t, err, "%s", text)
			t.Logf("%s", text)
			var reports []nat.Report
			require.NoError(t, json.Unmarshal(text, &reports))
			got := answer{}
			for _, r := range reports {
				got.Families = append(got.Families, r.Family)
				if r.Family == "IPv6" {
					got.FilteringIPv6 = r.Filtering
				} else {
					got.Filtering = r.Filtering
				}
			}
			r := reports[0]
			got.Translated, got.Preserved, got.RST, got.Mapping = r.Translated, r.PortPreserved, r.AnswersWithRST, r.Mapping
			require.Equal(t, c.want, got)
			require.Equal(t, r.Translated, r.Hairpinning != nil)
			require.Positive(t, r.RTT)
		})
	}
}

func TestFindWithoutAServer(t *testing.T) {
	_, err := nat.Find(context.Background(), nil, nil)
	require.ErrorContains(t, err, "no address")
}
