package wire

import (
	"encoding/binary"
	"io"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Joining: what a worker and the rendezvous server say to each other, and what two workers say inside TLS before
// their connection carries frames. Integers are little-endian. Every message is
//
//	0      1               4
//	+------+---------------+--------------------
//	| type | length of body| body
//	+------+---------------+--------------------
//
//	worker                     rendezvous            worker (dialler)              worker (acceptor)
//	  | REGISTER  ----------------> |                   | HELLO  <------------------>  HELLO |
//	  | <----------------- WELCOME  |                   | HELLO-ACK <------------> HELLO-ACK |
//	  | PING ---------------------> |                   |                                    |
//	  | <--------------------- PONG |                 lower rank                       higher rank
//	  | <------------------- ROSTER |                   | NOMINATE ------------------------> |
//	  | CONNECTED ----------------> |                   | <------------------- NOMINATE-ACK  |
//	  | <----------------------- GO |
//
//	worker                          relay                         worker
//	  | RELAY (ticket, peer) ------> | <------ RELAY (ticket, peer) |
//	  | <----------------- CHALLENGE | CHALLENGE -----------------> |
//	  | PROOF ---------------------> | <---------------------- PROOF|
//	  | <--------------------- READY | READY ---------------------> |   then TLS between the workers, HELLO, ...
//
//	any machine                rendezvous
//	  | OBSERVE ----------------> |
//	  | <--------------- OBSERVED |   how the server sees the connection
//	  | PROBE ------------------> |   connect to what you have seen, from elsewhere
//	  | <----------------- PROBED |
//
// FAIL takes the place of any message between worker and rendezvous or relay, and ends the connection.
// A parser refuses bytes after the last field: a newer format has a newer ProtocolVersion.

// ProtocolVersion is the version of the joining messages and of the frames after them; ranks of one job must agree.
const ProtocolVersion = 2

// JoinType is the first byte of a joining message.
type JoinType byte

// The joining messages.
const (
	TypeRegister    JoinType = 1  // worker to rendezvous: Register
	TypeWelcome     JoinType = 2  // rendezvous to worker: Welcome
	TypePing        JoinType = 3  // worker to rendezvous: 8 bytes, returned in Pong
	TypePong        JoinType = 4  // rendezvous to worker: Pong
	TypeRoster      JoinType = 5  // rendezvous to worker: Sealed
	TypeConnected   JoinType = 6  // worker to rendezvous: the epoch, 32 bytes
	TypeGo          JoinType = 7  // rendezvous to worker: the epoch, 32 bytes
	TypeFail        JoinType = 8  // both ways: Fail
	TypeObserve     JoinType = 9  // anybody to rendezvous: empty
	TypeObserved    JoinType = 10 // rendezvous to anybody: Observed
	TypeProbe       JoinType = 11 // anybody to rendezvous: a Whence
	TypeProbed      JoinType = 12 // rendezvous to anybody: a Verdict
	TypeHello       JoinType = 16 // worker to worker: Hello
	TypeHelloAck    JoinType = 17 // worker to worker: empty
	TypeNominate    JoinType = 18 // lower to higher rank: empty
	TypeNominateAck JoinType = 19 // higher to lower rank: empty
	TypeRow         JoinType = 24 // higher to lower rank: a byte; see exam.go
	TypeEcho        JoinType = 25 // both ways: any bytes
	TypeSink        JoinType = 26 // lower to higher rank: a count
	TypeSource      JoinType = 27 // lower to higher rank: a count
	TypeRows        JoinType = 28 // lower to higher rank: empty; back: JSON
	TypeTable       JoinType = 29 // lower to higher rank: JSON
	TypeRelay       JoinType = 32 // worker to relay: Relay
	TypeChallenge   JoinType = 33 // relay to worker: 32 random bytes
	TypeProof       JoinType = 34 // worker to relay: 64 bytes, the signature of the challenge
	TypeReady       JoinType = 35 // relay to worker: empty; what follows is the other worker's
)

// Limits of a joining message's body, by what the reader expects.
const (
	MaxRegister = 4 << 10  // REGISTER: before the worker is authenticated
	MaxControl  = 2 << 10  // everything but REGISTER and ROSTER
	MaxRoster   = 15 << 20 // ROSTER
)

const joinHeader = 4

// AppendJoinHead appends the head of a joining message whose body has n bytes.
func AppendJoinHead(dst []byte, t JoinType, n int) []byte {
	return append(dst, byte(t), byte(n), byte(n>>8), byte(n>>16))
}

// AppendJoin appends a joining message to dst.
func AppendJoin(dst []byte, t JoinType, body []byte) []byte {
	return append(AppendJoinHead(dst, t, len(body)), body...)
}

// WriteJoin writes a joining message in one Write.
func WriteJoin(w io.Writer, t JoinType, body []byte) error {
	_, err := w.Write(AppendJoin(make([]byte, 0, joinHeader+len(body)), t, body))
	return err
}

// ReadJoin reads one joining message, and not a byte more. A body over limit is refused before it is read.
func ReadJoin(r io.Reader, limit int) (JoinType, []byte, error) {
	var head [joinHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(head[1]) | int(head[2])<<8 | int(head[3])<<16
	if n > limit {
		return 0, nil, status.Errorf(status.Malformed, "a joining message of type %d has %d bytes, over the limit of %d: "+
			"the other side is not pycylon, or of another version", head[0], n, limit)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, err
	}
	return JoinType(head[0]), body, nil
}

// fields reads fixed-size fields off the front of a body; a short body sets bad, and further reads give zeros.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) take(n int) []byte {
	if f.bad || n > len(f.rest) {
		f.bad = true
		return make([]byte, n)
	}
	b := f.rest[:n:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) u8() byte    { return f.take(1)[0] }
func (f *fields) u16() uint16 { return binary.LittleEndian.Uint16(f.take(2)) }
func (f *fields) u32() uint32 { return binary.LittleEndian.Uint32(f.take(4)) }
func (f *fields) u64() uint64 { return binary.LittleEndian.Uint64(f.take(8)) }

// done returns an error if the body was short, or longer than its message.
func (f *fields) done(what string) error {
	switch {
	case f.bad:
		return status.Errorf(status.Malformed, "%s ends early: the other side is of another version, or the message is damaged", what)
	case len(f.rest) > 0:
		return status.Errorf(status.Malformed, "%s has %d bytes too many: the other side is of another version", what, len(f.rest))
	}
	return nil
}
