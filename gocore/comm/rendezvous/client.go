package rendezvous

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Dialer opens a TCP connection; package holepunch has one that dials from the punch port.
type Dialer func(ctx context.Context, address string) (net.Conn, error)

// Client is a worker's connection to the rendezvous server. Its methods are called one after the other, in the order
// in which they stand here; Fail and Close at any time.
type Client struct {
	token   trust.Token
	conn    *tls.Conn
	address string
	offset  time.Duration // server's clock minus ours
	early   *message      // the roster, where it came while waiting for a pong

	// After is the epoch of the opening that this worker's next one follows; zeros: it has been in none. Set before Register.
	After wire.Epoch
}

type message struct {
	kind wire.JoinType
	body []byte
}

const (
	dialTimeout = 5 * time.Second        // of one address, by TCP
	tlsTimeout  = 20 * time.Second       // of a server that has answered: thousands of workers may have come at once
	retryFor    = 2 * time.Second        // a server that is just starting refuses at first
	retryPause  = 100 * time.Millisecond // between such tries
	failTime    = 100 * time.Millisecond // that giving up may take
	clockPings  = 3
)

// Dial connects to the token's rendezvous server and checks that it is the one. An address where another server
// answers doesn't end the search while the token lists others.
func Dial(ctx context.Context, token trust.Token, dial Dialer) (*Client, error) {
	if token.IsZero() {
		return nil, status.Errorf(status.Invalid, "no job token: make one with `python -m pycylon token`")
	}
	var last error
	for began := time.Now(); ; {
		var impostor error
		impostors := 0
		for _, address := range token.Addresses() {
			c, err := dialOne(ctx, token, address, dial)
			if err == nil {
				return c, nil
			}
			if ctx.Err() != nil {
				return nil, unreachable(token, errors.Join(last, context.Cause(ctx)))
			}
			if last = err; status.CodeOf(err) == status.Unauthenticated {
				impostor = err
				impostors++
			}
		}
		late := time.Since(began) > retryFor
		if impostor != nil && (late || impostors == len(token.Addresses())) {
			return nil, impostor
		}
		if late {
			return nil, unreachable(token, last)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryPause):
		}
	}
}

func unreachable(token trust.Token, err error) error {
	if errors.Is(err, context.Canceled) {
		return status.From(err)
	}
	return status.Errorf(status.Unreachable, "cannot reach the rendezvous server at %s: %w; check that it runs "+
		"(`python -m pycylon rendezvous`), that the token holds its address, and that this machine may connect to it",
		strings.Join(token.Addresses(), " or "), err)
}

func dialOne(ctx context.Context, token trust.Token, address string, dial Dialer) (*Client, error) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := dial(dialing, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel = context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	conn := tls.Client(raw, token.RendezvousClient())
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		if status.CodeOf(err) == status.Unauthenticated {
			return nil, status.Errorf(status.Unauthenticated, "the server at %s is not the rendezvous server that the token names: %w; "+
				"a server without a state directory has a new key after every start, so make a new token", address, err)
		}
		return nil, err
	}
	return &Client{token: token, conn: conn, address: address}, nil
}

// Close ends the connection.
func (c *Client) Close() { _ = c.conn.NetConn().Close() }

// ServerAddr returns the server's address as numbers: its relay is at the same port.
func (c *Client) ServerAddr() netip.AddrPort { return addrOf(c.conn.RemoteAddr()) }

// LocalAddr returns the own address of the connection.
func (c *Client) LocalAddr() netip.AddrPort { return addrOf(c.conn.LocalAddr()) }

// Observed asks how the server sees the connection. Register tells it, too, but later.
func (c *Client) Observed(ctx context.Context) (netip.AddrPort, error) {
	m, err := observed(ctx, c.conn)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return m.Seen, nil
}

// Register asks for a rank (-1: any) and returns the address that the server sees this worker come from. Patience is
// how long the worker will wait for the job to open.
func (c *Client) Register(ctx context.Context, rank int, patience time.Duration, member wire.Member) (netip.AddrPort, error) {
	defer c.watch(ctx)()
	member.MAC = c.token.MAC(member.AppendBody(nil))
	m := &wire.Register{Grant: c.token.Grant().AppendMarshal(nil), GrantSignature: c.token.GrantSignature(),
		JobKey: c.token.JobKey(), Rank: rank, Patience: patience, After: c.After, Member: member}
	var err error
	if m.Signature, err = c.token.Prove(c.conn.ConnectionState(), m.AppendSigned(nil)); err != nil {
		return netip.AddrPort{}, err
	}
	if err := wire.WriteJoin(c.conn, wire.TypeRegister, m.AppendMarshal(nil)); err != nil {
		return netip.AddrPort{}, c.broken(ctx, err)
	}
	body, err := c.expect(ctx, wire.TypeWelcome, wire.MaxControl)
	if err != nil {
		return netip.AddrPort{}, err
	}
	welcome, err := wire.ParseWelcome(body)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return welcome.Observed, c.measureClock(ctx)
}

// measureClock estimates the offset of the server's clock from the fastest of some round trips.
func (c *Client) measureClock(ctx context.Context) error {
	fastest := time.Duration(-1)
	for i := range clockPings {
		sent := time.Now()
		if err := wire.WriteJoin(c.conn, wire.TypePing, binary.LittleEndian.AppendUint64(nil, uint64(i))); err != nil {
			return c.broken(ctx, err)
		}
		for {
			m, err := c.read(ctx, wire.MaxRoster)
			if err != nil {
				return err
			}
			if m.kind != wire.TypePong {
				if c.early != nil { // no more than a roster is due by now: keeping whatever comes would fill the memory
					return unexpected(m.kind, wire.TypePong)
				}
				c.early = &m
				continue
			}
			pong, err := wire.ParsePong(m.body)
			if err != nil {
				return err
			}
			if trip := time.Since(sent); fastest < 0 || trip < fastest {
				fastest = trip
				c.offset = pong.Time.Sub(sent.Add(trip / 2))
			}
			break
		}
	}
	return nil
}

