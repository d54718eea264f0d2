package relay

import (
	"context"
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Dial returns a connection to peer through the relay at address, once the peer has come there, too. It says nothing
// about who is at its other end: that is for TLS to prove.
func Dial(ctx context.Context, address string, ticket [wire.SignedTicketBytes]byte, identity *trust.Identity, peer int) (net.Conn, error) {
	d := net.Dialer{Timeout: writeTimeout}
	d.SetMultipathTCP(false)
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(writeTimeout + peerTimeout))
	if err := ask(conn, ticket, identity, peer); err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// ask is the worker's part of what the package comment draws.
func ask(conn net.Conn, ticket [wire.SignedTicketBytes]byte, identity *trust.Identity, peer int) error {
	m := &wire.Relay{Ticket: ticket, PublicKey: identity.PublicKey(), Peer: peer}
	if err := wire.WriteJoin(conn, wire.TypeRelay, m.AppendMarshal(nil)); err != nil {
		return err
	}
	challenge, err := expect(conn, wire.TypeChallenge)
	if err != nil {
		return err
	}
	if len(challenge) != 32 {
		return status.Errorf(status.Malformed, "the relay's challenge has %d bytes: it is of another version", len(challenge))
	}
	proof := identity.ProveToRelay([32]byte(challenge), peer)
	if err := wire.WriteJoin(conn, wire.TypeProof, proof[:]); err != nil {
		return err
	}
	_, err = expect(conn, wire.TypeReady)
	return err
}

// expect reads a message of one kind; a FAIL is returned as the error that it carries.
func expect(conn net.Conn, kind wire.JoinType) ([]byte, error) {
	got, body, err := wire.ReadJoin(conn, wire.MaxControl)
	switch {
	case err != nil:
		return nil, err
	case got == wire.TypeFail:
		m, err := wire.ParseFail(body)
		if err != nil {
			return nil, err
		}
		return nil, m.Err()
	case got != kind:
		return nil, status.Errorf(status.Malformed, "the relay sent message %d where %d was due: it is of another version", got, kind)
	}
	return body, nil
}
