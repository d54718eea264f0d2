package exec

import (
	"context"
	"sync/atomic"
)

// Pool is the process's compute slots.
type Pool struct {
	threads int
	slots   chan struct{}
	waiting atomic.Int32
}

// NewPool returns a pool of threads slots.
func NewPool(threads int) *Pool {
	threads = max(threads, 1)
	return &Pool{threads: threads, slots: make(chan struct{}, threads)}
}

// Threads returns the number of slots.
func (p *Pool) Threads() int { return p.threads }

func (p *Pool) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Pool) acquireAlways() { p.slots <- struct{}{} }

func (p *Pool) release() { <-p.slots }

// yield hands the caller's slot to a waiting worker, if there is one, and queues for another.
func (p *Pool) yield(ctx context.Context) error {
	if p.waiting.Load() == 0 {
		return nil
	}
	p.release()
	if err := p.acquire(ctx); err != nil {
		p.acquireAlways()
		return err
	}
	return nil
}

// counter hands out 0, 1, 2, ... to several workers.
type counter struct{ n atomic.Int64 }

func (c *counter) take() int { return int(c.n.Add(1) - 1) }
