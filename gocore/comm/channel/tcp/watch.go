package tcp

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// pulse is a rank's own sign of life: how long its clock stood still, because the process was frozen or starved.
type pulse struct {
	limit time.Duration // longer than this is too long
	start time.Time
	beat  atomic.Int64 // when the watcher last ran
	gap   atomic.Int64 // the last time between two beats that was too long
	until atomic.Int64 // when that ended
}

// now is a time that is cheap to store: nanoseconds since the channel was made.
func (p *pulse) now() int64 { return int64(time.Since(p.start)) }

// tick notes a beat and returns the time since the one before.
func (p *pulse) tick() time.Duration {
	now := p.now()
	gap := now - p.beat.Swap(now)
	if gap > int64(p.limit) {
		p.gap.Store(gap)
		p.until.Store(now)
	}
	return time.Duration(gap)
}

// stood returns for how long the clock stands still, or stood lately if that was too long.
func (p *pulse) stood() time.Duration {
	now := p.now()
	still := now - p.beat.Load()
	if now-p.until.Load() < 2*int64(p.limit) {
		still = max(still, p.gap.Load())
	}
	return time.Duration(still)
}

// watch sends heartbeats and judges silent peers.
func (m *mesh) watch(ctx context.Context) {
	ticker := time.NewTicker(m.limit / 16)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		away := m.pulse.tick() > m.limit/2
		for l := range m.each {
			l.check(away, m.limit/4)
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
	now := l.pulse.now()
	if away {
		l.heard.Store(now)
	}
	if silence := time.Duration(now - l.heard.Load()); silence > l.limit && !l.ending.Load() {
		l.fail(status.AtRank(status.PeerLost, l.peer, "rank %d has not been heard for %v (limit %v): it was frozen, overloaded or cut off",
			l.peer, silence.Round(time.Millisecond), l.limit))
		return
	}
	if time.Duration(now-l.wrote.Load()) >= interval {
		if l.queue.Empty() {
			l.queue.Lay(channel.Control(wire.ClassHeartbeat))
		}
		l.queue.Wake()
	}
}
