package connect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/holepunch"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/natmodel"
)

// ExpectedPaths reads testdata/paths.md: the kinds of the columns, and per row its name and its paths.
func ExpectedPaths(t *testing.T) (columns []string, rows [][]string) {
	text, err := os.ReadFile("testdata/paths.md")
	require.NoError(t, err)
	architecture, err := os.ReadFile("../../../ARCHITECTURE.md")
	require.NoError(t, err)
	require.Contains(t, string(architecture), string(text))
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		switch i {
		case 0:
			columns = cells[1:]
		case 1:
		default:
			rows = append(rows, cells)
		}
	}
	return columns, rows
}

// modelled are the kinds of hosts that the model knows, each by its NATs, the innermost first.
var modelled = map[string][]natmodel.NAT{
	"open":      nil,
	"cone":      {{Cone: true}},
	"filtered":  {{}},
	"reset":     {{Resets: true}},
	"symmetric": {{Mapping: natmodel.AddressAndPortDependent}},
	"address":   {{Mapping: natmodel.AddressDependent}},
	"double":    {{}, {}},
	"no UDP":    {{}},
	"no TCP":    {{Closed: true}}, // lets out to the public host only, which is the server
	"closed":    {{Closed: true}},
}

const listening = 7000

// Two addresses of the rendezvous server.
var observers = [2]netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:7077"), netip.MustParseAddrPort("198.51.100.2:7077")}

// modelHost adds rank's host of a kind; a second one behind the NATs of the first where there is one.
func modelHost(n *natmodel.Net, kind string, rank int, beside []*natmodel.NAT) (*natmodel.Host, netip.Addr, []*natmodel.NAT) {
	nats := beside
	if nats == nil {
		for depth, t := range modelled[kind] {
			t.Address = netip.AddrFrom4([4]byte{100, 64, byte(rank), byte(depth)}) // between two NATs
			if depth == len(modelled[kind])-1 {
				t.Address = netip.AddrFrom4([4]byte{203, 0, 113, byte(1 + rank)})
			}
			nats = append(nats, &t)
		}
	}
	address := netip.AddrFrom4([4]byte{10, 0, byte(rank), 5})
	if len(nats) == 0 {
		address = netip.AddrFrom4([4]byte{203, 0, 113, byte(101 + rank)})
	}
	return n.Host(address, nats...), address, nats
}

// inModel is a rank's network and sockets in the model.
type inModel struct {
	host  *natmodel.Host
	relay *natmodel.Relay
}

func (m inModel) dial(ctx context.Context, address netip.AddrPort, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return m.host.Dial(ctx, 0, address)
}

func (m inModel) meet(ctx context.Context, _ *joiner, _ netip.AddrPort, _ int) (net.Conn, error) {
	if conn := m.relay.Meet(ctx.Done(), "the pair"); conn != nil {
		return conn, nil
	}
	return nil, ctx.Err()
}

// Dial implements holepunch.Sockets.
func (m inModel) Dial(ctx context.Context, port int, address string) (net.Conn, error) {
	return m.host.Dial(ctx, uint16(port), netip.MustParseAddrPort(address))
}

// Opener implements holepunch.Sockets.
func (m inModel) Opener(port int, remote netip.AddrPort) func(context.Context, int) net.Conn {
	return func(ctx context.Context, hops int) net.Conn {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Millisecond)
		defer cancel()
		return m.host.Open(ctx, uint16(port), remote, hops)
	}
}

