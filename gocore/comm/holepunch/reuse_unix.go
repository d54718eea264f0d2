//go:build unix

package holepunch

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// reuse lets several sockets of this worker share one local port.
func reuse(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = share(int(fd)) })
	return errors.Join(err, failed)
}

func share(fd int) error {
	return errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
}