// Opening is a sealed roster, and this worker's place in it.
type Opening struct {
	Rank   int
	Roster *wire.Roster
	Epoch  wire.Epoch
	Start  time.Time                    // the instant at which all ranks punch, by the own clock
	Ticket [wire.SignedTicketBytes]byte // for the relay at the server's address; zeros: there is none
}

// Opening waits until the world is complete and returns how it opens. The roster's members are proved to hold the token;
// that the own entry is the one that was registered is the caller's to check.
func (c *Client) Opening(ctx context.Context) (*Opening, error) {
	defer c.watch(ctx)()
	body, err := c.expect(ctx, wire.TypeRoster, wire.MaxRoster)
	if err != nil {
		return nil, err
	}
	sealed, roster, err := wire.ParseSealed(body)
	if err != nil {
		return nil, err
	}
	if err := c.verify(roster); err != nil {
		return nil, err
	}
	return &Opening{Rank: sealed.Rank, Roster: roster, Epoch: wire.EpochOf(sealed.Blob), Start: sealed.Start.Add(-c.offset),
		Ticket: sealed.Ticket}, nil
}

// verify checks that the server neither invented a rank nor mixed up jobs.
func (c *Client) verify(r *wire.Roster) error {
	g := c.token.Grant()
	if r.Job != g.Job || r.Attempt != g.Attempt || len(r.Entries) != g.WorldSize {
		return status.Errorf(status.Unauthenticated, "the rendezvous server sent the roster of another job, attempt or world size: do not use this server")
	}
	seen := make(map[[32]byte]int, len(r.Entries))
	for rank := range r.Entries {
		m := &r.Entries[rank].Member
		if !c.token.VerifyMAC(m.AppendBody(nil), m.MAC) {
			return status.AtRank(status.Unauthenticated, rank, "the rendezvous server sent a roster with a rank that does not hold the job token: do not use this server")
		}
		if other, twice := seen[m.Pin]; twice {
			return status.AtRank(status.Unauthenticated, rank, "the rendezvous server sent a roster that has rank %d twice: do not use this server", other)
		}
		if m.Version != wire.ProtocolVersion {
			return status.AtRank(status.Unsupported, rank, "rank %d speaks protocol version %d and this one %d: install the same pycylon on all ranks",
				rank, m.Version, wire.ProtocolVersion)
		}
		seen[m.Pin] = rank
	}
	return nil
}

// Connected reports that this rank is connected to all others.
func (c *Client) Connected(epoch wire.Epoch) error {
	return wire.WriteJoin(c.conn, wire.TypeConnected, epoch[:])
}

// AwaitGo waits until all ranks are connected, or one of them has failed: then it returns why. It may run while
// Connected is called.
func (c *Client) AwaitGo(ctx context.Context, epoch wire.Epoch) error {
	defer c.watch(ctx)()
	body, err := c.expect(ctx, wire.TypeGo, wire.MaxControl)
	if err != nil {
		return err
	}
	if len(body) != len(epoch) || wire.Epoch(body) != epoch {
		return status.Errorf(status.Unauthenticated, "the rendezvous server let another epoch go: do not use this server")
	}
	return nil
}

// Fail tells the server, and through it the other ranks, why this one gives up. It waits a moment for the message to
// have been read.
func (c *Client) Fail(err error) {
	_ = c.conn.SetDeadline(time.Now().Add(failTime))
	if wire.WriteJoin(c.conn, wire.TypeFail, wire.FailOf(err).AppendMarshal(nil)) == nil {
		drain(c.conn)
	}
}

// watch makes reads end with the context, until the returned function is called. Writes need no such end: what a worker
// says in all fits the socket's buffer.
func (c *Client) watch(ctx context.Context) (stop func()) {
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.conn.SetReadDeadline(deadline)
	}
	end := context.AfterFunc(ctx, func() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) })
	return func() { end() }
}

// expect returns the body of the next message, which has to be of one kind.
func (c *Client) expect(ctx context.Context, kind wire.JoinType, limit int) ([]byte, error) {
	m := c.early
	if c.early = nil; m == nil {
		read, err := c.read(ctx, limit)
		if err != nil {
			return nil, err
		}
		m = &read
	}
	if m.kind != kind {
		return nil, unexpected(m.kind, kind)
	}
	return m.body, nil
}

func unexpected(got, due wire.JoinType) error {
	return status.Errorf(status.Malformed, "the rendezvous server sent message %d where %d was due: it is of another version", got, due)
}

// read returns the next message; a FAIL is returned as the error that it carries.
func (c *Client) read(ctx context.Context, limit int) (message, error) {
	kind, body, err := wire.ReadJoin(c.conn, limit)
	if err != nil {
		return message{}, c.broken(ctx, err)
	}
	if kind == wire.TypeFail {
		m, err := wire.ParseFail(body)
		if err != nil {
			return message{}, err
		}
		return message{}, m.Err()
	}
	return message{kind, body}, nil
}

// broken says what a failed read or write means.
func (c *Client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.From(context.Cause(ctx))
	}
	var typed *status.Error
	if errors.As(err, &typed) {
		return typed
	}
	return status.Errorf(status.Unreachable, "the connection to the rendezvous server at %s broke: %w; if the server was restarted, start the job again",
		c.address, err)
}
