package connect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

func entry(host byte, observed string, addresses ...string) *wire.Entry {
	e := &wire.Entry{Member: wire.Member{Host: [16]byte{host}, Port: 9}}
	if observed != "" {
		e.Observed = netip.MustParseAddrPort(observed)
	}
	for _, a := range addresses {
		e.Member.Addresses = append(e.Member.Addresses, netip.MustParseAddr(a))
	}
	return e
}

func TestCandidates(t *testing.T) {
	all, err := parsePaths(nil)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		self, peer *wire.Entry
		want       []string
		punch      bool
	}{
		"same host":         {entry(1, "127.0.0.1:5", "10.0.0.1"), entry(1, "127.0.0.1:6", "10.0.0.1"), []string{"loopback 127.0.0.1:9", "private 10.0.0.1:9"}, false},
		"one snapshot":      {entry(1, "198.51.100.1:5", "169.254.1.1"), entry(1, "203.0.113.1:6", "169.254.1.1"), []string{"public 203.0.113.1:9"}, true},
		"one network":       {entry(1, "10.0.0.1:5", "10.0.0.1"), entry(2, "10.0.0.2:6", "10.0.0.2"), []string{"private 10.0.0.2:9"}, true},
		"behind a NAT":      {entry(1, "198.51.100.1:5", "10.0.0.1"), entry(2, "203.0.113.1:6", "10.0.0.2", "fd00::1"), []string{"private 10.0.0.2:9", "private [fd00::1]:9", "public 203.0.113.1:9"}, true},
		"public":            {entry(1, "198.51.100.1:5", "10.0.0.1"), entry(2, "203.0.113.1:6", "203.0.113.1"), []string{"public 203.0.113.1:9"}, true},
		"foreign loopback":  {entry(1, "198.51.100.1:5"), entry(2, "127.0.0.1:6", "127.0.0.1", "::1"), nil, false},
		"link and groups":   {entry(1, "198.51.100.1:5"), entry(2, "224.0.0.1:6", "169.254.1.1", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255"), nil, false},
		"nothing observed":  {entry(1, ""), entry(2, ""), nil, false},
		"one address twice": {entry(1, "10.0.0.1:5"), entry(2, "10.0.0.2:6", "10.0.0.2", "10.0.0.2"), []string{"private 10.0.0.2:9"}, true},
	} {
		var got []string
		for _, c := range candidates(c.self, c.peer, all) {
			got = append(got, c.path.String()+" "+c.address.String())
		}
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.punch, len(punchable(c.self, c.peer, all)) > 0, name)
	}
	only, err := parsePaths([]string{"public"})
	require.NoError(t, err)
	require.Len(t, candidates(entry(1, ""), entry(2, "203.0.113.1:6", "10.0.0.2"), only), 1)
	deaf := entry(1, "203.0.113.1:6", "10.0.0.2")
	deaf.Member.Port = 0
	require.Empty(t, candidates(entry(1, ""), deaf, all))
}

func TestTranslated(t *testing.T) {
	require.True(t, translated(entry(1, "203.0.113.1:6", "10.0.0.2")))
	require.False(t, translated(entry(1, "10.0.0.2:6", "10.0.0.3", "10.0.0.2")))
	require.False(t, translated(entry(1, "203.0.113.1:6")), "unknown")
}

func TestPunchRoundsAreACompleteTournament(t *testing.T) {
	for n := 2; n <= 65; n++ {
		for i := range n {
			partners := map[int]int{}
			for j := range n {
				if i == j {
					continue
				}
				require.Equal(t, punchRound(i, j, n), punchRound(j, i, n))
				partners[punchRound(i, j, n)]++
			}
			for round, count := range partners {
				require.Equal(t, 1, count, "rank %d of %d has %d partners in round %d", i, n, count, round)
			}
		}
	}
	start := time.Unix(0, 0)
	inFlight := map[time.Time]int{}
	for j := 1; j < 100; j++ {
		inFlight[punchStart(start, 0, j, 100)]++
	}
	for _, n := range inFlight {
		require.LessOrEqual(t, n, punchesInFlight)
	}
}

func TestDelays(t *testing.T) {
	for _, same := range []bool{false, true} {
		require.Zero(t, delay(true, same, false, 0))
		require.Less(t, delay(true, same, false, 0), delay(true, same, false, 1))
		require.Less(t, delay(true, same, false, wire.MaxAddresses), delay(false, same, false, wire.MaxAddresses))
	}
}

func TestAllLoopback(t *testing.T) {
	require.True(t, allLoopback([]string{"127.0.0.1:1", "[::1]:2", "localhost:3"}))
	require.False(t, allLoopback([]string{"127.0.0.1:1", "192.0.2.1:1"}))
	require.False(t, allLoopback([]string{"rendezvous.example:1"}))
}
