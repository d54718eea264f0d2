package operator

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// minOutput is how many rows a batch has room for at least while it is made.
const minOutput = 16 << 10

// joinState is what a joinWorker does next.
type joinState uint8

const (
	nextPart   joinState = iota // take the task's next part and build its table
	nextBlock                   // list the candidates of the next probe rows
	walkChains                  // compare candidates until there are enough matches or no candidates
	listProbe                   // list the block's rows that are in the result by themselves
	listBuild                   // list the build rows that are, a block at a time
	taskEnded                   // hand out the last batch
)

// joinWorker joins one task after the other on one worker. Next may be left in the middle of anything when a batch is
// full, so all of its progress is in here.
type joinWorker struct {
	source *joinSource
	task   *joinTask
	state  joinState
	at     int    // next part, or batch, of the task
	seq    uint64 // of the batches that it makes

	own        joinTable // of a partition that no other worker probes
	table      *joinTable
	shared     *sharedTable
	parts      [2]*joinPart
	build      int // leftSide or rightSide
	probeKeys  []uint64
	from, to   int // probe rows that are left
	blockFrom  int
	blockTo    int
	flags      []byte // own table: build rows that have a match, where its side is kept
	flagBuf    *memory.Buffer
	flagAt     int
	closed     bool // the task has let go of its shared table
	last       bool // as the last, and is listing its rows without a match
	keepProbe  bool // rows of the side are in the result by themselves: those whose match flag is wanted
	keepBuild  bool
	wanted     byte
	candidates int

	rows, chain  []uint32    // candidates: probe row, build row + 1
	ids          [2][]uint32 // pairs that wait for output, by side; nil: the side has no row
	idFrom, idTo int
	lists        [2][]uint32 // memory of ids: probe, build
	hit          []byte      // block rows that have a match
	found        []uint32    // looked up: each block row's match

	keys    []keyPair // compared where the hashes are equal
	batch   joinPart  // the keys of a batch that is looked up
	codes   []uint64  // of an asof join: its LeftOn, ordered
	scratch []*memory.Buffer
	output  joinEmitter
	lookup  *lookupOutput // the same, where batches are looked up
}

func newJoinWorker(s *joinSource, scope *memory.Scope) *joinWorker {
	list := func(n int) []uint32 { return make([]uint32, n) }
	wanted := byte(0)
	if s.join.spec.How == JoinSemi {
		wanted = 1
	}
	x := &joinWorker{
		source: s,
		wanted: wanted,
		keys:   slices.Clone(s.keys),
		rows:   list(radix.Block), chain: list(radix.Block),
		lists: [2][]uint32{list(2 * radix.Block), list(2 * radix.Block)},
		found: list(radix.Block),
		hit:   make([]byte, radix.Block),
	}
	if s.lookups == nil {
		x.output = newJoinOutput(s.output, scope)
	} else {
		x.lookup = &lookupOutput{source: s, scope: scope}
		x.output, x.scratch = x.lookup, make([]*memory.Buffer, len(s.sides[1-s.build].slots)+1)
	}
	return x
}

func (x *joinWorker) begin(t *joinTask) {
	x.task, x.state, x.at, x.seq = t, nextPart, t.from, t.seq
	x.closed, x.last = false, false
	x.idFrom, x.idTo = 0, 0
}

// run continues the task and returns a batch, or nil at its end.
func (x *joinWorker) run(w *exec.Worker) (*table.Batch, error) {
	for {
		for x.idFrom < x.idTo {
			n := min(x.idTo-x.idFrom, x.output.room())
			if n == 0 && x.output.rows() > 0 {
				return x.output.finish(w, x.seq)
			}
			if n == 0 {
				if err := x.output.start(x.expected()); err != nil {
					return nil, err
				}
				continue
			}
			var ids [2][]uint32
			for side := range ids {
				if x.ids[side] != nil {
					ids[side] = x.ids[side][x.idFrom : x.idFrom+n]
				}
			}
			if err := x.output.add(x.parts, ids, 1-x.build); err != nil {
				return nil, err
			}
			x.idFrom += n
		}
		more, err := x.advance(w)
		if err != nil {
			return nil, err
		}
		if !more {
			if x.output.rows() > 0 {
				return x.output.finish(w, x.seq)
			}
			if !x.close() {
				return nil, nil
			}
		}
	}
}

// expected guesses the rows that the task still makes, for the size of a batch: a quarter more than the probe side has.
func (x *joinWorker) expected() int {
	n := x.to - x.from + radix.Block
	if x.keepBuild && (x.shared == nil || x.last) {
		n += x.parts[x.build].rows
	}
	if x.task.shared == nil {
		for p := x.at; p < x.task.to; p++ {
			n += max(x.source.sides[leftSide].parts[p].rows, x.source.sides[rightSide].parts[p].rows)
		}
	}
	return min(table.MaxRows, max(n+n/4, minOutput))
}

