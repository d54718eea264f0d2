package connect

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/quic"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// handshakeTimeout bounds TLS and hello of one connection. It is generous: a mesh of many ranks on few cores takes
// its time, and a stranger who waits it out costs one place of the gate.
const handshakeTimeout = 10 * time.Second

// greet runs TLS and the hello on a fresh connection and returns the rank at its other end. An acceptor passes
// expected = -1: any rank of the roster, on the path that the dialler names.
func (j *joiner) greet(ctx context.Context, raw net.Conn, client bool, expected int, path wire.Path) (r *racer, peer int, err error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	_ = raw.SetDeadline(time.Now().Add(handshakeTimeout))

	conn, err := j.secure(ctx, raw, client, expected)
	if err != nil {
		return nil, 0, err
	}
	if peer = expected; peer < 0 {
		peer = j.ranks[trust.PinOf(conn.ConnectionState())]
	}
	named, err := j.exchangeHello(conn, peer, client, path)
	if err != nil {
		return nil, 0, err
	}
	_ = raw.SetDeadline(time.Time{})
	return &racer{conn: conn, path: named, client: client, at: time.Now(), done: make(chan struct{})}, peer, nil
}

// secured is a connection whose other side is known by its certificate.
type secured interface {
	net.Conn
	ConnectionState() tls.ConnectionState
}

// secure runs TLS, but on QUIC, which has done so.
func (j *joiner) secure(ctx context.Context, raw net.Conn, client bool, expected int) (secured, error) {
	if conn, ok := raw.(*quic.Conn); ok {
		return conn, nil
	}
	var conn *tls.Conn
	if client {
		conn = tls.Client(tcp.NewSocket(raw), j.identity.PeerClient(j.roster.Entries[expected].Member.Pin))
	} else {
		conn = tls.Server(tcp.NewSocket(raw), j.identity.PeerServer(func(p trust.Pin) bool { return j.expects(p, expected) }))
	}
	return conn, conn.HandshakeContext(ctx)
}

// expects tells whether a certificate is that of another rank, or of the expected one if that isn't negative.
func (j *joiner) expects(p trust.Pin, expected int) bool {
	rank, known := j.ranks[p]
	return known && rank != j.rank && (expected < 0 || rank == expected)
}

// exchangeHello makes both sides sure that the other has accepted the connection, for this epoch and these ranks. The
// client speaks first, since the server adopts its path.
func (j *joiner) exchangeHello(conn net.Conn, peer int, client bool, path wire.Path) (wire.Path, error) {
	mine := &wire.Hello{Epoch: j.epoch, Source: j.rank, Destination: peer, Path: path}
	if client {
		if err := wire.WriteJoin(conn, wire.TypeHello, mine.AppendMarshal(nil)); err != nil {
			return 0, err
		}
	}
	body, err := expect(conn, wire.TypeHello)
	if err != nil {
		return 0, err
	}
	theirs, err := wire.ParseHello(body)
	switch {
	case err != nil:
		return 0, err
	case theirs.Epoch != j.epoch:
		return 0, status.AtRank(status.Stale, peer, "rank %d is in another opening of the job", peer)
	case theirs.Source != peer || theirs.Destination != j.rank:
		return 0, status.AtRank(status.Unauthenticated, peer, "rank %d says that rank %d calls rank %d", peer, theirs.Source, theirs.Destination)
	case (path != 0 && theirs.Path != path) || (path == 0 && theirs.Path >= wire.Punched):
		return 0, status.AtRank(status.Malformed, peer, "rank %d took this %s connection for a %s one", peer, path, theirs.Path)
	}
	if client {
		err = wire.WriteJoin(conn, wire.TypeHelloAck, nil)
	} else {
		mine.Path = theirs.Path
		hello := wire.AppendJoin(nil, wire.TypeHello, mine.AppendMarshal(nil))
		_, err = conn.Write(wire.AppendJoin(hello, wire.TypeHelloAck, nil))
	}
	if err != nil {
		return 0, err
	}
	_, err = expect(conn, wire.TypeHelloAck)
	return theirs.Path, err
}

// expect reads one message of a kind.
func expect(conn net.Conn, kind wire.JoinType) ([]byte, error) {
	got, body, err := wire.ReadJoin(conn, wire.MaxControl)
	if err != nil {
		return nil, err
	}
	if got != kind {
		return nil, status.Errorf(status.Malformed, "the peer sent message %d where %d was due: it is of another version", got, kind)
	}
	return body, nil
}
