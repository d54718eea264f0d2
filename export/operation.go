package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// fastPath is how long starting an operation waits for its end: a small one returns without a second thread switch.
const fastPath = 200 * time.Microsecond

// shortCall is up to how many bytes a collective may be over by then: who waits for more of them leaves the processor to those
// who encrypt and copy them.
const shortCall = 64 << 10

// outcome is what an operation made: an object that gets a handle (nil for none), and JSON about it.
type outcome struct {
	object any
	info   []byte
}

// operation is work that was started and is waited for. Its methods may be called from any thread.
type operation struct {
	group    *task.Group
	done     <-chan struct{}
	finished atomic.Bool

	mu      sync.Mutex
	finish  func() // settles what await was given; nil once it has
	result  outcome
	err     error
	taken   bool // the result was handed out
	dropped bool // nobody will ask for the result
}

func newOperation() *operation {
	return &operation{group: task.NewGroup(context.Background())}
}

// start runs work in a goroutine and waits for it for at most fastPath. after runs when work has returned: it drops
// what was kept for it.
func start(work func(ctx context.Context) (outcome, error), after func()) *operation {
	op := newOperation()
	op.run(work, after)
	op.spin()
	return op
}

// run is start that doesn't wait, once.
func (op *operation) run(work func(ctx context.Context) (outcome, error), after func()) {
	done := make(chan struct{})
	op.done = done
	op.group.Go(func(ctx context.Context) error {
		defer close(done)
		defer op.finished.Store(true)
		var result outcome
		err := task.Recovered(func() (err error) {
			result, err = work(ctx)
			return err
		})
		after()
		op.settle(result, err)
		return nil
	})
}

// await is run for work that needs no goroutine: when done is closed, work doesn't wait. Whoever takes the outcome does it.
func (op *operation) await(done <-chan struct{}, work func(ctx context.Context) (outcome, error)) {
	op.done = done
	op.finish = func() {
		var result outcome
		err := task.Recovered(func() (err error) {
			result, err = work(op.group.Context())
			return err
		})
		op.settle(result, err)
	}
}

// ended tells whether the operation has ended.
func (op *operation) ended() bool {
	select {
	case <-op.done:
		return true
	default:
		return op.finished.Load()
	}
}

// spin waits for the end for at most fastPath. It is looked for without a channel: a wait on one would cost the two thread
// switches that this saves. First it gives way to the work, once, which was put on this processor's queue: so that begins here
// and now, rather than when another thread has woken up to take it.
func (op *operation) spin() {
	if op.finish == nil {
		runtime.Gosched()
	}
	for began := time.Now(); !op.ended() && time.Since(began) < fastPath; {
		continue
	}
}

func (op *operation) settle(result outcome, err error) {
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.dropped {
		discard(result.object)
		return
	}
	op.result, op.err = result, err
}

// wait waits for at most timeout (negative: for good) and tells whether the operation has ended.
func (op *operation) wait(timeout time.Duration) bool {
	if op.ended() {
		return true
	}
	if timeout == 0 {
		return false
	}
	if timeout < 0 {
		<-op.done
		return true
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-op.done:
		return true
	case <-timer.C:
		return op.ended()
	}
}

// take hands out the outcome of an operation that has ended, once.
func (op *operation) take() (outcome, error) {
	op.mu.Lock()
	if finish := op.finish; finish != nil {
		op.finish = nil
		op.mu.Unlock()
		finish()
		op.mu.Lock()
	}
	defer op.mu.Unlock()
	if op.dropped {
		return outcome{}, status.Errorf(status.Closed, "the operation was freed before its result was taken")
	}
	if op.err != nil {
		return outcome{}, op.err
	}
	if op.taken {
		return outcome{}, status.Errorf(status.Invalid, "the operation's result was taken before")
	}
	op.taken = true
	return op.result, nil
}

// cancel asks the operation to end. It doesn't wait.
func (op *operation) cancel() {
	op.group.Fail(status.Errorf(status.Cancelled, "cancelled by the caller"))
}

// close cancels the operation; a result that was not taken, or is still to come, is dropped.
func (op *operation) close() {
	op.cancel()
	op.mu.Lock()
	defer op.mu.Unlock()
	if finish := op.finish; finish != nil {
		op.finish = nil
		op.group.Go(func(context.Context) error {
			<-op.done
			finish()
			return nil
		})
	}
	if !op.dropped && !op.taken {
		discard(op.result.object)
	}
	op.dropped = true
	op.result = outcome{}
}
