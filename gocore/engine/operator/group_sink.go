package operator

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Group is the hash group-by.
//
//	Push     each worker aggregates into a table of its own that fits the cache; of keys that have few values, it needs
//	         no search there (see groupCodes). A table that is full is emptied into 256 partitions. Where it filled up
//	         before it had taken in several rows per group, aggregating early doesn't pay: the worker spreads the rows
//	         themselves over the partitions, and tries again much later. Rows that are needed all at once (see
//	         groupCollected) are always spread.
//	Finish   a worker takes a partition at a time, of all workers, and aggregates it into a table that fits its cache; of
//	         tables that were never full, it takes the slots of a range of hashes. Few groups need no partitions: the
//	         workers' tables are merged.
//	Next     decodes a batch of groups, in the order of their hashes. Where rows were spread, it makes them only then (see
//	         groupStream).
//
// Everything that grows is in the query's scope, off Go's heap. SpillingGroup bounds it.
type Group struct {
	layout *groupLayout
	spread int // rows that a worker spreads before it tries a table again
	bytes  int // of a worker's table
	// unitRows is about how many records make a unit.
	unitRows int
	once     sync.Once
	workers  []*groupWorker
	// expected is how many groups the last unit had: hashes spread evenly, so the next will have about as many.
	expected atomic.Int64
}

var _ exec.RowSink = (*Group)(nil)

// NewGroup returns the operator for input of schema in, or an error that names what can't be grouped or aggregated.
func NewGroup(spec GroupSpec, in *arrow.Schema) (*Group, error) {
	l, err := newGroupLayout(spec, in)
	if err != nil {
		return nil, err
	}
	return &Group{layout: l, spread: firstSpread, bytes: tableBytes, unitRows: unitRows}, nil
}

const (
	// tableBytes bounds a worker's table, so that it mostly stays in the L3 cache: a search there costs less than to write
	// a row to its partition and to read it again.
	tableBytes = 24 << 20
	// tableShare is which part of the budget it may take.
	tableShare = 64
	// worthwhile is how many rows per group a full table must have taken in to be filled again.
	worthwhile = 6
	// firstSpread is after how many rows a worker that spreads its rows tries a table again; it doubles every time.
	firstSpread = 4 << 20
)

// groupWorker is what one worker keeps.
type groupWorker struct {
	encoder *groupEncoder
	table   *groupTable
	codes   *groupCodes // nil: all rows are looked up in table
	max     int         // groups in table
	rows    int         // taken in since the table was empty
	ids     []uint32
	scratch []uint32
	strings groupHeap
	groups  *groupParts // that were in the table
	spread  *groupParts // rows
	left    int         // rows to spread before trying a table again
	span    int
}

func newGroupWorker(l *groupLayout, scope *memory.Scope, spread, bytes int) (*groupWorker, error) {
	encoder, err := newGroupEncoder(l, scope)
	if err != nil {
		return nil, err
	}
	t, err := newGroupTable(l, scope, 0, 0)
	if err != nil {
		return nil, err
	}
	ids, _, err := memory.Make[uint32](scope, 2*groupChunkRows)
	if err != nil {
		return nil, err
	}
	w := &groupWorker{encoder: encoder, table: t, ids: ids[:groupChunkRows], scratch: ids[groupChunkRows:], span: spread}
	w.strings.scope = scope
	if len(l.collected) > 0 {
		w.groups = newGroupParts(scope, l.recWords, 0)
		w.spread = newGroupParts(scope, 1+l.keyWords+l.rowWords, l.maskWords)
		w.left = math.MaxInt
	}
	bytes = min(bytes, int(scope.Budget().Limit()/tableShare))
	for w.max = minSlots / slotsPerGroup; w.max < 256<<10 && 2*w.max*(8*l.recWords+4*slotsPerGroup) <= bytes; w.max *= 2 {
	}
	w.codes, err = newGroupCodes(l, scope, 4*w.max)
	return w, err
}

func (g *Group) prepare(q *exec.Query) {
	g.once.Do(func() { g.workers = make([]*groupWorker, q.Threads) })
}

// worker returns w's state, made on first use.
func (g *Group) worker(w *exec.Worker) (*groupWorker, error) {
	g.prepare(w.Query)
	if g.workers[w.ID] == nil {
		state, err := newGroupWorker(g.layout, w.Scope(), g.spread, g.bytes)
		if err != nil {
			return nil, err
		}
		g.workers[w.ID] = state
	}
	return g.workers[w.ID], nil
}

