package comm

// signal wakes all that wait for a change of state. Its methods are called under the lock that guards the state.
type signal struct{ waiting chan struct{} }

// next returns a channel that the next raise closes.
func (s *signal) next() <-chan struct{} {
	if s.waiting == nil {
		s.waiting = make(chan struct{})
	}
	return s.waiting
}

// raise wakes everyone who called next before.
func (s *signal) raise() {
	if s.waiting != nil {
		close(s.waiting)
		s.waiting = nil
	}
}
