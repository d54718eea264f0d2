package tcp

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// unsentLimit is how much the kernel takes ahead of what it has sent: control frames wait behind no more.
const unsentLimit = 128 << 10

// tune sets the options of a TCP socket; other connections stay as they are. A refused option costs latency only.
func tune(conn net.Conn, limit time.Duration) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	_ = tcp.SetNoDelay(true)
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentLimit)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
	})
}
