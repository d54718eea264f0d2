// Package wire is every byte that ranks and the rendezvous server send: one type per message with AppendMarshal and
// Parse, sizes bounded before anything is allocated. join.go draws the messages of joining; frames follow them.
//
// A frame is a header of 72 bytes and a payload of at most 64 KiB - 72 bytes. Integers are little-endian.
//
//	   0        1        2                 4                                   8
//	   +--------+--------+-----------------+-----------------------------------+
//	 0 |version | class  | payload bytes   | stream                            |
//	   +--------+--------+-----------------+-----------------------------------+
//	 8 | context: the communicator                                             |
//	   +-----------------------------------------------------------------------+
//	16 | sequence: the operation, counted per context from 1; 0 is none        |
//	   +-----------------------------------------------------------------------+
//	24 | signature: what all ranks must agree on in this operation             |
//	   +-----------------------------------------------------------------------+
//	32 | pair sequence: the message, counted per operation, stream and pair    |
//	   +-----------------------------------------------------------------------+
//	40 | offset of this payload in its message                                 |
//	   +-----------------------------------------------------------------------+
//	48 | length of the whole message                                           |
//	   +-----------------------------------------------------------------------+
//	56 | credit: bytes that the receiver may send in all, since the stream began|
//	   +-----------------------------------+-----------------------------------+
//	64 | tag: the step, or the user's      | 0                                 |
//	   +-----------------------------------+-----------------------------------+
//	72 | payload ...
//
// Classes below 0x80 are control: they overtake data, and a rank takes them in whatever it is doing. Data frames of a
// pair keep their order. Fields that a class doesn't name below are 0.
//
//	control    OPEN       sequence, signature; payload Open        a rank entered an operation
//	           CREDIT     sequence, stream, credit (pair sequence) how much may be sent in a stream
//	           CTS        sequence, pair sequence                  the receiver of an RTS is ready for all of it
//	           FAIL       sequence; payload Fail                   a rank's operation failed; the others' fails with it
//	           ABORT      tag (origin); payload Fail               the environment is over: Fail.Rank is lost
//	           HEARTBEAT                                           the sender lives
//	           BYE-ACK                                             everything before BYE has been read
//	           LEAVING                                             the sender receives no message any more
//	data       EAGER      sequence .. tag; whole payload           a short message of stream 0, under credit
//	           RTS        sequence .. tag                          announces a long message of stream 0
//	           PART       sequence .. tag; payload at offset       a part of a long message, or of one of a stream >= 1
//	           FIN        sequence, stream, pair sequence          no message follows in this stream; of messages from
//	                                                               rank to rank, that this one breaks off
//	           BYE                                                 no frame follows: the sender has finished
//	           SWITCH     signature, pair sequence                 the sender's last frame on this connection, after so
//	                                                               many: it goes on at the connection of that name
//
// Credit is counted in bytes of messages plus HeaderSize for each message, so that empty ones are bounded too. It is
// cumulative: repeating a grant changes nothing. It starts at EagerCredit in every stream. Stream 0 (the steps of
// collectives) has one credit per context and pair, with sequence 0; every other stream has its own. Messages from rank to
// rank, which belong to no operation, are stream 1 of sequence 0: their credit is in bytes of short ones alone, and the pair
// sequence of a CREDIT says how many of them may be sent in all. Their signature says what the payload is.
package wire

import (
	"encoding/binary"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Sizes of frames, in bytes.
const (
	HeaderSize  = 72
	MaxFrame    = 64 << 10
	MaxPayload  = MaxFrame - HeaderSize
	MaxEager    = 16 << 10 // longest message that is sent without asking
	EagerCredit = 4 * (MaxEager + HeaderSize)
)

// Class is what a frame is for.
type Class uint8

// The classes of frames; the package comment says what each carries.
const (
	ClassOpen      Class = 0x01
	ClassCredit    Class = 0x02
	ClassCTS       Class = 0x03
	ClassFail      Class = 0x04
	ClassAbort     Class = 0x05
	ClassHeartbeat Class = 0x06
	ClassByeAck    Class = 0x07
	ClassLeaving   Class = 0x08
	ClassEager     Class = 0x81
	ClassRTS       Class = 0x82
	ClassPart      Class = 0x83
	ClassFin       Class = 0x84
	ClassBye       Class = 0x85
	ClassSwitch    Class = 0x86
)

// Control tells whether frames of this class overtake data.
func (c Class) Control() bool { return c < 0x80 }

func (c Class) known() bool {
	return c >= ClassOpen && c <= ClassLeaving || c >= ClassEager && c <= ClassSwitch
}

// Header is the fixed part of a frame.
type Header struct {
	Class        Class
	Payload      int // bytes that follow
	Stream       uint32
	Context      uint64
	Sequence     uint64
	Signature    uint64
	PairSequence uint64
	Offset       uint64
	Length       uint64
	Credit       uint64
	Tag          uint32
}

// AppendMarshal appends the header to dst.
func (h *Header) AppendMarshal(dst []byte) []byte {
	le := binary.LittleEndian
	dst = append(dst, ProtocolVersion, byte(h.Class))
	dst = le.AppendUint16(dst, uint16(h.Payload))
	dst = le.AppendUint32(dst, h.Stream)
	for _, v := range [...]uint64{h.Context, h.Sequence, h.Signature, h.PairSequence, h.Offset, h.Length, h.Credit} {
		dst = le.AppendUint64(dst, v)
	}
	dst = le.AppendUint32(dst, h.Tag)
	return le.AppendUint32(dst, 0)
}

// ParseHeader parses the first HeaderSize bytes of a frame and checks what can be checked without a state.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, status.Errorf(status.Malformed, "a frame's header ends after %d of %d bytes", len(b), HeaderSize)
	}
	le := binary.LittleEndian
	if b[0] != ProtocolVersion {
		return Header{}, status.Errorf(status.Unsupported, "a frame of version %d arrived and this is version %d: "+
			"install the same version of pycylon on all ranks", b[0], ProtocolVersion)
	}
	h := Header{
		Class:        Class(b[1]),
		Payload:      int(le.Uint16(b[2:])),
		Stream:       le.Uint32(b[4:]),
		Context:      le.Uint64(b[8:]),
		Sequence:     le.Uint64(b[16:]),
		Signature:    le.Uint64(b[24:]),
		PairSequence: le.Uint64(b[32:]),
		Offset:       le.Uint64(b[40:]),
		Length:       le.Uint64(b[48:]),
		Credit:       le.Uint64(b[56:]),
		Tag:          le.Uint32(b[64:]),
	}
	payload := uint64(h.Payload)
	switch {
	case !h.Class.known():
		return Header{}, status.Errorf(status.Malformed, "a frame has the unknown class %#x", byte(h.Class))
	case h.Payload > MaxPayload:
		return Header{}, status.Errorf(status.Malformed, "a frame has %d bytes of payload, over the limit of %d", h.Payload, MaxPayload)
	case le.Uint32(b[68:]) != 0:
		return Header{}, status.Errorf(status.Malformed, "a frame's reserved bytes are not 0")
	case h.Class == ClassEager && (h.Offset != 0 || h.Length != payload || payload > MaxEager):
		return Header{}, status.Errorf(status.Malformed, "a short message has %d bytes at offset %d of %d", payload, h.Offset, h.Length)
	case h.Class == ClassPart && (h.Offset > h.Length || payload > h.Length-h.Offset):
		return Header{}, status.Errorf(status.Malformed, "%d bytes at offset %d exceed their message of %d", payload, h.Offset, h.Length)
	}
	return h, nil
}
