// Package relay connects two ranks that can't reach each other: each connects to the relay, which copies bytes from
// one connection to the other. The ranks run TLS with each other through it, both certificates pinned as on every other
// path: the relay sees ciphertext, and the worst that it can do is to stop.
//
//	rank a ── RELAY, PROOF ──▶ ┌───────────────┐ ◀── RELAY, PROOF ── rank b
//	                           │ (epoch, a, b) │
//	       ◀───────── READY ── └───────────────┘ ── READY ─────────▶
//	       ◀══════════════════ TLS 1.3, end to end ════════════════▶
//
// Who may use it says a ticket, which the rendezvous server signs when it seals a roster: an epoch, a rank, a key. The
// worker proves that it holds the key by signing a challenge, so that a ticket which somebody overhears is worth
// nothing. A relay needs no secret, only the public key of the tickets' issuer.
//
// A slow receiver stops its sender: bytes wait in the two sockets, never in the relay (Linux moves them from one to the
// other without a copy). What a job may use is bounded: pairs at a time and bytes in all, also over connections that
// come and go.
package relay

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Options are the quotas of a relay. The zero value is a good default.
type Options struct {
	Pairs       int   // connected at a time, of all jobs; 0: 4096
	PairsPerJob int   // connected at a time, of one job; 0: 2048
	BytesPerJob int64 // in all; 0: no limit

	ProofTimeout time.Duration // from a connection's first byte to its proof; 0: 10 s
}

// Relay pairs connections. Make one with New.
type Relay struct {
	opt    Options
	issuer ed25519.PublicKey

	mu      sync.Mutex
	waiting map[side]*guest
	jobs    map[[32]byte]*usage
	stats   Stats
}

// Stats are a relay's figures at one instant.
type Stats struct {
	Pairs   int // connected
	Waiting int // connections whose peers have not come yet

	Joined uint64            // pairs, since the start
	Bytes  uint64            // copied, since the start
	Quotas map[string]uint64 // connections that met a limit, by its name
}

// side is one rank's end of a pair.
type side struct {
	job        [32]byte // whose quotas count, over all of its openings
	epoch      wire.Epoch
	rank, peer int
}

// other is the end that the peer connects.
func (s side) other() side { return side{s.job, s.epoch, s.peer, s.rank} }

// usage is what a job has of its quota. It is there while the job has a connection here; where bytes are limited, as
// long as its tickets are valid.
type usage struct {
	guests  int // connections
	pairs   int
	bytes   int64
	expires time.Time // the last of its tickets that were shown
}

// guest is an authenticated connection that waits for its peer's. It is not read meanwhile: one that has ended is found
// out when the peer comes, who then comes again.
type guest struct {
	conn   net.Conn
	met    chan struct{} // closed when the peer has come, who then copies both ways
	gone   chan struct{} // closed when another takes its place
	copied chan struct{} // closed when the pair has ended
}

// New returns a relay for the tickets that issuer signs.
func New(issuer ed25519.PublicKey, opt Options) *Relay {
	if opt.Pairs == 0 {
		opt.Pairs = 4096
	}
	if opt.PairsPerJob == 0 {
		opt.PairsPerJob = 2048
	}
	if opt.ProofTimeout == 0 {
		opt.ProofTimeout = 10 * time.Second
	}
	return &Relay{opt: opt, issuer: issuer, waiting: map[side]*guest{}, jobs: map[[32]byte]*usage{}, stats: Stats{Quotas: map[string]uint64{}}}
}

// Limits of one connection.
const (
	peerTimeout  = 20 * time.Second // that a rank waits for the other one
	writeTimeout = 10 * time.Second // of a message
)

// Serve handles a connection until it ends, and closes it. first is what has been read of it. proved is called when the
// worker has proved who it is. It returns why a connection was not relayed.
func (r *Relay) Serve(ctx context.Context, conn net.Conn, first io.Reader, proved func()) error {
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(r.opt.ProofTimeout))
	at, expires, err := r.authenticate(conn, io.MultiReader(first, conn))
	if err == nil {
		proved()
		err = r.connect(ctx, conn, at, expires)
	}
	if err != nil {
		_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		_ = wire.WriteJoin(conn, wire.TypeFail, wire.FailOf(err).AppendMarshal(nil))
	}
	return err
}

// authenticate returns which end of which pair the worker is, and how long its ticket is valid.
func (r *Relay) authenticate(conn net.Conn, in io.Reader) (side, time.Time, error) {
	kind, body, err := wire.ReadJoin(in, wire.RelayBytes)
	if err != nil {
		return side{}, time.Time{}, err
	}
	if kind != wire.TypeRelay {
		return side{}, time.Time{}, status.Errorf(status.Malformed, "message %d came where RELAY was due: the worker is of another version", kind)
	}
	m, err := wire.ParseRelay(body)
	if err != nil {
		return side{}, time.Time{}, err
	}
	t, err := trust.VerifyTicket(r.issuer, m.Ticket, m.PublicKey, time.Now())
	if err != nil {
		return side{}, time.Time{}, err
	}
	if m.Peer < 0 || m.Peer >= t.WorldSize || m.Peer == t.Rank {
		return side{}, time.Time{}, status.Errorf(status.Invalid, "rank %d of a world of %d can't be connected with rank %d", t.Rank, t.WorldSize, m.Peer)
	}
	var challenge [32]byte
	if _, err := rand.Read(challenge[:]); err != nil {
		return side{}, time.Time{}, status.Errorf(status.Internal, "cannot make a challenge: %w", err)
	}
	if err := wire.WriteJoin(conn, wire.TypeChallenge, challenge[:]); err != nil {
		return side{}, time.Time{}, err
	}
	kind, proof, err := wire.ReadJoin(conn, ed25519.SignatureSize)
	if err != nil {
		return side{}, time.Time{}, err
	}
	if kind != wire.TypeProof {
		return side{}, time.Time{}, status.Errorf(status.Malformed, "message %d came where PROOF was due: the worker is of another version", kind)
	}
	return side{t.Job, t.Epoch, t.Rank, m.Peer}, t.Expires, trust.VerifyRelayProof(m.PublicKey, challenge, m.Peer, proof)
}

// connect waits for the other end, or copies between the two if that waits already.
func (r *Relay) connect(ctx context.Context, conn net.Conn, at side, expires time.Time) error {
	g, peer, err := r.enter(conn, at, expires)
	if err != nil {
		return err
	}
	if peer != nil {
		defer r.parted(at.job)
		defer close(peer.copied)
		return r.join(ctx, at.job, conn, peer.conn)
	}
	defer r.leave(g, at)
	return r.await(ctx, g, at, peerTimeout)
}

// await keeps a guest until its pair has ended, or nobody has come for so long.
func (r *Relay) await(ctx context.Context, g *guest, at side, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-g.met:
	case <-g.gone:
		return status.Errorf(status.Stale, "another connection of rank %d for rank %d has taken the place of this one", at.rank, at.peer)
	case <-timer.C:
		if r.withdraw(g, at) {
			return status.Errorf(status.Unreachable, "rank %d has not come to the relay within %s", at.peer, patience)
		}
	case <-ctx.Done():
		return nil
	}
	<-g.copied
	return nil
}
