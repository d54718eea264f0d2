package quic

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzAnswer(f *testing.F) {
	question := newQuestion()
	f.Add(question[:], uint16(7))
	f.Add([]byte("x"), uint16(0))
	f.Add(answerTo(question[:], netip.MustParseAddrPort("203.0.113.9:7")), uint16(7))
	f.Fuzz(func(t *testing.T, packet []byte, port uint16) {
		from := netip.AddrPortFrom(netip.MustParseAddr("203.0.113.9"), port)
		answer := answerTo(packet, from)
		require.LessOrEqual(t, len(answer), len(packet), "an answer is no longer than its question")
		require.Nil(t, answerTo(answer, from), "an answer is no question")
		if answer != nil && len(packet) == packetBytes {
			if seen, ok := parseAnswer(answer, [packetBytes]byte(packet)); ok {
				require.Equal(t, from, seen)
				require.NotZero(t, seen.Port())
			}
		}
		_, _ = parseAnswer(packet, question)
	})
}
