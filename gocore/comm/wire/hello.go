package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Welcome tells a registered worker how the server sees it.
//
//	address | u16 port
type Welcome struct {
	Observed netip.AddrPort
}

// AppendMarshal appends the body.
func (m Welcome) AppendMarshal(dst []byte) []byte {
	dst = appendAddr(dst, m.Observed.Addr())
	return binary.LittleEndian.AppendUint16(dst, m.Observed.Port())
}

// ParseWelcome parses a body.
func ParseWelcome(body []byte) (Welcome, error) {
	f := &fields{rest: body}
	a := f.addr()
	m := Welcome{Observed: netip.AddrPortFrom(a, f.u16())}
	return m, f.done("WELCOME")
}

// Path is how two ranks reach each other. Lower is better.
type Path byte

// The paths, best first.
const (
	Loopback Path = 1 // same machine
	Private  Path = 2 // an address of the other's own interfaces
	Public   Path = 3 // the address that the rendezvous saw, at the listening port
	Punched  Path = 4 // TCP simultaneous open between two punch ports
)

var paths = [...]string{Loopback: "loopback", Private: "private", Public: "public", Punched: "punched"}

// String returns the path's name, as users see it.
func (p Path) String() string {
	if !p.Valid() {
		return "unknown"
	}
	return paths[p]
}

// Valid tells whether p is one of the paths.
func (p Path) Valid() bool { return p >= Loopback && p <= Punched }

// ParsePath returns the path of a name.
func ParsePath(name string) (Path, error) {
	for p := Loopback; p.Valid(); p++ {
		if paths[p] == name {
			return p, nil
		}
	}
	return 0, status.Errorf(status.Invalid, "unknown path %q: the paths are loopback, private, public and punched", name)
}

// Hello is the first message between two workers, inside TLS.
//
//	u16 version | 32 epoch | u32 source | u32 destination | u8 path
type Hello struct {
	Epoch       Epoch
	Source      int
	Destination int
	Path        Path
}

// AppendMarshal appends the body.
func (m *Hello) AppendMarshal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, ProtocolVersion)
	dst = append(dst, m.Epoch[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Source))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Destination))
	return append(dst, byte(m.Path))
}

// ParseHello parses a body.
func ParseHello(body []byte) (*Hello, error) {
	f := &fields{rest: body}
	if v := f.u16(); !f.bad && v != ProtocolVersion {
		return nil, status.Errorf(status.Unsupported, "the peer speaks protocol version %d and this rank %d: "+
			"install the same pycylon on all ranks", v, ProtocolVersion)
	}
	m := &Hello{}
	copy(m.Epoch[:], f.take(32))
	m.Source = int(f.u32())
	m.Destination = int(f.u32())
	m.Path = Path(f.u8())
	if !m.Path.Valid() {
		f.bad = true
	}
	if err := f.done("HELLO"); err != nil {
		return nil, err
	}
	return m, nil
}
