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
			x.state, x.flagAt = buildUnmatched, 0
		}
		return nil
	}
	x.blockFrom, x.blockTo = x.from, min(x.from+radix.Block, x.to)
	x.from = x.blockTo
	x.candidates = x.table.first(x.probeKeys[x.blockFrom:x.blockTo], x.blockFrom, x.rows, x.chain)
	if x.keepProbe {
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
	n, m := x.candidates, 0
	for steps := 0; n > 0 && m < radix.Block && steps < walkSteps; steps++ {
		from := m
		n, m = x.table.step(x.probeKeys, x.rows, x.chain, n, probe, build, m)
		if len(x.source.keys) > 0 {
			m = x.verify(from, m)
		}
	}
	x.candidates = n
	if n == 0 {
		x.state = nextBlock
		if x.keepProbe {
			x.state = probeUnmatched
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
			x.shared.mark(build)
		} else {
			for _, r := range build {
				x.flags[r] = 1
			}
		}
	}
	x.ids[x.build], x.ids[1-x.build] = build, probe
	x.idFrom, x.idTo = 0, m
}

// listProbeUnmatched lists the block's rows without a match.
func (x *joinWorker) listProbeUnmatched() {
	rows, n := x.lists[0], 0
	for i, hit := range x.hit[:x.blockTo-x.blockFrom] {
		rows[n] = uint32(x.blockFrom + i)
		n += int(1 - hit)
	}
	x.ids[x.build], x.ids[1-x.build] = nil, rows[:n]
	x.idFrom, x.idTo = 0, n
	x.state = nextBlock
}

// listBuildUnmatched lists the next build rows without a match.
func (x *joinWorker) listBuildUnmatched(w *exec.Worker) error {
	rows, n := x.lists[0], 0
	to := min(x.flagAt+radix.Block, x.parts[x.build].rows)
	if x.shared != nil {
		for i := x.flagAt; i < to; i++ {
			if x.shared.matched[i] == 0 {
				rows[n] = uint32(i)
				n++
			}
		}
	} else {
		for i := x.flagAt; i < to; i++ {
			rows[n] = uint32(i)
			n += int(1 - x.flags[i])
		}
	}
	x.ids[x.build], x.ids[1-x.build] = rows[:n], nil
	x.idFrom, x.idTo = 0, n
	if x.flagAt = to; to == x.parts[x.build].rows {
		x.state = nextPart
	}
	return w.Yield()
}
