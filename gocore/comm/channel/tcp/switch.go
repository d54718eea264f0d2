package tcp

import (
	"bufio"
	"context"
	"net"
	"slices"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Moving a link to another connection, both of whose ends are there before anything moves:
//
//	leader                              follower
//	  | ── frames ──────── old ──────────▶ |
//	  | ── SWITCH(id, frames so far) ────▶ |   the leader's last word on the old one
//	  | ══ frames ════════ new ══════════▶ |   read from here on; the follower moves, too
//	  | ◀──────── SWITCH(id, ...) ── old ──|   its last word
//	  | ◀═════════ frames ══════ new ══════|
//
// Each direction is a sequence of frames that goes on elsewhere, so that order is kept and nothing is lost or repeated. Whoever
// has nothing more to write on the old connection ends that direction; when both are ended it is closed. A connection that
// breaks, the old before its SWITCH or the new after it, is a lost peer as ever.

// Switch implements channel.Switcher.
func (m *mesh) Switch(peer int, conn net.Conn, id uint64, lead bool) {
	l := m.links[peer]
	s := newStrand(conn, l.limit)
	s.id, s.lead = id, lead
	if !l.offer(s) {
		_ = s.raw.Close()
		return
	}
	if lead {
		m.group.Go(func(context.Context) error { l.moveWriter(s); return nil })
	}
}

var _ channel.Switcher = (*mesh)(nil)

// maxOffered is how many strands may be offered: the oldest gives way, as one that its leader gave up.
const maxOffered = 4

// offer makes a strand known to the reader, and returns false if the link is over.
func (l *link) offer(s *strand) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.ending.Load() {
		return false
	}
	if len(l.offered) == maxOffered {
		_ = l.offered[0].raw.Close()
		l.offered = l.offered[1:]
	}
	l.offered = append(l.offered, s)
	select {
	case l.offers <- struct{}{}:
	default:
	}
	return true
}

// take returns the strand of this name, if it was offered.
func (l *link) take(id uint64) *strand {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.offered, func(s *strand) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	s := l.offered[i]
	l.offered = slices.Delete(l.offered, i, i+1)
	l.open = append(l.open, s)
	return s
}

// moveWriter makes s what is written to.
func (l *link) moveWriter(s *strand) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.ending.Load() || l.cause.Load() != nil {
		return
	}
	old := l.out
	l.write(channel.NewFrame(&wire.Header{Class: wire.ClassSwitch, Signature: s.id, PairSequence: l.sent}))
	l.out, l.slow, l.unsent = s, 0, unsentLimit
	old.closeWrite()
	old.end()
}

// moveReader goes on reading at the strand that a SWITCH names. got is how many frames have been read before it.
func (l *link) moveReader(in *bufio.Reader, h *wire.Header, got uint64) error {
	if in.Buffered() > 0 || h.PairSequence != got {
		return status.Errorf(status.Malformed, "rank %d moved to another connection after %d frames, of which %d came", l.peer, h.PairSequence, got)
	}
	s := l.take(h.Signature)
	for timer := time.NewTimer(l.limit); s == nil; s = l.take(h.Signature) {
		if l.ending.Load() {
			return net.ErrClosed
		}
		select {
		case <-l.offers: // this end of it is about to be there
		case <-timer.C:
			return status.Errorf(status.Malformed, "rank %d moved to a connection that is not there", l.peer)
		}
	}
	l.heard.Store(l.pulse.now())
	in.Reset(hearing{l, s.conn})
	l.in.end()
	l.in = s
	if !s.lead {
		l.group.Go(func(context.Context) error { l.moveWriter(s); return nil })
	}
	return nil
}
