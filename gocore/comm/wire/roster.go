package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Member is what a worker says of itself: who it is and where it may be reached. MAC is made with a key that the
// rendezvous server does not hold, over everything before it (and the job), so that the server can't invent a rank.
//
//	32 SHA-256 of the certificate's public key | 16 nonce | u16 version | u32 capabilities | 16 host
//	| u16 listening port | u8 count, addresses | u8 count, (address | u16 port) ... | u8 mapping
//	| u16 UDP port | u16 public UDP port | 16 MAC
//
// An address is u8 length (4 or 16) and its bytes. Host is a keyed hash of machine and network namespace: equal for
// workers that reach each other through loopback, and meaningless to the server.
type Member struct {
	Pin          [32]byte
	Nonce        [16]byte
	Version      uint16
	Capabilities uint32
	Host         [16]byte
	Port         uint16 // 0: doesn't listen
	Addresses    []netip.Addr
	Mapped       []netip.AddrPort // public addresses of its punch port in the families that the roster's Observed isn't of
	Mapping      Mapping          // of the NAT between it and the roster's Observed
	UDPPort      uint16           // of its QUIC socket; 0: it has none
	UDPPublic    uint16           // the public port of that socket, at the address of the roster's Observed; 0: nobody was heard by UDP
	MAC          [16]byte
}

// Bounds of one member.
const (
	MaxAddresses = 8
	MaxMapped    = 1 // there are two families
)

// AppendBody appends everything that the MAC covers.
func (m *Member) AppendBody(dst []byte) []byte {
	dst = append(dst, m.Pin[:]...)
	dst = append(dst, m.Nonce[:]...)
	dst = binary.LittleEndian.AppendUint16(dst, m.Version)
	dst = binary.LittleEndian.AppendUint32(dst, m.Capabilities)
	dst = append(dst, m.Host[:]...)
	dst = binary.LittleEndian.AppendUint16(dst, m.Port)
	dst = append(dst, byte(len(m.Addresses)))
	for _, a := range m.Addresses {
		dst = appendAddr(dst, a)
	}
	dst = append(appendAddrPorts(dst, m.Mapped), byte(m.Mapping))
	dst = binary.LittleEndian.AppendUint16(dst, m.UDPPort)
	return binary.LittleEndian.AppendUint16(dst, m.UDPPublic)
}

// AppendMarshal appends the member with its MAC.
func (m *Member) AppendMarshal(dst []byte) []byte { return append(m.AppendBody(dst), m.MAC[:]...) }

func (m *Member) parse(f *fields) {
	copy(m.Pin[:], f.take(32))
	copy(m.Nonce[:], f.take(16))
	m.Version = f.u16()
	m.Capabilities = f.u32()
	copy(m.Host[:], f.take(16))
	m.Port = f.u16()
	n := int(f.u8())
	if n > MaxAddresses {
		f.bad = true
		return
	}
	for range n {
		m.Addresses = append(m.Addresses, f.addr())
	}
	m.Mapped = f.addrPorts(MaxMapped)
	m.Mapping = Mapping(f.u8())
	m.UDPPort = f.u16()
	m.UDPPublic = f.u16()
	copy(m.MAC[:], f.take(16))
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	raw := a.Unmap().AsSlice()
	dst = append(dst, byte(len(raw)))
	return append(dst, raw...)
}

func (f *fields) addr() netip.Addr {
	n := int(f.u8())
	if n != 0 && n != 4 && n != 16 {
		f.bad = true
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(f.take(n))
	if a.Is4In6() { // would marshal to other bytes
		f.bad = true
	}
	return a
}

// Entry is one rank of a roster: the member, and the address that the server saw it come from (behind a NAT, the
// public address of the worker's punch port).
//
//	Member | address | u16 port
type Entry struct {
	Member   Member
	Observed netip.AddrPort
}

// Roster lists the ranks of a job, in order. Its encoding's hash is the epoch.
//
//	u16 version | 32 job | u32 attempt | u32 world size | Entry ...
type Roster struct {
	Job     [32]byte
	Attempt uint32
	Entries []Entry
}

// AppendMarshal appends the roster.
func (r *Roster) AppendMarshal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, ProtocolVersion)
	dst = append(dst, r.Job[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, r.Attempt)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.Entries)))
	for i := range r.Entries {
		e := &r.Entries[i]
		dst = e.Member.AppendMarshal(dst)
		dst = appendAddrPort(dst, e.Observed)
	}
	return dst
}

// ParseRoster parses an encoded roster.
func ParseRoster(blob []byte) (*Roster, error) {
	f := &fields{rest: blob}
	if v := f.u16(); !f.bad && v != ProtocolVersion {
		return nil, status.Errorf(status.Unsupported, "the rendezvous server speaks protocol version %d and this worker %d: "+
			"install the same pycylon on both", v, ProtocolVersion)
	}
	r := &Roster{}
	copy(r.Job[:], f.take(32))
	r.Attempt = f.u32()
	n := int(f.u32())
	for i := 0; i < n && !f.bad; i++ {
		var e Entry
		e.Member.parse(f)
		e.Observed = f.addrPort()
		r.Entries = append(r.Entries, e)
	}
	if err := f.done("ROSTER"); err != nil {
		return nil, err
	}
	return r, nil
}

// Epoch names one opening of one job: the SHA-256 of its sealed roster. It stands in every peer's hello, so that two
// ranks that were given different rosters, or one of an earlier opening, never become peers.
type Epoch [32]byte

// EpochOf returns the epoch of an encoded roster.
func EpochOf(blob []byte) Epoch {
	h := sha256.New()
	h.Write([]byte("pycylon epoch v1\x00"))
	h.Write(blob)
	return Epoch(h.Sum(nil))
}

// Sealed hands a worker its rank and the roster, whose bytes are the same for all.
//
//	u32 rank | i64 the instant at which to punch, server's clock, Unix nanoseconds | signed ticket | encoded roster
type Sealed struct {
	Rank   int
	Start  time.Time
	Ticket [SignedTicketBytes]byte // for the server's relay; zeros where it relays nothing
	Blob   []byte
}

// AppendHead appends what differs between ranks: the body is this and then the blob.
func (m *Sealed) AppendHead(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Rank))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(m.Start.UnixNano()))
	return append(dst, m.Ticket[:]...)
}

// AppendMarshal appends the body.
func (m *Sealed) AppendMarshal(dst []byte) []byte { return append(m.AppendHead(dst), m.Blob...) }

// ParseSealed parses a body, and the roster in it.
func ParseSealed(body []byte) (*Sealed, *Roster, error) {
	f := &fields{rest: body}
	m := &Sealed{Rank: int(f.u32()), Start: time.Unix(0, int64(f.u64()))}
	copy(m.Ticket[:], f.take(SignedTicketBytes))
	m.Blob = f.rest
	if f.bad {
		return nil, nil, f.done("ROSTER")
	}
	r, err := ParseRoster(m.Blob)
	if err != nil {
		return nil, nil, err
	}
	if m.Rank >= len(r.Entries) {
		return nil, nil, status.Errorf(status.Malformed, "the rendezvous server gave rank %d of a roster of %d", m.Rank, len(r.Entries))
	}
	return m, r, nil
}
