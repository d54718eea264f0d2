package tcp

import (
	"context"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// watch sends heartbeats and judges silent peers.
func (m *mesh) watch(ctx context.Context) {
	interval := m.limit / 4
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		away := now.Sub(last) > 2*interval
		last = now
		for l := range m.each {
			l.check(away, interval)
		}
	}
}

// check sends a heartbeat if one is due. away says that this rank's own clock stood still: the peer may have spoken
// unheard, so its silence counts from now on.
func (l *link) check(away bool, interval time.Duration) {
	select {
	case <-l.readerDone:
		return
	default:
	}
	now := l.now()
	if away {
		l.heard.Store(now)
	}
	if silence := time.Duration(now - l.heard.Load()); silence > l.limit && !l.ending.Load() {
		l.fail(status.AtRank(status.PeerLost, l.peer, "rank %d has not been heard for %v (limit %v): it was frozen, overloaded or cut off",
			l.peer, silence.Round(time.Millisecond), l.limit))
		return
	}
	if time.Duration(now-l.wrote.Load()) >= interval && l.queue.Empty() {
		l.queue.Put(channel.Control(wire.ClassHeartbeat))
	}
}
