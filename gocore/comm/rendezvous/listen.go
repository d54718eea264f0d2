package rendezvous

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/quic"
)

// listeners are the ports of a server, at all of which it does the same. Several addresses let it serve both families,
// and let workers compare what it sees of them from each.
type listeners struct {
	list     []net.Listener
	udp      []*net.UDPConn // at the same ports, where they were free: they tell QUIC sockets their addresses
	accepted chan acceptance
	group    *task.Group
	start    sync.Once
}

type acceptance struct {
	conn net.Conn
	err  error
}

// listen opens the ports of a comma-separated list.
func listen(list string) (*listeners, error) {
	l := &listeners{accepted: make(chan acceptance), group: task.NewGroup(context.Background())}
	for _, address := range strings.Split(list, ",") {
		one, err := net.Listen("tcp", strings.TrimSpace(address))
		if err != nil {
			_ = l.Close()
			return nil, status.Errorf(status.Invalid, "the rendezvous server cannot listen on %q: %w; write HOST:PORT of this machine, with a free port", address, err)
		}
		l.list = append(l.list, one)
		if at, ok := one.Addr().(*net.TCPAddr); ok {
			if udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Port: at.Port, Zone: at.Zone}); err == nil {
				l.udp = append(l.udp, udp)
			}
		}
	}
	return l, nil
}

// Accept returns the next connection to any of the ports, or net.ErrClosed after Close.
func (l *listeners) Accept() (net.Conn, error) {
	l.start.Do(func() {
		for _, one := range l.list {
			l.group.Go(func(ctx context.Context) error { return l.accept(ctx, one) })
		}
		for _, udp := range l.udp {
			l.group.Go(func(context.Context) error { return quic.Answer(udp) })
		}
	})
	select {
	case a := <-l.accepted:
		return a.conn, a.err
	case <-l.group.Context().Done():
		return nil, net.ErrClosed
	}
}

// accept hands on what comes in at one port.
func (l *listeners) accept(ctx context.Context, one net.Listener) error {
	for {
		conn, err := one.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		select {
		case l.accepted <- acceptance{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				_ = conn.Close()
			}
			return nil
		}
	}
}

// Close closes all ports.
func (l *listeners) Close() error {
	l.group.Fail(net.ErrClosed)
	var err error
	for _, one := range l.list {
		err = errors.Join(err, one.Close())
	}
	for _, udp := range l.udp {
		err = errors.Join(err, udp.Close())
	}
	_ = l.group.Wait()
	return err
}

// addrs returns where the ports are.
func (l *listeners) addrs() (list []netip.AddrPort) {
	for _, text := range l.texts() {
		if a, err := netip.ParseAddrPort(text); err == nil {
			list = append(list, a)
		}
	}
	return list
}

func (l *listeners) texts() (list []string) {
	for _, one := range l.list {
		list = append(list, one.Addr().String())
	}
	return list
}
