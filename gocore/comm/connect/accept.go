package connect

import (
	"context"
	"errors"
	"net"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/holepunch"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// accept takes in connections at the listening port.
func (j *joiner) accept(ctx context.Context, g *task.Group) error {
	gate := trust.NewGate(incoming, incomingStay)
	for {
		raw, err := j.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			pause(ctx, yieldPoll) // out of descriptors, or a connection that ended at once
			continue
		}
		leave := gate.Enter(ctx, raw)
		g.Go(func(ctx context.Context) error {
			r, peer, err := j.greet(ctx, raw, false, -1, 0)
			leave()
			if err != nil {
				holepunch.Abandon(raw)
				return nil
			}
			if p := j.pairs[peer]; p != nil {
				j.offer(ctx, p, r)
			} else { // of a later round, a peer that has a path
				r.close()
			}
			return nil
		})
	}
}
