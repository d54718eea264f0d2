package wire

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// frames are headers and their bytes, in both directions. Spaces separate the drawing's fields.
var frames = []struct {
	name   string
	hex    string
	header Header
}{
	{
		"heartbeat",
		"02 06 0000 00000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000" +
			"0000000000000000 0000000000000000 0000000000000000 00000000 00000000",
		Header{Class: ClassHeartbeat},
	},
	{
		"open",
		"02 01 0500 00000000 0700000000000000 0900000000000000 8877665544332211 0000000000000000" +
			"0000000000000000 0000000000000000 0000000000000000 00000000 00000000",
		Header{Class: ClassOpen, Payload: 5, Context: 7, Sequence: 9, Signature: 0x1122334455667788},
	},
	{
		"credit",
		"02 02 0000 02000000 0700000000000000 0900000000000000 0000000000000000 0000000000000000" +
			"0000000000000000 0000000000000000 ffffffffffffffff 00000000 00000000",
		Header{Class: ClassCredit, Stream: 2, Context: 7, Sequence: 9, Credit: 1<<64 - 1},
	},
	{
		"the largest part, at the end of a message over 4 GiB",
		"02 83 b8ff 03000000 0000000000000000 0100000000000000 0200000000000000 0400000000000000" +
			"4800ffff00000000 00000000 01000000 0000000000000000 05000000 00000000",
		Header{
			Class: ClassPart, Payload: MaxPayload, Stream: 3, Sequence: 1, Signature: 2, PairSequence: 4,
			Offset: 0xffff0048, Length: 1 << 32, Tag: 5,
		},
	},
	{
		"short message",
		"02 81 0040 00000000 0000000000000000 0100000000000000 0000000000000000 0100000000000000" +
			"0000000000000000 0040000000000000 0000000000000000 03010000 00000000",
		Header{Class: ClassEager, Payload: MaxEager, Sequence: 1, PairSequence: 1, Length: MaxEager, Tag: 0x103},
	},
	{
		"switch",
		"02 86 0000 00000000 0000000000000000 0000000000000000 8877665544332211 0900000000000000" +
			"0000000000000000 0000000000000000 0000000000000000 00000000 00000000",
		Header{Class: ClassSwitch, Signature: 0x1122334455667788, PairSequence: 9},
	},
}

func TestFrames(t *testing.T) {
	for _, f := range frames {
		t.Run(f.name, func(t *testing.T) {
			want, err := hex.DecodeString(strings.ReplaceAll(f.hex, " ", ""))
			require.NoError(t, err)
			require.Len(t, want, HeaderSize)
			require.Equal(t, want, f.header.AppendMarshal(nil))
			got, err := ParseHeader(want)
			require.NoError(t, err)
			require.Equal(t, f.header, got)
		})
	}
}

func TestFramesRefused(t *testing.T) {
	part := Header{Class: ClassPart, Payload: 10, Stream: 1, Sequence: 1, Offset: 5, Length: 15}
	for _, c := range []struct {
		name string
		edit func(b []byte) []byte
		code status.Code
		text string
	}{
		{"cut off", func(b []byte) []byte { return b[:HeaderSize-1] }, status.Malformed, "71 of 72"},
		{"another version", func(b []byte) []byte { b[0]++; return b }, status.Unsupported, "same version"},
		{"class 0", func(b []byte) []byte { b[1] = 0; return b }, status.Malformed, "class 0x0"},
		{"class beyond control", func(b []byte) []byte { b[1] = byte(ClassLeaving) + 1; return b }, status.Malformed, "class 0x9"},
		{"class beyond data", func(b []byte) []byte { b[1] = byte(ClassSwitch) + 1; return b }, status.Malformed, "class 0x87"},
		{"payload over the limit", func(b []byte) []byte { b[2], b[3] = 0xb9, 0xff; return b }, status.Malformed, "over the limit"},
		{"part beyond its message", func(b []byte) []byte { b[48] = 14; return b }, status.Malformed, "10 bytes at offset 5 exceed"},
		{"offset that overflows", func(b []byte) []byte { copy(b[40:], "\xff\xff\xff\xff\xff\xff\xff\xff"); return b }, status.Malformed, "exceed"},
		{"short message in parts", func(b []byte) []byte { b[1] = byte(ClassEager); return b }, status.Malformed, "short message"},
		{"reserved bytes", func(b []byte) []byte { b[71] = 1; return b }, status.Malformed, "reserved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseHeader(c.edit(part.AppendMarshal(nil)))
			require.Equal(t, c.code, status.CodeOf(err))
			require.ErrorContains(t, err, c.text)
		})
	}
}

// FuzzFrame checks that what parses is written back as it was, and that nothing else breaks the parser.
func FuzzFrame(f *testing.F) {
	for _, c := range frames {
		f.Add(c.header.AppendMarshal(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, h.Payload, MaxPayload)
		require.Equal(t, b[:HeaderSize], h.AppendMarshal(nil))
	})
}
