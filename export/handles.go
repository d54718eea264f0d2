package main

import (
	"sync"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// handle names an object to the other side:
//
//	63        32 31         0
//	| generation | slot + 1 |
//
// A slot's generation grows with each free, so that a stale handle never names another object.
type handle uint64

// slot holds one object, or waits for one.
type slot struct {
	object     any
	generation uint32
}

// handleTable maps handles to objects. Its methods may be called from any thread.
type handleTable struct {
	mu    sync.Mutex
	slots []slot
	free  []uint32
}

var handles handleTable

// add gives object a handle.
func (t *handleTable) add(object any) handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) == 0 {
		t.slots = append(t.slots, slot{})
		t.free = append(t.free, uint32(len(t.slots)-1))
	}
	i := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	t.slots[i].object = object
	return handle(t.slots[i].generation)<<32 | handle(i+1)
}

// find returns the slot of h, or nil. The caller holds the lock.
func (t *handleTable) find(h handle) *slot {
	i := uint32(h) - 1
	if h == 0 || int(i) >= len(t.slots) || t.slots[i].generation != uint32(h>>32) || t.slots[i].object == nil {
		return nil
	}
	return &t.slots[i]
}

// remove takes h's object out of the table.
func (t *handleTable) remove(h handle) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.find(h)
	if s == nil {
		return nil, closed(h)
	}
	object := s.object
	s.object = nil
	s.generation++
	t.free = append(t.free, uint32(h)-1)
	return object, nil
}

// lookup returns the object of h as a T. use, if not nil, is called with it while no other thread can remove h:
// it takes the references that the caller needs.
func lookup[T any](t *handleTable, h handle, use func(T)) (T, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var none T
	s := t.find(h)
	if s == nil {
		return none, closed(h)
	}
	object, ok := s.object.(T)
	if !ok {
		return none, status.Errorf(status.Invalid, "handle %#x is a %T where a %T is needed", uint64(h), s.object, none)
	}
	if use != nil {
		use(object)
	}
	return object, nil
}

func closed(h handle) error {
	return status.Errorf(status.Closed, "handle %#x is closed: it was freed before, or never given out", uint64(h))
}
