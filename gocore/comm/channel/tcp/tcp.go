package tcp

import (
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
)

// Options are the settings of a Channel over TCP; the zero value is good.
type Options struct {
	// Limit is how long a peer may be silent before it is lost: 2 s when 0.
	Limit time.Duration
}

// New returns the channel of rank over authenticated connections, by rank, nil at its own. It owns them from here on.
func New(rank int, conns []net.Conn, opt Options) (channel.Channel, error) {
	return nil, status.Errorf(status.Unsupported, "not yet")
}
