package wire_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

func member() wire.Member {
	return wire.Member{Pin: [32]byte{1}, Nonce: [16]byte{2}, Version: wire.ProtocolVersion, Capabilities: 3, Host: [16]byte{4}, Port: 40000,
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")},
		Mapped:    []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:7")}, Mapping: wire.AddressDependent, MAC: [16]byte{5}}
}

func register() *wire.Register {
	return &wire.Register{Grant: []byte("grant"), GrantSignature: [64]byte{6}, JobKey: [32]byte{7}, Rank: -1,
		Patience: 1500 * time.Millisecond, After: wire.Epoch{10}, Member: member(), Signature: [64]byte{8}}
}

func roster() *wire.Roster {
	second := member()
	second.Pin[0], second.Addresses, second.Mapped = 9, nil, nil
	return &wire.Roster{Job: [32]byte{1}, Attempt: 2, Entries: []wire.Entry{
		{Member: member(), Observed: netip.MustParseAddrPort("198.51.100.1:1234")}, {Member: second}}}
}

func ticket() *wire.Ticket {
	return &wire.Ticket{Job: [32]byte{6}, Epoch: wire.Epoch{1}, WorldSize: 3, Rank: 2, Pin: [32]byte{4}, Expires: time.Unix(5, 0)}
}

// messages are one of each: encoded, and parsed and encoded again.
var messages = []struct {
	name    string
	encoded []byte
	again   func(body []byte) ([]byte, error)
}{
	{"register", register().AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseRegister(b)
		if err != nil {
			return nil, err
		}
		return m.AppendMarshal(nil), nil
	}},
	{"welcome", wire.Welcome{Observed: netip.MustParseAddrPort("[2001:db8::2]:99")}.AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseWelcome(b)
		return m.AppendMarshal(nil), err
	}},
	{"pong", wire.Pong{Ping: 7, Time: time.Unix(1, 2)}.AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParsePong(b)
		return m.AppendMarshal(nil), err
	}},
	{"roster", roster().AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseRoster(b)
		if err != nil {
			return nil, err
		}
		return m.AppendMarshal(nil), nil
	}},
	{"sealed", (&wire.Sealed{Rank: 1, Start: time.Unix(3, 4), Ticket: [wire.SignedTicketBytes]byte{5}, Blob: roster().AppendMarshal(nil)}).AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, _, err := wire.ParseSealed(b)
		if err != nil {
			return nil, err
		}
		return m.AppendMarshal(nil), nil
	}},
	{"hello", (&wire.Hello{Epoch: wire.Epoch{1}, Source: 2, Destination: 3, Path: wire.Punched}).AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseHello(b)
		if err != nil {
			return nil, err
		}
		return m.AppendMarshal(nil), nil
	}},
	{"ticket", ticket().AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseTicket(b)
		return m.AppendMarshal(nil), err
	}},
	{"relay", (&wire.Relay{Ticket: [wire.SignedTicketBytes]byte{1}, PublicKey: [32]byte{2}, Peer: 3}).AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseRelay(b)
		if err != nil {
			return nil, err
		}
		return m.AppendMarshal(nil), nil
	}},
	{"observed", (&wire.Observed{Seen: netip.MustParseAddrPort("198.51.100.1:1"), Others: []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::2]:99")}}).AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseObserved(b)
		if err != nil {
			return nil, err
		}
		return m.AppendMarshal(nil), nil
	}},
	{"count", wire.AppendCount(nil, wire.MaxBulk), func(b []byte) ([]byte, error) {
		n, err := wire.ParseCount(b)
		return wire.AppendCount(nil, n), err
	}},
	{"fail", wire.FailOf(status.AtRank(status.Timeout, 3, "late")).AppendMarshal(nil), func(b []byte) ([]byte, error) {
		m, err := wire.ParseFail(b)
		return m.AppendMarshal(nil), err
	}},
}

func TestJoiningMessages(t *testing.T) {
	for _, m := range messages {
		t.Run(m.name, func(t *testing.T) {
			got, err := m.again(m.encoded)
			require.NoError(t, err)
			require.Equal(t, m.encoded, got)
			if m.name == "fail" { // ends with text of any length
				return
			}
			for n := range m.encoded {
				_, err := m.again(m.encoded[:n])
				require.Error(t, err, "cut to %d bytes", n)
			}
			_, err = m.again(append(bytes.Clone(m.encoded), 0))
			require.Equal(t, status.Malformed, status.CodeOf(err))
		})
	}
}

func TestJoiningMessagesOfAnotherVersion(t *testing.T) {
	for _, i := range []int{0, 3, 5, 7} { // register, roster, hello, relay: those that begin with it
		encoded := bytes.Clone(messages[i].encoded)
		encoded[0]++
		_, err := messages[i].again(encoded)
		require.Equal(t, status.Unsupported, status.CodeOf(err), messages[i].name)
		require.ErrorContains(t, err, "same pycylon")
	}
}

