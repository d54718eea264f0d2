package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/servers"
)

// reader is a connection that only reads.
type reader struct {
	net.Conn
	r io.Reader
}

func (r reader) Read(p []byte) (int, error) { return r.r.Read(p) }

func TestGuard(t *testing.T) {
	bulk := "$3\r\nabc\r\n"
	for _, test := range []struct {
		replies string
		refused string // "": it passes
	}{
		{"+OK\r\n:7\r\n-ERR no\r\n$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n", ""},
		{"*2\r\n" + bulk + ":3\r\n" + bulk + "*1\r\n" + bulk, ""},
		{"$4\r\n*9\r\n\r\n+OK\r\n", ""}, // within a string all is allowed
		{strings.Repeat(bulk, 100), ""},
		{"$2000000000\r\n", "2000000000 bytes"},
		{"*5\r\n" + strings.Repeat(fmt.Sprintf("$%d\r\n%s\r\n", maxBulk, strings.Repeat("x", maxBulk)), 5), "83886080 bytes"},
		{"*2000000000\r\n", "2000000000 elements"},
		{"*2\r\n*2\r\n", "within another"},
		{"*2\r\n" + bulk + "*0\r\n", "within another"},
		{"$-2\r\n", `"-2"`},
		{"$99999999999999999999\r\n", "99999999999999999999"},
		{"*x\r\n", `"x"`},
		{"\r\n", "empty line"},
		{"+" + strings.Repeat("x", maxLine), "a line of more than 4096 bytes"},
	} {
		ways := map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }}
		if len(test.replies) < 1<<20 {
			ways["by byte"], ways["by half"] = iotest.OneByteReader, iotest.HalfReader
		}
		for way, read := range ways {
			got, err := io.ReadAll(&guard{Conn: reader{r: read(strings.NewReader(test.replies))}})
			if test.refused == "" {
				require.NoError(t, err, "%.40q %s", test.replies, way)
				require.Equal(t, test.replies, string(got))
			} else {
				require.ErrorContains(t, err, test.refused, "%.40q %s", test.replies, way)
			}
		}
	}
}

// FuzzGuard wants the same of replies however they are cut.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{"+OK\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "$-1\r\n", "*-1\r\n", "$5\r\nab", "$999999999\r\n", "\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, replies []byte) {
		var whole, cut guard
		want := whole.scan(replies)
		var got error
		for i := 0; i < len(replies) && got == nil; i++ {
			got = cut.scan(replies[i : i+1])
		}
		require.Equal(t, want == nil, got == nil)
		require.LessOrEqual(t, cut.skip, maxBulk+2)
		require.LessOrEqual(t, cut.left, maxArray)
	})
}

// TestHostileServer has a server announce a reply of two gigabytes: nobody makes room for it.
func TestHostileServer(t *testing.T) {
	leak.Check(t)
	address := servers.Listen(t, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		_, _ = c.Write([]byte("$2000000000\r\n"))
		_, _ = io.Copy(io.Discard, c)
	})
	s, err := New("redis://:secret@" + address + "/3")
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = s.Open(ctx, wire.Epoch{}, 0)
	runtime.ReadMemStats(&after)
	require.ErrorContains(t, err, "2000000000 bytes")
	require.NotContains(t, err.Error(), "secret")
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(10<<20))
}

// What a server says reaches terminals and logs as one line, without the password.
func TestErrorsArePrintable(t *testing.T) {
	s, err := New("redis://:a+secret@host")
	require.NoError(t, err)
	text := s.(*server).explain(errors.New("a+secret\n\x1b[2Jlevel=info msg=forged\r")).Error()
	require.NotContains(t, text, "a+secret")
	require.NotRegexp(t, "[\x00-\x1f]", text)
}
