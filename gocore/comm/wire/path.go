package wire

import "github.com/pycylon/pycylon/gocore/base/status"

// Path is how two ranks reach each other. Lower is better.
type Path byte

// The paths, best first.
const (
	Loopback Path = 1 // same machine
	Private  Path = 2 // an address of the other's own interfaces
	Public   Path = 3 // the address that the rendezvous saw, at the listening port
	Punched  Path = 4 // TCP simultaneous open between two punch ports
	QUIC     Path = 5 // the same with UDP
	Relayed  Path = 6 // through a relay, which sees ciphertext
	Redis    Path = 7 // through a Redis server, likewise
	S3       Path = 8 // through a bucket, likewise
	Custom   Path = 9 // through a store of the user's, likewise
)

var paths = [...]string{Loopback: "loopback", Private: "private", Public: "public", Punched: "punched", QUIC: "quic", Relayed: "relay", Redis: "redis", S3: "s3", Custom: "custom"}

// String returns the path's name, as users see it.
func (p Path) String() string {
	if !p.Valid() {
		return "unknown"
	}
	return paths[p]
}

// Valid tells whether p is one of the paths.
func (p Path) Valid() bool { return p >= Loopback && p <= Custom }

// ParsePath returns the path of a name.
func ParsePath(name string) (Path, error) {
	for p := Loopback; p.Valid(); p++ {
		if paths[p] == name {
			return p, nil
		}
	}
	return 0, status.Errorf(status.Invalid, "unknown path %q: the paths are loopback, private, public, punched, quic, relay, redis, s3 and custom", name)
}
