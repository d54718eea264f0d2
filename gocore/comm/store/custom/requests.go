package custom

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// kind is what is asked for.
type kind byte

const (
	put    kind = 'p' // leave the object under the key
	get    kind = 'g' // the object of the key, or none
	remove kind = 'd' // the object of the key is no longer wanted; there may be none
	list   kind = 'l' // the keys that begin with this one, a line each
)

// What an answer begins with.
const (
	found  = 'f' // the bytes that were asked for
	absent = 'a' // there is no such object
	failed = 'e' // the bytes say why
)

const (
	requestHead = 1 + 4 + 4
	answerHead  = 1 + 4
	maxReason   = 4 << 10 // bytes of a failure
)

// requests asks whoever serves the store, at the other ends of some sockets, one request at a time on each. Integers are
// little-endian:
//
//	request   u8 kind | u32 bytes of the key | u32 bytes of the object | key | object
//	answer    u8 found, absent or failed | u32 bytes | bytes
type requests struct {
	idle   chan net.Conn
	all    []net.Conn
	asking *task.Group
}

// newRequests takes over the descriptors.
func newRequests(descriptors []int) (*requests, error) {
	r := &requests{idle: make(chan net.Conn, len(descriptors)), asking: task.NewGroup(context.Background())}
	for _, descriptor := range descriptors {
		conn, err := take(descriptor)
		if err != nil {
			r.close()
			return nil, status.Errorf(status.Invalid, "descriptor %d isn't a socket at whose other end a store is served: %w", descriptor, err)
		}
		r.all = append(r.all, conn)
		r.idle <- conn
	}
	if len(descriptors) == 0 {
		return nil, status.Errorf(status.Invalid, "a store is served over no socket")
	}
	return r, nil
}

// take makes a connection of a descriptor.
func take(descriptor int) (net.Conn, error) {
	file := os.NewFile(uintptr(descriptor), "a store's socket")
	if file == nil {
		return nil, os.ErrInvalid
	}
	defer func() { _ = file.Close() }() // the connection has a duplicate
	return net.FileConn(file)
}

func (r *requests) close() {
	for _, conn := range r.all {
		_ = conn.Close()
	}
	_ = r.asking.Wait() // none fails
}

// ask returns the answer to a request, at most most bytes, of a longer object the first ones; nil where there is no such
// object. When ctx ends it returns, but the request goes on, and keeps its socket until it has been answered.
func (r *requests) ask(ctx context.Context, k kind, key string, object []byte, most int) ([]byte, error) {
	var conn net.Conn
	select {
	case conn = <-r.idle:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	answered := make(chan reply, 1)
	r.asking.Go(func(context.Context) error {
		answer, reason, err := exchange(conn, k, key, object, most)
		if err != nil {
			_ = conn.Close() // what still comes would pass for the answer to the next request
		} else if reason != "" {
			err = status.Errorf(status.IO, "%s", reason)
		}
		r.idle <- conn
		answered <- reply{answer, err}
		return nil
	})
	select {
	case a := <-answered:
		return a.bytes, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// reply is what came of a request.
type reply struct {
	bytes []byte
	err   error
}

// exchange sends a request and reads the answer, or why the store has failed.
func exchange(conn net.Conn, k kind, key string, object []byte, most int) (answer []byte, reason string, err error) {
	head := append(make([]byte, 0, requestHead+len(key)), byte(k))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(key)))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(object)))
	request := net.Buffers{append(head, key...), object}
	if _, err := request.WriteTo(conn); err != nil {
		return nil, "", err
	}
	var got [answerHead]byte
	if _, err := io.ReadFull(conn, got[:]); err != nil {
		return nil, "", err
	}
	n := int(binary.LittleEndian.Uint32(got[1:]))
	if got[0] == failed {
		most = maxReason
	}
	rest := 0
	if k == get && got[0] == found && n > most { // a stranger's: it must not cost the socket
		n, rest = most, n-most
	}
	if n > most {
		return nil, "", status.Errorf(status.Malformed, "the store answers with %d bytes for %q, and at most %d were put there", n, key, most)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(conn, body); err != nil {
		return nil, "", err
	}
	if _, err := io.CopyN(io.Discard, conn, int64(rest)); err != nil {
		return nil, "", err
	}
	switch got[0] {
	case failed:
		return nil, string(body), nil
	case absent:
		return nil, "", nil
	case found:
		return body, "", nil
	}
	return nil, "", status.Errorf(status.Malformed, "the store answers with byte %#x", got[0])
}
