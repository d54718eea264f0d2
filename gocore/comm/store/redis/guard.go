package redis

import (
	"bytes"
	"net"
	"strconv"

	"github.com/pycylon/pycylon/gocore/base/status"
)

const (
	maxLine  = 4 << 10  // bytes of a line of the protocol
	maxBulk  = 16 << 20 // of a string: longer than any that ranks leave
	maxReply = 64 << 20 // of all strings of a reply: of as many as are taken at a time
	maxArray = 1024     // elements of a reply
)

// guard is a connection to a server that may be hostile: the client makes room for as much as a reply announces, and
// goes into what is nested however deep. So replies are looked through on their way (RESP 2, redis.io/docs/reference/protocol-spec):
//
//	$5 CRLF hello CRLF     a string of 5 bytes; $-1 is none
//	*2 CRLF reply reply    an array, in which ranks expect no other
//	+OK  -ERR ...  :7      a line
type guard struct {
	net.Conn
	line  []byte // what has come of a line
	skip  int    // bytes of a string that are still to come
	left  int    // elements of an array likewise
	total int    // bytes of the reply's strings
}

// Read implements net.Conn.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if refused := g.scan(p[:n]); refused != nil {
		return 0, refused
	}
	return n, err
}

func (g *guard) scan(b []byte) error {
	for len(b) > 0 {
		if g.skip > 0 {
			n := min(g.skip, len(b))
			g.skip -= n
			b = b[n:]
			continue
		}
		part := b
		end := bytes.IndexByte(b, '\n')
		if end >= 0 {
			part = b[:end+1]
		}
		if len(g.line)+len(part) > maxLine {
			return status.Errorf(status.Malformed, "the server sends a line of more than %d bytes", maxLine)
		}
		g.line, b = append(g.line, part...), b[len(part):]
		if end >= 0 {
			if err := g.begin(string(bytes.TrimRight(g.line, "\r\n"))); err != nil {
				return err
			}
			g.line = g.line[:0]
		}
	}
	return nil
}

// begin takes in the line that a reply, or an element of one, begins with.
func (g *guard) begin(line string) error {
	if line == "" {
		return status.Errorf(status.Malformed, "the server sends an empty line where a reply begins")
	}
	inArray := g.left > 0
	if inArray {
		g.left--
	} else {
		g.total = 0
	}
	if line[0] != '$' && line[0] != '*' {
		return nil
	}
	n, err := strconv.Atoi(line[1:])
	switch {
	case err != nil || n < -1:
		return status.Errorf(status.Malformed, "the server sends a reply of %.20q bytes", line[1:])
	case line[0] == '*' && (inArray || n > maxArray):
		return status.Errorf(status.Malformed, "the server sends an array of %d elements, or one within another", n)
	case line[0] == '*':
		g.left = max(n, 0)
	case n > maxBulk || g.total+n > maxReply:
		return status.Errorf(status.Malformed, "the server sends a reply of %d bytes", g.total+n)
	case n >= 0:
		g.total += n
		g.skip = n + len("\r\n")
	}
	return nil
}
