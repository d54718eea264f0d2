package tcp

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// How much the kernel takes ahead of what it has sent, in bytes: control frames wait behind no more. More keeps a fast link busy.
const (
	unsentLimit = 128 << 10
	slowUnsent  = 24 << 10
)

const (
	maxBatch  = 256 << 10             // bytes gathered per system call
	slowWrite = time.Millisecond      // a write that took longer found a slow link,
	slowFor   = 50 * time.Millisecond // and is one for so long: some writes find room though it is full
	maxInline = wire.HeaderSize + wire.MaxEager
)

// link is the connection to one peer.
type link struct {
	peer  int
	limit time.Duration
	queue *channel.Queue
	pulse *pulse      // this rank's
	group *task.Group // likewise

	writing sync.Mutex // held by whoever writes
	out     *strand    // what is written to
	sent    uint64     // frames
	unsent  int        // bytes that the kernel takes ahead of what it has sent
	slow    int64      // until when the link is taken for a slow one: a write has waited for the network

	mu      sync.Mutex
	open    []*strand     // all that were in use
	offered []*strand     // what the reader may move to
	offers  chan struct{} // holds a token after an offer
	over    bool          // the link has been cut

	in *strand // what is read from; the reader's

	heard      atomic.Int64 // when the last byte arrived
	wrote      atomic.Int64 // when the last write ended
	ending     atomic.Bool  // this side is closing: what arrives is dropped
	cause      atomic.Pointer[status.Error]
	byeRead    chan struct{} // closed when the peer has read our BYE, or is gone
	byeOnce    sync.Once
	readerDone chan struct{} // closed when the reader has returned
}

func newLink(peer int, conn net.Conn, limit time.Duration, own *pulse, group *task.Group) *link {
	first := newStrand(conn, limit)
	l := &link{
		peer: peer, out: first, in: first, open: []*strand{first}, limit: limit, queue: channel.NewQueue(), pulse: own, group: group, unsent: unsentLimit,
		offers: make(chan struct{}, 1), byeRead: make(chan struct{}), readerDone: make(chan struct{}),
	}
	if c, ok := first.raw.(interface{ Patience() time.Duration }); ok {
		l.limit = max(limit, c.Patience()) // a store, which hands on what it gets when it can
	}
	return l
}

// writeInline writes f in the caller's goroutine if that overtakes nothing, and tells whether it did. Control frames that wait
// go ahead of it in the same write.
func (l *link) writeInline(f *channel.Frame) bool {
	if len(f.Bytes()) > maxInline || !l.writing.TryLock() {
		return false
	}
	defer l.writing.Unlock()
	switch {
	case l.isSlow() || l.queue.HasData():
		return false
	case l.queue.Empty():
		l.write(f)
	default:
		l.queue.Lay(f)
		l.drain()
	}
	return true
}

// writeQueued writes what the queue holds until the connection ends.
func (l *link) writeQueued() {
	for {
		select {
		case <-l.queue.Ready():
		case <-l.readerDone:
			l.queue.Close(true)
			return
		}
		ending := l.ending.Load() // before the drain: what was posted ahead of the end leaves
		l.writing.Lock()
		l.drain()
		if ending {
			l.out.closeWrite()
		}
		l.writing.Unlock()
		if ending {
			<-l.readerDone
		}
	}
}

// drain writes queued frames, each with one system call for all of its records; several frames with one while the link is fast.
func (l *link) drain() {
	for f := l.queue.Pop(); f != nil; f = l.queue.Pop() {
		if l.out.socket == nil {
			l.write(f)
			continue
		}
		slow := l.isSlow()
		l.out.socket.hold()
		for f != nil {
			l.encrypt(f)
			if slow || l.out.socket.held() >= maxBatch || l.queue.HasControl() {
				break
			}
			f = l.queue.Pop()
		}
		l.timed(l.out.socket.flush)
	}
}

// write writes one frame.
func (l *link) write(f *channel.Frame) {
	l.timed(func() error {
		l.encrypt(f)
		return nil
	})
}

func (l *link) encrypt(f *channel.Frame) {
	if _, err := l.out.conn.Write(f.Bytes()); err != nil {
		l.broke(err)
	}
	l.sent++
	f.Free()
}

// timed runs a write and notes whether it had to wait.
func (l *link) timed(write func() error) {
	start := l.pulse.now()
	if err := write(); err != nil {
		l.broke(err)
	}
	end := l.pulse.now()
	switch {
	case end-start > int64(slowWrite):
		l.slow = end + int64(slowFor)
		l.keepUnsent(slowUnsent)
	case end >= l.slow:
		l.keepUnsent(unsentLimit)
	}
	l.wrote.Store(end)
}

// keepUnsent sets how much the kernel takes ahead of what it has sent.
func (l *link) keepUnsent(bytes int) {
	if l.unsent != bytes {
		l.unsent = bytes
		limitUnsent(l.out.raw, bytes)
	}
}

// isSlow tells whether a write has waited for the network lately: then frames are written one by one.
func (l *link) isSlow() bool { return l.pulse.now() < l.slow }

// broke notes that nothing can be written any more. The reader goes on for a while: what the peer said last may still
// be there, and says why.
func (l *link) broke(err error) {
	l.cause.CompareAndSwap(nil, status.AtRank(status.PeerLost, l.peer, "the connection to rank %d broke: %v", l.peer, err))
	l.queue.Close(true)
	deadline := time.Now().Add(linger)
	l.each(func(s *strand) { _ = s.raw.SetReadDeadline(deadline) })
}

// each calls f with every connection that may be in use.
func (l *link) each(f func(*strand)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range append(slices.Clone(l.open), l.offered...) {
		f(s)
	}
}

// fail cuts the connection: the reader then tells the Receiver why.
func (l *link) fail(cause *status.Error) {
	l.cause.CompareAndSwap(nil, cause)
	l.queue.Close(true)
	l.cut()
}

// cut closes the sockets without TLS's farewell, which could wait.
func (l *link) cut() {
	l.each(func(s *strand) { _ = s.raw.Close() })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
}

// end closes this side: control frames that are queued still leave, what arrives is dropped. It doesn't wait.
func (l *link) end() {
	if l.ending.Swap(true) {
		return
	}
	deadline := time.Now().Add(linger)
	l.each(func(s *strand) { _ = s.conn.SetDeadline(deadline) })
	l.queue.Close(false)
}

// acknowledged notes that the peer has read everything up to BYE, or is gone.
func (l *link) acknowledged() { l.byeOnce.Do(func() { close(l.byeRead) }) }
