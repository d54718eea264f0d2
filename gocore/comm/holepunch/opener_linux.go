package holepunch

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// openerPoll is how often an opener's socket is looked at.
const openerPoll = time.Millisecond

// opener returns the openers of a port to a remote one; nil where they don't work. Over IPv6 the kernel can't be told to
// ignore that they have expired.
func opener(port int, remote netip.AddrPort) func(ctx context.Context, hops int) net.Conn {
	if !remote.Addr().Is4() {
		return nil
	}
	return func(ctx context.Context, hops int) net.Conn {
		ctx, cancel := context.WithTimeout(ctx, openerWait)
		defer cancel()
		return open(ctx, port, remote, hops)
	}
}

// open sends a SYN that passes so many routers, from a socket that then waits for the other side's, until the context
// ends. It returns nil if none comes.
func open(ctx context.Context, port int, remote netip.AddrPort, hops int) net.Conn {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	set := func(option, value int) bool { return unix.SetsockoptInt(fd, unix.IPPROTO_IP, option, value) == nil }
	// What a router sends back of a SYN that expired there has a TTL of 1, and is not taken for an answer.
	if share(fd) != nil || !set(unix.IP_TTL, hops) || !set(unix.IP_MINTTL, 2) || unix.Bind(fd, &unix.SockaddrInet4{Port: port}) != nil {
		return nil
	}
	if unix.Connect(fd, &unix.SockaddrInet4{Port: int(remote.Port()), Addr: remote.Addr().As4()}) != unix.EINPROGRESS {
		return nil
	}
	if !set(unix.IP_TTL, -1) { // the system's: what follows has to arrive
		return nil
	}
	for pause(ctx, openerPoll) {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		if n, err := unix.Poll(ready, 0); err != nil || n == 0 {
			continue
		}
		if failed, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || failed != 0 {
			return nil
		}
		return connOf(fd)
	}
	return nil
}

// connOf returns a connection over a copy of the descriptor.
func connOf(fd int) net.Conn {
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(copied), "punched")
	defer func() { _ = f.Close() }()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil
	}
	return conn
}
