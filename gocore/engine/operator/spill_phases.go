package operator

import (
	"context"
	"sync"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// spillPhase opens what is next: a source of rows or, where that wouldn't fit, the phases to go through instead. Its
// caller holds no slot.
type spillPhase func(q *exec.Query) (*spillRun, []spillPhase, error)

// spillRun is a source whose operator has a scope of its own.
type spillRun struct {
	source  exec.Source
	query   *exec.Query // in that scope
	seq     uint64      // of its first batch
	entered []bool      // by Worker.ID
	inside  int         // workers that have entered and not come to the source's end
}

// spillSource hands out the rows of one phase after the other. A phase is opened once all workers have come to the end
// of the one before and its memory is given back, but for the batches that are still on their way. Since workers wait
// for each other, none may leave it before its end: it isn't exec.Ascending.
type spillSource struct {
	query *exec.Query

	mu      sync.Mutex
	changed chan struct{} // closed when run or opening changes
	phases  []spillPhase
	run     *spillRun // nil between two
	opening bool
	opened  uint64
}

var _ exec.Source = (*spillSource)(nil)

// seqShift is where a batch's Seq holds the number of its phase.
const seqShift = 32

func newSpillSource(q *exec.Query, phases []spillPhase) *spillSource {
	return &spillSource{query: q, phases: phases, changed: make(chan struct{})}
}

// Next returns the next batch of the phase that runs, or of the one after.
func (s *spillSource) Next(w *exec.Worker) (*table.Batch, error) {
	for {
		run, err := s.enter(w)
		if run == nil || err != nil {
			return nil, err
		}
		b, err := run.source.Next(w.In(run.query))
		if err != nil {
			return nil, err
		}
		if b == nil {
			s.leave(run)
			if err := s.await(w, run); err != nil {
				return nil, err
			}
			continue
		}
		for i := range b.Cols {
			for _, owner := range b.Cols[i].Owners {
				w.Scope().Adopt(owner)
			}
		}
		b.Seq += run.seq
		return b, nil
	}
}

// enter returns the phase that runs, opening it if there is none; nil at the end.
func (s *spillSource) enter(w *exec.Worker) (*spillRun, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.run == nil && (s.opening || len(s.phases) > 0) {
		opening := s.opening
		s.opening = true
		s.mu.Unlock()
		var err error
		if opening {
			err = s.await(w, nil)
		} else {
			err = w.Block(s.open)
		}
		s.mu.Lock()
		if err != nil {
			return nil, err
		}
	}
	if run := s.run; run != nil && !run.entered[w.ID] {
		run.entered[w.ID] = true
		run.inside++
	}
	return s.run, nil
}

// open opens the next phase, which the caller has announced. The caller holds no slot.
func (s *spillSource) open() error {
	s.mu.Lock()
	phase := s.phases[0]
	s.mu.Unlock()
	run, more, err := phase(s.query)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phases = append(more, s.phases[1:]...)
	if run != nil {
		run.seq = s.opened << seqShift
		run.entered = make([]bool, s.query.Threads)
		s.opened++
	}
	s.run, s.opening = run, false
	s.tell()
	return err
}

// leave notes that a worker has come to the end of a phase; the last one closes it.
func (s *spillSource) leave(run *spillRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if run.inside--; run.inside == 0 {
		run.query.Scope.Close()
		s.run = nil
		s.tell()
	}
}

func (s *spillSource) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits, without a slot, until something else runs than run and nothing is being opened.
func (s *spillSource) await(w *exec.Worker, run *spillRun) error {
	return w.Block(func() error {
		for {
			s.mu.Lock()
			changed, wait := s.changed, s.run == run && (run != nil || s.opening)
			s.mu.Unlock()
			if !wait {
				return nil
			}
			select {
			case <-changed:
			case <-w.Context().Done():
				return context.Cause(w.Context())
			}
		}
	})
}
