package channel

import (
	"context"
	"sync"
)

// MaxQueued is how many bytes of data frames a Queue holds before Push waits.
const MaxQueued = 1 << 20

// MaxControl is how many control frames may wait. A correct rank that reads has a handful.
const MaxControl = 1 << 14

// Queue holds the frames that wait for one peer, control before data. It is made by NewQueue.
type Queue struct {
	mu      sync.Mutex
	control []*Frame
	data    []*Frame
	bytes   int           // of data
	space   chan struct{} // closed when data leaves; nil while nobody waits
	ready   chan struct{} // holds a token when there may be a frame
	closed  bool
}

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{ready: make(chan struct{}, 1)} }

// Put adds f without waiting; a closed queue frees it. false says that more than MaxControl frames of control wait: the
// peer makes this rank answer and doesn't read.
func (q *Queue) Put(f *Frame) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.put(f)
	return len(q.control) <= MaxControl
}

// Lay is Put that wakes nobody: the frame is taken with the next, or after Wake.
func (q *Queue) Lay(f *Frame) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.add(f)
}

// Wake makes Ready tell of what was laid.
func (q *Queue) Wake() {
	if !q.Empty() {
		q.wake()
	}
}

func (q *Queue) put(f *Frame) {
	q.add(f)
	if !q.closed {
		q.wake()
	}
}

func (q *Queue) add(f *Frame) {
	switch {
	case q.closed:
		f.Free()
	case f.class.Control():
		q.control = append(q.control, f)
	default:
		q.data = append(q.data, f)
		q.bytes += len(f.bytes)
	}
}

func (q *Queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// Push adds f; a data frame waits while MaxQueued bytes are ahead of it.
func (q *Queue) Push(ctx context.Context, f *Frame) error {
	for {
		q.mu.Lock()
		if f.class.Control() || q.bytes < MaxQueued || q.closed {
			q.put(f)
			q.mu.Unlock()
			return nil
		}
		if q.space == nil {
			q.space = make(chan struct{})
		}
		space := q.space
		q.mu.Unlock()
		select {
		case <-space:
		case <-ctx.Done():
			f.Free()
			return context.Cause(ctx)
		}
	}
}

// Ready has a token whenever Pop may have a frame, or the queue was closed.
func (q *Queue) Ready() <-chan struct{} { return q.ready }

// Pop takes the next frame; nil when there is none.
func (q *Queue) Pop() *Frame {
	q.mu.Lock()
	defer q.mu.Unlock()
	if f := shift(&q.control); f != nil {
		return f
	}
	f := shift(&q.data)
	if f != nil {
		q.bytes -= len(f.bytes)
		q.release()
	}
	return f
}

// shift takes the first frame off list, which moves up: it is short, or its frames are large.
func shift(list *[]*Frame) *Frame {
	l := *list
	if len(l) == 0 {
		return nil
	}
	f := l[0]
	copy(l, l[1:])
	l[len(l)-1] = nil
	*list = l[:len(l)-1]
	return f
}

func (q *Queue) release() {
	if q.space != nil {
		close(q.space)
		q.space = nil
	}
}

// Empty tells whether no frame waits.
func (q *Queue) Empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.control) == 0 && len(q.data) == 0
}

// HasData tells whether a data frame waits.
func (q *Queue) HasData() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.data) > 0
}

// HasControl tells whether a control frame waits.
func (q *Queue) HasControl() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.control) > 0
}

// Close drops the data frames and refuses more of any kind. Control frames stay to be taken, unless all is set.
func (q *Queue) Close(all bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	free(&q.data)
	if all {
		free(&q.control)
	}
	q.bytes = 0
	q.release()
	q.wake()
}

func free(list *[]*Frame) {
	for _, f := range *list {
		f.Free()
	}
	*list = nil
}
