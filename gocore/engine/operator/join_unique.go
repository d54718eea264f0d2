package operator

import (
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

// checkUnique refuses a side that must not have two rows with the same keys, a partition at a time: a table over a
// partition's rows is probed with these rows, and each must match itself alone.
func (s *joinSource) checkUnique(q *exec.Query) error {
	workers := make([]*joinWorker, q.Threads)
	defer func() {
		for _, x := range workers {
			if x != nil {
				x.free()
			}
		}
	}()
	for side, unique := range [2]bool{s.join.spec.UniqueLeft, s.join.spec.UniqueRight} {
		if !unique {
			continue
		}
		err := q.For(len(s.sides[side].parts), func(w *exec.Worker, p int) error {
			if workers[w.ID] == nil {
				workers[w.ID] = newJoinWorker(s, w.Scope())
			}
			repeated, err := workers[w.ID].repeats(w, side, p)
			if err == nil && repeated {
				err = repeatedKeys(s.sides[side].in.name)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// repeatedKeys is the error of a side that must not have two rows with the same keys.
func repeatedKeys(side string) error {
	return status.Errorf(status.Invalid, "the %s side has several rows with the same keys, and is said to have one of each: drop the duplicates, or validate less", side)
}

// repeats tells whether two rows of partition p of a side have the same keys.
func (x *joinWorker) repeats(w *exec.Worker, side, p int) (bool, error) {
	part := &x.source.sides[side].parts[p]
	if part.rows < 2 {
		return false, nil
	}
	if err := x.own.build(w, part.keys(), sharedBits(p), 0); err != nil {
		return false, err
	}
	x.build, x.parts = side, [2]*joinPart{part, part}
	for from := 0; from < part.rows; from += radix.Block {
		to := min(from+radix.Block, part.rows)
		n := x.own.first(part.keys()[from:to], from, x.rows, x.chain)
		for found := 0; n > 0; {
			var m int
			n, m = x.own.step(part.keys(), x.rows, x.chain, n, x.lists[0], x.lists[1], 0)
			if found += x.verify(side, 0, m); found > to-from {
				return true, nil
			}
			if err := w.Yield(); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}
