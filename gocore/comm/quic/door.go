package quic

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// A packet that may come from anybody is enough to begin a handshake, which is kept for handshakeTimeout.
const (
	mostHandshakes = 256 // at a time: as many as a rank's listening port takes in
	fewHandshakes  = 64  // from so many on, who comes has to show that packets to his address reach him (RFC 9000, 8.1.2)
)

// door bounds the handshakes of those who have not proved themselves.
type door struct{ handshakes atomic.Int32 }

// crowded tells whether who comes is to be asked for a proof of his address.
func (d *door) crowded() bool { return d.handshakes.Load() >= fewHandshakes }

var errCrowded = status.Errorf(status.Unreachable, "too many handshakes are going on")

// leaving is the key of a connection's context under which the function lies that ends its handshake's place.
type leaving struct{}

// enter takes a place, until leave is called or the context ends.
func (d *door) enter(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) {
	if d.handshakes.Add(1) > mostHandshakes {
		d.handshakes.Add(-1)
		return nil, errCrowded
	}
	left := sync.OnceFunc(func() { d.handshakes.Add(-1) })
	context.AfterFunc(ctx, left)
	return context.WithValue(ctx, leaving{}, left), nil
}

// leave gives the place back of a connection whose handshake is complete.
func leave(ctx context.Context) {
	if left, ok := ctx.Value(leaving{}).(func()); ok {
		left()
	}
}
