package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// fastPath is how long starting an operation waits for its end: a small one returns without a second thread switch.
const fastPath = 200 * time.Microsecond

// outcome is what an operation made: an object that gets a handle (nil for none), and JSON about it.
type outcome struct {
	object any
	info   []byte
}

// operation is work that was started and is waited for. Its methods may be called from any thread.
type operation struct {
	group    *task.Group
	done     chan struct{}
	finished atomic.Bool

	mu      sync.Mutex
	result  outcome
	err     error
	taken   bool // the result was handed out
	dropped bool // nobody will ask for the result
}

func newOperation() *operation {
	return &operation{group: task.NewGroup(context.Background()), done: make(chan struct{})}
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
	op.group.Go(func(ctx context.Context) error {
		defer close(op.done)
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

// spin waits for the end for at most fastPath. It is looked for without a channel: a wait on one would cost the two thread
// switches that this saves.
func (op *operation) spin() {
	for began := time.Now(); !op.finished.Load() && time.Since(began) < fastPath; {
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
	if op.finished.Load() {
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
		return op.finished.Load()
	}
}

// take hands out the outcome of an operation that has ended, once.
func (op *operation) take() (outcome, error) {
	op.mu.Lock()
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
	if !op.dropped && !op.taken {
		discard(op.result.object)
	}
	op.dropped = true
	op.result = outcome{}
}
