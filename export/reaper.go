package main

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"context"
	"sync"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/task"
)

// reaper calls the release callbacks of arrays that others lent. One goroutine calls them all, one after the other and
// under no lock: a callback may wait for Python's GIL, whose holder may be in a call that lets go of the next array.
type reaper struct {
	mu      sync.Mutex
	queue   []*C.struct_ArrowArray
	started bool
	stopped bool
	wake    chan struct{}
	ended   chan struct{}
}

var foreign = reaper{wake: make(chan struct{}, 1), ended: make(chan struct{})}

// release hands array, a C allocation, to the goroutine. It never waits.
func (r *reaper) release(array *C.struct_ArrowArray) {
	r.mu.Lock()
	r.queue = append(r.queue, array)
	if !r.started && !r.stopped {
		r.started = true
		group := task.NewGroup(context.Background())
		group.Go(r.run)
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reaper) run(context.Context) error {
	defer close(r.ended)
	for range r.wake {
		for array := r.next(); array != nil; array = r.next() {
			releaseForeign(array)
		}
		r.mu.Lock()
		stopped := r.stopped
		r.mu.Unlock()
		if stopped {
			return nil
		}
	}
	return nil
}

func (r *reaper) next() *C.struct_ArrowArray {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 || r.stopped {
		return nil
	}
	array := r.queue[0]
	r.queue = r.queue[1:]
	return array
}

// stop lets the callback that runs finish and calls no more: what is queued is left to the end of the process.
func (r *reaper) stop() {
	r.mu.Lock()
	r.stopped = true
	started := r.started
	r.mu.Unlock()
	if !started {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	<-r.ended
}

// releaseForeign calls array's callback and frees the structure.
func releaseForeign(array *C.struct_ArrowArray) {
	C.pcyi_array_release(array)
	C.free(unsafe.Pointer(array))
}

//export goShutdown
func goShutdown() { foreign.stop() }
