package operator

import (
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
)

// openBlock lists the candidates of the next probe rows.
func (x *joinWorker) openBlock(w *exec.Worker) error {
	if x.from >= x.to {
		x.state = nextPart
		if x.keepBuild && x.shared == nil {
			x.state, x.flagAt = listBuild, 0
		}
		return nil
	}
	x.blockFrom, x.blockTo = x.from, min(x.from+radix.Block, x.to)
	x.from = x.blockTo
	if x.source.join.asof != nil {
		x.seekAsof()
		return w.Yield()
	}
	if x.table.unique {
		x.lookUp()
		return w.Yield()
	}
	x.candidates = x.table.first(x.probeKeys[x.blockFrom:x.blockTo], x.blockFrom, x.rows, x.chain)
	if x.keepProbe || !x.source.join.spec.pairs() {
		clear(x.hit)
	}
	x.state = walkChains
	return w.Yield()
}

// walkSteps bounds the rows of a chain that are compared between two calls of Worker.Yield: one key may have millions.
const walkSteps = 64

// walk follows the chains of the candidates until enough pairs wait for output.
func (x *joinWorker) walk() {
	probe, build := x.lists[0], x.lists[1]
	pairs := x.source.join.spec.pairs()
	n, m := x.candidates, 0
	for steps := 0; n > 0 && m < radix.Block && steps < walkSteps; steps++ {
		from := m
		n, m = x.table.step(x.probeKeys, x.rows, x.chain, n, probe, build, m)
		if len(x.keys) > 0 {
			m = x.verify(1-x.build, from, m)
		}
		if !pairs {
			n, m = x.settle(n, probe[:m], build[:m]), 0
		}
	}
	x.candidates = n
	if n == 0 {
		x.state = nextBlock
		if x.keepProbe {
			x.state = listProbe
		}
	}
	if m == 0 {
		return
	}
	probe, build = probe[:m], build[:m]
	if x.keepProbe {
		for _, r := range probe {
			x.hit[int(r)-x.blockFrom] = 1
		}
	}
	if x.keepBuild {
		if x.shared != nil {
			for _, r := range build {
				x.shared.mark(r)
			}
		} else {
			for _, r := range build {
				x.flags[r] = 1
			}
		}
	}
	x.ids[x.build], x.ids[1-x.build] = build, probe
	x.idFrom, x.idTo = 0, m
}

// settle sets the match flags of the side that is kept, where the pairs themselves are not in the result, and returns
// how many of the n candidates still matter: not those of a probe row that has its match, nor, where build rows are
// kept, of one whose match has its flag already, because the row that set it goes on along the chain. So rows with one
// key cost no more than their number, not its square.
func (x *joinWorker) settle(n int, probe, build []uint32) int {
	for i, r := range probe {
		known := byte(1)
		switch b := build[i]; {
		case !x.keepBuild:
		case x.shared != nil:
			known = x.shared.mark(b)
		default:
			known, x.flags[b] = x.flags[b], 1
		}
		x.hit[int(r)-x.blockFrom] |= known
	}
	left := 0
	for i, r := range x.rows[:n] {
		x.rows[left], x.chain[left] = r, x.chain[i]
		left += int(1 - x.hit[int(r)-x.blockFrom])
	}
	return left
}

// listProbe lists the block's rows whose match flag is the wanted one.
func (x *joinWorker) listProbe() {
	rows, n := x.lists[0], 0
	for i, hit := range x.hit[:x.blockTo-x.blockFrom] {
		rows[n] = uint32(x.blockFrom + i)
		n += int(hit ^ x.wanted ^ 1)
	}
	x.ids[x.build], x.ids[1-x.build] = nil, rows[:n]
	x.idFrom, x.idTo = 0, n
	x.state = nextBlock
}

// listBuild lists the next build rows whose match flag is the wanted one.
func (x *joinWorker) listBuild(w *exec.Worker) error {
	rows, n := x.lists[0], 0
	to := min(x.flagAt+radix.Block, x.parts[x.build].rows)
	if x.shared != nil {
		for i := x.flagAt; i < to; i++ {
			rows[n] = uint32(i)
			n += int(byte(x.shared.matched[i]) ^ x.wanted ^ 1)
		}
	} else {
		for i := x.flagAt; i < to; i++ {
			rows[n] = uint32(i)
			n += int(x.flags[i] ^ x.wanted ^ 1)
		}
	}
	x.ids[x.build], x.ids[1-x.build] = rows[:n], nil
	x.idFrom, x.idTo = 0, n
	if x.flagAt = to; to == x.parts[x.build].rows {
		x.state = nextPart
	}
	return w.Yield()
}