// Push takes b in.
func (g *Group) Push(w *exec.Worker, b *table.Batch) error { return g.PushRows(w, b, nil) }

// PushRows takes rows of b in.
func (g *Group) PushRows(w *exec.Worker, b *table.Batch, rows []uint32) error {
	return g.push(w, allRows(b, rows))
}

// allRows returns rows of b, of which nil is all.
func allRows(b *table.Batch, rows []uint32) groupRows {
	if rows == nil {
		return groupRows{batch: b, n: b.Len}
	}
	return groupRows{batch: b, n: len(rows), rows: slices.Clip(rows)} // clipped: see sumIntRows
}

func (g *Group) push(w *exec.Worker, r groupRows) error {
	if r.n == 0 {
		return nil
	}
	state, err := g.worker(w)
	if err != nil {
		return err
	}
	state.encoder.begin(r.batch)
	for from := 0; from < r.n; from += groupChunkRows {
		push := state.push
		if state.codes != nil && state.left == 0 && state.codes.takes(r.batch) {
			push = state.pushCoded
		}
		if err := push(r.slice(from, min(from+groupChunkRows, r.n))); err != nil {
			return err
		}
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// pushCoded takes in rows whose groups are found by their codes as far as that goes.
func (w *groupWorker) pushCoded(r groupRows) error {
	missing := w.codes.lookup(r, w.ids, w.encoder.rows)
	if len(missing) > 0 {
		c, groups := w.encoder.encodeMissing(r, missing), w.table.groups()
		for i := 0; ; {
			to, err := w.table.lookup(c, i, w.scratch, &w.strings)
			if err != nil {
				return err
			}
			if i = to; i == c.n {
				break
			}
			if w.table.groups() >= w.max {
				return w.push(r) // which empties the table
			}
			if err := w.table.grow(); err != nil {
				return err
			}
		}
		for i, row := range missing {
			w.ids[row] = w.scratch[i]
		}
		more, err := w.codes.learn(c, missing, w.scratch, w.table.groups()-groups)
		if err != nil {
			return err
		}
		if !more {
			w.dropCodes()
		}
	}
	w.rows += r.n
	return w.table.aggregate(groupUpdate{w.encoder.encodeFound(r), w.ids, w.scratch, 0, r.n, &w.strings})
}

// dropCodes has all rows looked up in the table from now on.
func (w *groupWorker) dropCodes() {
	if w.codes != nil {
		w.codes.free()
		w.codes = nil
	}
}

// push takes in rows.
func (w *groupWorker) push(r groupRows) error {
	c, l := w.encoder.encode(r), w.encoder.layout
	if w.left > 0 {
		w.left -= c.n
		return w.spread.scatter(l, c, &w.strings)
	}
	for i := 0; i < c.n; {
		from, to := i, c.n
		var err error
		if !l.single() { // whose states are aggregated without ids as far as that goes
			to, err = w.table.lookup(c, from, w.ids, &w.strings)
		}
		if err != nil {
			return err
		}
		w.rows += to - from
		if err := w.table.aggregate(groupUpdate{c, w.ids, w.scratch, from, to, &w.strings}); err != nil {
			return err
		}
		i = to
		if i == c.n {
			break
		}
		if w.table.groups() < w.max {
			err = w.table.grow()
		} else {
			err = w.empty()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// empty moves the table's groups to partitions and decides what to do with the rows to come.
func (w *groupWorker) empty() error {
	l, scope := w.encoder.layout, w.table.scope
	if w.groups == nil {
		w.groups = newGroupParts(scope, l.recWords, 0)
	}
	if w.rows < worthwhile*w.table.groups() {
		if w.spread == nil {
			w.spread = newGroupParts(scope, 1+l.keyWords+l.rowWords, l.maskWords)
		}
		w.left, w.span = w.span, 2*w.span
	}
	w.rows = 0
	w.dropCodes()
	return w.groups.flush(w.table)
}

// Combine empties the worker's table if it has partitions to empty it into.
func (g *Group) Combine(w *exec.Worker) error {
	g.prepare(w.Query)
	state := g.workers[w.ID]
	if state == nil || state.groups == nil {
		return nil
	}
	return state.groups.flush(state.table)
}