// connectInModel lets two ranks of some kinds connect, and returns by which path, as both have it, and how long after the roster.
func connectInModel(t *testing.T, n *natmodel.Net, kinds [2]string, skew time.Duration) (paths [2]wire.Path, took time.Duration) {
	all := ranks(t, 2)
	ctx, cancel := context.WithCancel(context.Background())
	relay := n.Relay()
	roster := all[0].roster
	var nats []*natmodel.NAT
	began := time.Now()
	for rank, j := range all {
		kind, beside := kinds[rank], []*natmodel.NAT(nil)
		if kind == "one NAT" {
			beside = nats
		}
		var host *natmodel.Host
		var address netip.Addr
		host, address, nats = modelHost(n, kind, rank, beside)
		m := inModel{host, relay}
		j.network, j.port = m, holepunch.NewPortOf(m)
		j.allowed = map[wire.Path]bool{wire.Loopback: true, wire.Private: true, wire.Public: true, wire.Punched: true, wire.Relayed: true}
		j.listener, j.nearSlots = host.Listen(listening), make(chan struct{}, outgoingNear)
		j.ticket[0] = 1
		j.sealed, j.start = began, began.Add(150*time.Millisecond+skew*time.Duration(rank))
		e := &roster.Entries[rank]
		e.Member.Host[0], e.Member.Port, e.Member.Addresses = byte(rank+1), listening, []netip.Addr{address}
		e.Observed = host.Seen(uint16(j.port.Number()), observers[0])
		e.Member.Mapping = wire.EndpointIndependent
		if host.Seen(uint16(j.port.Number()), observers[1]) != e.Observed {
			e.Member.Mapping = wire.DestinationDependent
		}
	}
	g := task.NewGroup(ctx)
	for rank, j := range all {
		j.pairs[1-rank] = newPair(g.Context(), rank, 1-rank)
		g.Go(func(ctx context.Context) error { return j.accept(ctx, g) })
		j.race(g, j.pairs[1-rank])
	}
	for rank, j := range all {
		select {
		case <-j.settled:
		case <-time.After(pairTimeout(2)):
			require.Fail(t, "not connected", "rank %d of %v: %s", rank, kinds, j.pairs[1-rank].failures())
		}
	}
	took = time.Since(began)
	synctest.Wait() // a nomination that has taken another's place is settled, too
	var links [2]int
	for rank, j := range all {
		p := j.pairs[1-rank]
		p.mu.Lock()
		links[rank], paths[rank] = tcp.Raw(p.settled.conn).(*natmodel.Conn).Link, p.settled.path
		p.mu.Unlock()
	}
	require.Equal(t, links[0], links[1], "%v: not the same connection: %v", kinds, paths)
	cancel()
	for _, j := range all {
		require.NoError(t, j.listener.Close())
		j.closePairs(false)
	}
	_ = g.Wait()
	return paths, took
}

// The machines that punch, race and nominate, all of a rank but rendezvous, QUIC and sockets, run between two hosts of every pair
// of the kinds, in both orders of the ranks, under virtual time: with random delays and clocks, both settle on the path of the table,
// in time; where SYNs are lost and connections break, too, on one and the same connection, if on a worse path. QUIC isn't
// modelled: the relay stands in for it.
func TestModelOfNATs(t *testing.T) {
	seeds := 100
	if testing.Short() {
		seeds = 4
	}
	columns, rows := ExpectedPaths(t)
	for _, row := range rows {
		for i, second := range columns {
			first, expected := row[0], row[1+i]
			_, known := modelled[first]
			if _, other := modelled[second]; !other || !known && first != "one NAT" || expected == "" {
				continue
			}
			want, err := wire.ParsePath(expected)
			require.NoError(t, err)
			if want == wire.QUIC {
				want = wire.Relayed
			}
			kinds := [2]string{first, second}
			if first == "one NAT" {
				kinds = [2]string{second, first}
			}
			t.Run(first+"/"+second, func(t *testing.T) {
				for seed := range uint64(seeds) {
					for _, trouble := range []bool{false, true} {
						name := fmt.Sprintf("seed %d, trouble %v", seed, trouble)
						synctest.Test(t, func(t *testing.T) {
							n := natmodel.New(seed)
							if trouble {
								n.Loss, n.Break = 0.15, 0.3
							}
							chance := rand.New(rand.NewPCG(seed, 2))
							skew := time.Duration(chance.Int64N(int64(20*time.Millisecond))) - 10*time.Millisecond
							paths, took := connectInModel(t, n, kinds, skew)
							require.Equal(t, paths[0], paths[1], name)
							if trouble {
								require.GreaterOrEqual(t, paths[0], want, name)
								return
							}
							require.Equal(t, want, paths[0], name)
							if want < wire.Relayed {
								require.Less(t, took, time.Second, name)
							}
						})
					}
				}
			})
		}
	}
}