func TestReadJoin(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, wire.WriteJoin(&b, wire.TypePing, []byte("12345678")))
	b.WriteString("rest")
	kind, body, err := wire.ReadJoin(&b, 8)
	require.NoError(t, err)
	require.Equal(t, wire.TypePing, kind)
	require.Equal(t, "12345678", string(body))
	require.Equal(t, "rest", b.String(), "not a byte more is read")

	_, _, err = wire.ReadJoin(bytes.NewReader(wire.AppendJoin(nil, wire.TypePing, make([]byte, 9))), 8)
	require.Equal(t, status.Malformed, status.CodeOf(err))
	_, _, err = wire.ReadJoin(bytes.NewReader([]byte("GET / HTTP/1.1")), wire.MaxControl)
	require.Equal(t, status.Malformed, status.CodeOf(err))
}

func TestEpochChangesWithEveryField(t *testing.T) {
	seen := map[wire.Epoch]bool{}
	for _, change := range []func(*wire.Roster){
		func(*wire.Roster) {},
		func(r *wire.Roster) { r.Job[0]++ },
		func(r *wire.Roster) { r.Attempt++ },
		func(r *wire.Roster) { r.Entries[0].Member.Nonce[0]++ },
		func(r *wire.Roster) { r.Entries[1].Member.Pin[0]++ },
		func(r *wire.Roster) { r.Entries[1].Member.Capabilities++ },
		func(r *wire.Roster) { r.Entries[0], r.Entries[1] = r.Entries[1], r.Entries[0] },
	} {
		r := roster()
		change(r)
		e := wire.EpochOf(r.AppendMarshal(nil))
		require.False(t, seen[e])
		seen[e] = true
	}
}

func TestRosterStaysSmall(t *testing.T) {
	rank := wire.Entry{Member: member(), Observed: netip.MustParseAddrPort("198.51.100.1:1234")} // on both families
	r := &wire.Roster{Entries: []wire.Entry{rank, rank, rank}}                                   // two are 4% over, by the roster's head
	require.LessOrEqual(t, len(r.AppendMarshal(nil)), 3*160, "bytes at the rendezvous are at most 160 per pair of ranks")
}

// What an error says reaches the terminals of all ranks: nobody controls them with it.
func TestFailTexts(t *testing.T) {
	for said, want := range map[string]string{
		"late":                          "late",
		"two\nlines,\ta tab, für 日本　語":  "two\nlines,\ta tab, für 日本　語",
		"\x1b]0;title\x07\x1b[2J\r":     "?]0;title??[2J?",
		"\u202egnihton\u200b":           "?gnihton?",
		"\xff\xfe":                      "?",
		strings.Repeat("ü", 2000):       strings.Repeat("ü", (wire.MaxControl-8)/2),
		"x" + strings.Repeat("ü", 2000): "x" + strings.Repeat("ü", (wire.MaxControl-8)/2-1) + "?",
	} {
		sent := wire.Fail{Code: status.Timeout, Rank: 3, Text: said}.AppendMarshal(nil)
		got, err := wire.ParseFail(sent)
		require.NoError(t, err)
		require.Equal(t, want, got.Text)
		raw := append(sent[:8:8], said...)
		if _, err := wire.ParseFail(raw); said == want {
			require.NoError(t, err)
		} else {
			require.Error(t, err, "%q", said)
		}
	}
}

func TestFailKeepsCodeRankAndText(t *testing.T) {
	m, err := wire.ParseFail(wire.FailOf(status.In("merge", status.AtRank(status.PeerLost, 7, "gone"))).AppendMarshal(nil))
	require.NoError(t, err)
	require.Equal(t, status.PeerLost, m.Err().Code)
	require.Equal(t, 7, m.Err().Rank)
	require.Equal(t, "gone (rank 7)", m.Err().Error())
}

func TestPaths(t *testing.T) {
	for p := wire.Loopback; p.Valid(); p++ {
		back, err := wire.ParsePath(p.String())
		require.NoError(t, err)
		require.Equal(t, p, back)
	}
	_, err := wire.ParsePath("carrier pigeon")
	require.Equal(t, status.Invalid, status.CodeOf(err))
	require.Equal(t, "unknown", wire.Path(0).String())
}

// FuzzJoiningMessages: no parser accepts what it would not have written, or fails in another way than by an error.
func FuzzJoiningMessages(f *testing.F) {
	for i, m := range messages {
		f.Add(uint8(i), m.encoded)
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		again, err := messages[int(which)%len(messages)].again(body)
		if err == nil && !bytes.Equal(again, body) && len(body) <= wire.MaxControl {
			t.Fatalf("%x parses and encodes as %x", body, again)
		}
	})
}

// FuzzReadJoin: a message is read whole and within its limit, or not at all.
func FuzzReadJoin(f *testing.F) {
	f.Add(wire.AppendJoin(nil, wire.TypePing, []byte("12345678")), uint16(8))
	f.Add(wire.AppendJoin(nil, wire.TypePing, []byte("12345678")), uint16(7))
	f.Add([]byte("GET / HTTP/1.1"), uint16(wire.MaxControl))
	f.Fuzz(func(t *testing.T, stream []byte, limit uint16) {
		rest := bytes.NewReader(stream)
		kind, body, err := wire.ReadJoin(rest, int(limit))
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(body), int(limit))
		require.Equal(t, stream[:len(stream)-rest.Len()], wire.AppendJoin(nil, kind, body))
	})
}
