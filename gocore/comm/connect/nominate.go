package connect

import (
	"context"
	"slices"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// grace is how long the lower rank waits for a better path when a worse one is ready first.
const grace = 30 * time.Millisecond

// nominate is the lower rank's part in choosing: the first authenticated connection, or a better one within the
// grace. One whose acknowledgement doesn't come is given up for the next.
func (j *joiner) nominate(ctx context.Context, p *pair) {
	var ready []*racer
	for {
		if ready = j.gather(ctx, p, ready); len(ready) == 0 {
			return
		}
		r := ready[0]
		ready = ready[1:]
		_ = r.conn.SetDeadline(time.Now().Add(handshakeTimeout))
		err := wire.WriteJoin(r.conn, wire.TypeNominate, nil)
		if err == nil {
			_, err = expect(r.conn, wire.TypeNominateAck)
		}
		if err == nil {
			_ = r.conn.SetDeadline(time.Time{})
			j.settle(p, r)
			return
		}
		j.event(p.peer, r.path, "", "lost", err)
		p.drop(r)
	}
}

// gather waits for racers beyond those at hand, until no better path can be hoped for or the grace is over, and
// returns them best first; none if the context ended.
func (j *joiner) gather(ctx context.Context, p *pair, ready []*racer) []*racer {
	var patience <-chan time.Time
	for {
		if len(ready) > 0 {
			slices.SortStableFunc(ready, func(a, b *racer) int { return int(a.path) - int(b.path) })
			if !p.hopes(ready[0].path) {
				return ready
			}
			if patience == nil {
				timer := time.NewTimer(grace)
				defer timer.Stop()
				patience = timer.C
			}
		}
		select {
		case r := <-p.racers:
			ready = append(ready, r)
		case <-patience:
			return ready
		case <-ctx.Done():
			return nil
		}
	}
}

// obey is the higher rank's part: it waits for the nomination of one of the connections.
func (j *joiner) obey(p *pair, r *racer) {
	_, err := expect(r.conn, wire.TypeNominate)
	if err == nil {
		err = wire.WriteJoin(r.conn, wire.TypeNominateAck, nil)
	}
	if err != nil {
		p.drop(r)
		return
	}
	j.settle(p, r)
}