// advance takes one step, after which there may be pairs to output. It returns false at the end of the task.
func (x *joinWorker) advance(w *exec.Worker) (bool, error) {
	switch x.state {
	case nextPart:
		return x.openPart(w)
	case nextBlock:
		return true, x.openBlock(w)
	case walkChains:
		x.walk()
		return true, w.Yield()
	case listProbe:
		x.listProbe()
	case listBuild:
		return true, x.listBuild(w)
	case taskEnded:
		return false, nil
	}
	return true, nil
}

// openPart takes the task's next part; false where there is none.
func (x *joinWorker) openPart(w *exec.Worker) (bool, error) {
	t := x.task
	x.shared = t.shared
	switch {
	case x.at >= t.to:
		x.state = taskEnded
		return false, nil
	case t.shared == nil:
		p := x.at
		x.at++
		x.parts = [2]*joinPart{&x.source.sides[leftSide].parts[p], &x.source.sides[rightSide].parts[p]}
		x.setBuild(x.parts[leftSide].rows < x.parts[rightSide].rows)
		if x.parts[x.build].rows == 0 && !x.keepProbe {
			return true, nil
		}
		if err := x.own.build(w, x.parts[x.build].keys(), sharedBits(p), 0); err != nil {
			return false, err
		}
		x.table = &x.own
		x.from, x.to = 0, x.parts[1-x.build].rows
		if err := x.clearFlags(w); err != nil {
			return false, err
		}
	case t.probe != nil:
		x.setBuild(t.shared.leftBuild)
		x.parts[x.build], x.parts[1-x.build] = t.shared.part, t.probe
		x.table = &t.shared.joinTable
		x.from, x.to = t.from, t.to
		x.at = t.to
	default:
		x.setBuild(t.shared.leftBuild)
		if err := x.openChunk(w); err != nil {
			return false, err
		}
		x.parts[x.build], x.parts[1-x.build] = t.shared.part, &x.batch
		x.table = &t.shared.joinTable
		x.from, x.to = 0, x.batch.rows
		x.at = t.to
	}
	x.probeKeys = x.parts[1-x.build].keys()
	x.state = nextBlock
	return true, nil
}

func (x *joinWorker) setBuild(left bool) {
	x.build = rightSide
	if left {
		x.build = leftSide
	}
	x.keepProbe, x.keepBuild = x.source.join.spec.keeps(!left), x.source.join.spec.keeps(left)
}

// close lets go of the task's shared table. The last task to do so goes on with the table's rows that are in the result
// by themselves, as a task of its own, and frees the table; false where nothing is left to do.
func (x *joinWorker) close() bool {
	t := x.task.shared
	switch {
	case t == nil:
		return false
	case !x.closed:
		x.closed = true
		if x.lookup != nil {
			x.closeChunk()
		}
		if t.pending.Add(-1) > 0 {
			return false
		}
		x.setBuild(t.leftBuild)
		x.parts[x.build], x.shared = t.part, t
		if x.keepBuild && t.part.rows > 0 {
			x.last, x.seq, x.state, x.flagAt = true, t.seq, listBuild, 0
			return true
		}
		t.free()
	case x.last:
		x.last = false
		t.free()
	}
	return false
}

// reserve returns size bytes of scratch for a slot.
func (x *joinWorker) reserve(w *exec.Worker, slot, size int) ([]byte, error) {
	if b := x.scratch[slot]; b != nil && len(b.Bytes()) >= size {
		return b.Bytes(), nil
	}
	b, err := w.Scope().Alloc(size)
	if err != nil {
		return nil, err
	}
	if old := x.scratch[slot]; old != nil {
		old.Release()
	}
	x.scratch[slot] = b
	return b.Bytes(), nil
}

// clearFlags makes the match flags of the own table's rows, where they are needed.
func (x *joinWorker) clearFlags(w *exec.Worker) error {
	if !x.keepBuild {
		return nil
	}
	n := x.parts[x.build].rows
	if len(x.flags) < n {
		if x.flagBuf != nil {
			x.flagBuf.Release()
			x.flags, x.flagBuf = nil, nil
		}
		b, err := w.Scope().Alloc(n + n/8)
		if err != nil {
			return err
		}
		x.flags, x.flagBuf = b.Bytes(), b
	}
	clear(x.flags[:n])
	return nil
}

// free gives back the worker's memory, when there is no task left.
func (x *joinWorker) free() {
	x.own.free()
	x.output.free()
	if x.flagBuf != nil {
		x.flagBuf.Release()
		x.flags, x.flagBuf = nil, nil
	}
	for i, b := range x.scratch {
		if b != nil {
			b.Release()
			x.scratch[i] = nil
		}
	}
}
