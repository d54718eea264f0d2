package memory

import (
	"sync"
	"unsafe"
)

// Scope owns what one operation allocates. Close frees all of it that was not promoted to a result: call it after
// the operation's goroutines have joined, in every outcome.
//
// A part of an operation that may fail by itself, and be tried in another way, has a scope Within the operation's.
type Scope struct {
	reservation *Reservation
	parent      *Scope
	mu          sync.Mutex
	live        map[*Buffer]struct{}
	onClose     []func()
}

// NewScope opens a scope that charges budget; name appears in errors.
func NewScope(budget *Budget, name string) *Scope {
	return &Scope{reservation: budget.Reserve(name), live: map[*Buffer]struct{}{}}
}

// Within opens a scope for a part of what s is for: the bytes of both count in s. A part that is still open when s
// closes is closed with it.
func (s *Scope) Within() *Scope {
	r := s.reservation
	part := &Scope{reservation: &Reservation{budget: r.budget, parent: r, name: r.name}, parent: s, live: map[*Buffer]struct{}{}}
	s.OnClose(part.handOver)
	return part
}

// Adopt moves b from a scope Within s to s, so that it outlives that scope. Any other buffer stays where it is.
func (s *Scope) Adopt(b *Buffer) {
	for from := b.scope.Load(); from != nil && from != s && from.parent != nil; from = b.scope.Load() {
		from.parent.mu.Lock()
		from.mu.Lock()
		from.giveUp(b)
		from.mu.Unlock()
		from.parent.mu.Unlock()
	}
}

// handOver gives all that s holds to its parent, which is closing: others may still release it.
func (s *Scope) handOver() {
	s.finish()
	s.parent.mu.Lock()
	defer s.parent.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for b := range s.live {
		s.giveUp(b)
	}
}

// giveUp moves b to the parent. Both scopes are locked: who frees b at this moment waits in forget for one of them.
func (s *Scope) giveUp(b *Buffer) {
	if b.scope.CompareAndSwap(s, s.parent) {
		s.parent.live[b] = struct{}{}
		s.reservation.held.Add(-int64(cap(b.bytes))) // the parent's counts it already
		delete(s.live, b)
	}
}

// Alloc returns a buffer of n bytes with one reference, aligned to 64 bytes and not zeroed, or OutOfMemory.
func (s *Scope) Alloc(n int) (*Buffer, error) {
	size, class := classOf(n)
	if err := s.reservation.TryGrow(int64(size)); err != nil {
		return nil, err
	}
	block, err := shared.get(size, class, s.reservation.budget.Room())
	if err != nil {
		s.reservation.Shrink(int64(size))
		return nil, err
	}
	b := &Buffer{bytes: block[:n:size], class: class}
	b.refs.Store(1)
	b.scope.Store(s)
	s.mu.Lock()
	s.live[b] = struct{}{}
	s.mu.Unlock()
	return b, nil
}

// Zeroed is Alloc with every byte 0.
func (s *Scope) Zeroed(n int) (*Buffer, error) {
	b, err := s.Alloc(n)
	if err == nil {
		clear(b.bytes)
	}
	return b, err
}

// forget takes a freed or promoted buffer off the scope's list and gives its reservation back.
func (s *Scope) forget(b *Buffer) {
	s.mu.Lock()
	delete(s.live, b)
	s.mu.Unlock()
	s.reservation.Shrink(int64(cap(b.bytes)))
}

// Promote lets b outlive the scope: its last reference frees it, and the budget no longer counts it.
// A foreign or promoted buffer stays as it is.
func Promote(b *Buffer) {
	if s := b.scope.Swap(nil); s != nil {
		s.forget(b)
	}
}

// OnClose has Close call f before it frees anything: f drops what the operation still holds of others, such as
// references to lent batches that a failure left behind.
func (s *Scope) OnClose(f func()) {
	s.mu.Lock()
	s.onClose = append(s.onClose, f)
	s.mu.Unlock()
}

// Held returns the bytes that the scope holds now, those of scopes Within it included.
func (s *Scope) Held() int64 { return s.reservation.Held() }

// TakePeak returns the most bytes that the scope held at one time since the last call.
func (s *Scope) TakePeak() int64 { return s.reservation.TakePeak() }

// Budget returns what the scope charges.
func (s *Scope) Budget() *Budget { return s.reservation.budget }

// Close frees every buffer that was neither freed nor promoted. Nothing may use them any more.
func (s *Scope) Close() {
	s.finish()
	s.mu.Lock()
	live := s.live
	s.live = map[*Buffer]struct{}{}
	s.mu.Unlock()
	for b := range live {
		b.scope.Store(nil)
		s.reservation.Shrink(int64(cap(b.bytes)))
		bytes := b.bytes
		b.bytes = nil
		shared.put(bytes, b.class)
	}
}

// finish calls what OnClose was told.
func (s *Scope) finish() {
	s.mu.Lock()
	onClose := s.onClose
	s.onClose = nil
	s.mu.Unlock()
	for _, f := range onClose {
		f()
	}
}

// Make allocates n values of T in s: not zeroed. T must hold no Go pointers.
func Make[T any](s *Scope, n int) ([]T, *Buffer, error) {
	var zero T
	b, err := s.Alloc(n * int(unsafe.Sizeof(zero)))
	if err != nil {
		return nil, nil, err
	}
	return As[T](b.bytes), b, nil
}
