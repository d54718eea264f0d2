package quic

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
)

// linger is how long a Conn waits, closed, until the peer closes too: a QUIC connection that is closed takes back what has
// not arrived.
const linger = 500 * time.Millisecond

// Conn is a QUIC connection with one stream. It implements net.Conn, and CloseWrite.
type Conn struct {
	endpoint *Endpoint
	conn     *quic.Conn
	stream   *quic.Stream
	heard    atomic.Bool // the peer's end
	once     sync.Once
}

var _ net.Conn = (*Conn)(nil)

func newConn(e *Endpoint, conn *quic.Conn, stream *quic.Stream) *Conn {
	return &Conn{endpoint: e, conn: conn, stream: stream}
}

// ConnectionState returns the state of TLS.
func (c *Conn) ConnectionState() tls.ConnectionState { return c.conn.ConnectionState().TLS }

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.stream.Read(p)
	if errors.Is(err, io.EOF) {
		c.heard.Store(true)
	}
	return n, plain(err)
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.stream.Write(p)
	return n, plain(err)
}

// plain returns what a TCP connection would.
func plain(err error) error {
	var application *quic.ApplicationError
	var idle *quic.IdleTimeoutError
	var cancelled *quic.StreamError
	switch {
	case errors.As(err, &application) && application.Remote:
		return syscall.ECONNRESET
	case errors.As(err, &application), errors.As(err, &cancelled) && !cancelled.Remote:
		return net.ErrClosed
	case errors.As(err, &cancelled):
		return syscall.EPIPE
	case errors.As(err, &idle):
		return syscall.ETIMEDOUT
	}
	return err
}

// CloseWrite tells the peer that no byte follows.
func (c *Conn) CloseWrite() error {
	return c.stream.Close()
}

// Close implements net.Conn. As with TCP, what was written still arrives, and then the end.
func (c *Conn) Close() error {
	c.once.Do(func() {
		_ = c.stream.Close()
		c.stream.CancelRead(0)
		wait := linger
		if c.heard.Load() {
			wait = linger / 5 // both have ended: only the last packets are on their way
		}
		c.endpoint.closing.Go(func(ctx context.Context) error {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-c.conn.Context().Done():
			case <-ctx.Done():
			}
			return c.conn.CloseWithError(0, "")
		})
	})
	return nil
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.stream.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.stream.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.stream.SetWriteDeadline(t) }
