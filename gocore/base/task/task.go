// Package task is the one way to start a goroutine in pycylon.
//
// A Group is a set of goroutines with one context. The first error cancels the context with that error as its
// cause; Wait returns it after every goroutine has returned, whatever the outcome, so that memory and sockets which
// they share can be freed. A panic becomes an Internal error with its stack: none may cross into Python.
package task

import (
	"context"
	"runtime/debug"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Group runs goroutines that are joined together. Make one with NewGroup.
type Group struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	once   sync.Once
	err    error
}

// NewGroup returns a group whose context ends with parent, with the first error, or with Wait.
func NewGroup(parent context.Context) *Group {
	ctx, cancel := context.WithCancelCause(parent)
	return &Group{ctx: ctx, cancel: cancel}
}

// Context returns the group's context; its cause is the first error.
func (g *Group) Context() context.Context { return g.ctx }

// Go starts f. It may be called until Wait has returned, also from inside the group.
func (g *Group) Go(f func(ctx context.Context) error) {
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		if err := Recovered(func() error { return f(g.ctx) }); err != nil {
			g.Fail(err)
		}
	}()
}

// Fail ends the group with err, as a goroutine that returned it would. Only the first failure counts.
func (g *Group) Fail(err error) {
	g.once.Do(func() {
		g.err = err
		g.cancel(err)
	})
}

// Wait joins every goroutine, ends the context and returns the first error.
func (g *Group) Wait() error {
	g.wg.Wait()
	g.cancel(context.Canceled)
	return g.err
}

// Recovered calls f and returns a panic in it as an Internal error that holds the stack.
func Recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = status.Errorf(status.Internal, "panic: %v\n%s\nplease report this as a bug", p, debug.Stack())
		}
	}()
	return f()
}
