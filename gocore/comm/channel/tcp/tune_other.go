//go:build !linux

package tcp

import (
	"net"
	"time"
)

// tune sets the options of a TCP socket that every system has.
func tune(conn net.Conn, _ time.Duration) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true)
	}
}

// limitUnsent can't limit what the kernel takes here: control frames wait behind more.
func limitUnsent(net.Conn, int) {}
