// Package tcp is the channel over one TLS connection per peer.
//
//	Send ─▶ Queue ─▶ writer ─▶ tls.Conn ─▶ Socket ─▶ kernel (at most 128 KiB unsent) ┄┄▶ tls.Conn ─▶ reader ─▶ Receiver
//
// The writer is whoever holds the link's write lock: the sending goroutine itself where nothing waits and the frame is
// short, else the link's own. It takes control frames first, and gathers up to 256 KiB of frames per system call
// while that is fast; on a slow link it writes frame by frame, so that control waits behind one at most.
//
// A link may move to another connection while it is used: switch.go.
//
// Liveness. Any received byte shows that a peer lives; each rank sends a HEARTBEAT to peers that it has sent nothing
// for a quarter of the limit. A peer that was silent for seven eighths of it is lost, which is noticed before it is over.
// A rank whose own clock did not tick (it was frozen, or the machine is overloaded) accuses nobody before it has listened
// for a limit again. If it stood still for longer than the limit the others have lost it: it ends as Stale.
package tcp

import (
	"context"
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// DefaultLimit is how soon the loss of a peer is noticed.
const DefaultLimit = 2 * time.Second

// linger is how long an aborted channel waits for its last frames to leave, and for the peers to close.
const linger = 500 * time.Millisecond

// Options are the settings of a Channel over TCP; the zero value is good.
type Options struct {
	// Limit is how soon the loss of a peer is noticed; DefaultLimit when 0.
	Limit time.Duration
}

// New returns the channel of rank over authenticated connections, by rank, nil at its own. It owns them from here on.
func New(rank int, conns []net.Conn, opt Options) (channel.Channel, error) {
	if opt.Limit <= 0 {
		opt.Limit = DefaultLimit
	}
	if rank < 0 || rank >= len(conns) {
		return nil, status.Errorf(status.Invalid, "rank %d is not in a world of %d", rank, len(conns))
	}
	m := &mesh{rank: rank, limit: opt.Limit, links: make([]*link, len(conns)), group: task.NewGroup(context.Background())}
	silence := opt.Limit - opt.Limit/8
	m.pulse.limit, m.pulse.start = silence, time.Now()
	for peer, conn := range conns {
		switch {
		case peer == rank:
			continue
		case conn == nil:
			return nil, status.AtRank(status.Invalid, peer, "there is no connection to rank %d", peer)
		}
		m.links[peer] = newLink(peer, conn, silence, &m.pulse, m.group)
	}
	return m, nil
}

// mesh is one rank's channel: a link to every peer.
type mesh struct {
	rank  int
	limit time.Duration
	links []*link // by peer; nil at rank
	group *task.Group
	pulse pulse

	started bool
}

var _ channel.Channel = (*mesh)(nil)

// Rank implements channel.Channel.
func (m *mesh) Rank() int { return m.rank }

// Size implements channel.Channel.
func (m *mesh) Size() int { return len(m.links) }

// Start implements channel.Channel.
func (m *mesh) Start(r channel.Receiver) {
	m.started = true
	m.pulse.beat.Store(m.pulse.now())
	for l := range m.each {
		l.heard.Store(m.pulse.now())
		m.group.Go(func(context.Context) error { l.read(r); return nil })
		m.group.Go(func(context.Context) error { l.writeQueued(); return nil })
	}
	if len(m.links) > 1 {
		m.group.Go(func(ctx context.Context) error { m.watch(ctx); return nil })
	}
}

// each yields the links.
func (m *mesh) each(yield func(*link) bool) {
	for _, l := range m.links {
		if l != nil && !yield(l) {
			return
		}
	}
}

// Send implements channel.Channel.
func (m *mesh) Send(ctx context.Context, peer int, f *channel.Frame) error {
	l := m.links[peer]
	if l.writeInline(f) {
		return nil
	}
	return l.queue.Push(ctx, f)
}

// Post implements channel.Channel.
func (m *mesh) Post(peer int, f *channel.Frame) {
	l := m.links[peer]
	if !l.queue.Put(f) {
		l.fail(status.AtRank(status.PeerLost, peer, "rank %d leaves more than %d answers unread", peer, channel.MaxControl))
	}
}

// Lay implements channel.Channel.
func (m *mesh) Lay(peer int, f *channel.Frame) { m.links[peer].queue.Lay(f) }

// Flush implements channel.Channel.
func (m *mesh) Flush() {
	for l := range m.each {
		l.queue.Wake()
	}
}

// Close implements channel.Channel.
func (m *mesh) Close(ctx context.Context) error {
	if !m.started {
		for l := range m.each {
			l.cut()
		}
		return nil
	}
	for l := range m.each {
		l.queue.Put(channel.Control(wire.ClassBye))
	}
	for l := range m.each {
		select {
		case <-l.byeRead:
		case <-ctx.Done():
		}
	}
	m.Abort()
	return m.join()
}

// Abort implements channel.Channel.
func (m *mesh) Abort() {
	for l := range m.each {
		l.end()
	}
}

// join waits for the channel's goroutines. The watcher ends with the links.
func (m *mesh) join() error {
	for l := range m.each {
		<-l.readerDone
	}
	m.group.Fail(context.Canceled)
	if err := m.group.Wait(); err != nil && status.CodeOf(err) != status.Cancelled {
		return err
	}
	return nil
}
