// Package dist runs plans over one rank or many: the only place where the engine and the communicator meet.
//
//	1 agree     every rank tells the schemas of its sources, which all unify the same way and cast where they differ, and
//	            the types of the values in its expressions, which must lead to the same program
//	2 bind      plan.Bind and plan.Place: the same program on all ranks
//	3 lower     steps become pipelines of engine operators, in the same order on all ranks
//
// An Exchange is two ends that run at once, so that neither a rank's memory nor a slow peer bounds its size:
//
//	pipeline ─▶ sink: choose each row's rank ─┬─ encode ─▶ comm.Exchange ═══▶ other ranks
//	                                          └─ own rows, as they are ─▶ queue ─┐
//	              next pipeline ◀── source: decode ◀── comm.Exchange ◀══ others ─┴─ whichever comes first
//
// Both ends wait only without a compute slot, so one thread is enough. Received batches are numbered source<<40 | n,
// n counting the source's batches in its order: what is ordered by Seq is in the order of the rank concatenation.
//
// The law: the concatenation of the results over the ranks is the result on the concatenated input, as a multiset, or
// in order where the operation is ordered.
package dist

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// World is where a plan runs. Op is nil for a plan that isn't Collective, or in a world of one rank. Gauge, where there
// is one, shows how far it has come.
type World struct {
	Rank, Size int
	Op         *comm.Operation
	Gauge      *Gauge
}

// OperatorStats is what one step of a program did on this rank.
type OperatorStats struct {
	Op            string  `json:"op"`
	Rows          int64   `json:"rows"` // that it made
	Seconds       float64 `json:"seconds"`
	BytesSent     int64   `json:"bytes_sent"`
	BytesReceived int64   `json:"bytes_received"`
	BytesSpilled  int64   `json:"bytes_spilled"` // that it wrote to disk, for want of memory
	PeakBytes     int64   `json:"peak_bytes"`    // the most working memory that the plan held while the step ran

	// Of plans whose mode tells the steps: what the step does, and the steps that it reads, by their place in the list.
	Text   string `json:"text,omitempty"`
	Inputs []int  `json:"inputs,omitempty"`
	// Of analyzed plans: the bytes of the rows that it made, and how long all workers together worked for it.
	Bytes int64   `json:"bytes,omitempty"`
	Busy  float64 `json:"busy_seconds,omitempty"`

	// Began and Ended are when it was started and when its last rows came: steps of one pipeline overlap.
	Began, Ended time.Time `json:"-"`
}

// Result is this rank's part of what a plan made. The caller releases the table.
type Result struct {
	Table     *table.Table
	Placement plan.Placement
	RowsMoved int64 // rows sent to other ranks
	Operators []OperatorStats
	Spans     []exec.Span // of an analyzed plan; their steps are Operators' by their place
}

// Run runs p on this rank over args, lent for the call. It returns when all it started has ended.
func Run(ctx context.Context, machine exec.Machine, world World, p *plan.Plan, args []*table.Table) (*Result, error) {
	scope := memory.NewScope(machine.Budget, p.Name())
	defer scope.Close()
	q := exec.NewQuery(ctx, machine.Pool, scope)
	if machine.Disk != nil {
		q.Spill = spill.NewStore(machine.Disk)
		defer q.Spill.Close()
	}
	if p.Mode == plan.Analyze {
		q.Trace = exec.NewTrace()
	}
	l := &lowerer{q: q, world: world, plan: p, args: args, gauge: world.Gauge}
	if l.gauge == nil {
		l.gauge = &Gauge{}
	}
	scope.OnClose(l.closeFiles)
	result, err := l.run()
	if err != nil {
		q.Fail(err)
	}
	if failed := q.Wait(); failed != nil {
		if result != nil {
			result.Table.Release()
		}
		return nil, failed
	}
	return result, nil
}

// run makes the program and runs it.
func (l *lowerer) run() (*Result, error) {
	sources, err := l.openSources()
	if err != nil {
		return nil, err
	}
	if err := l.makeProgram(sources); err != nil {
		return nil, err
	}
	l.prepare()
	if !l.plan.Mode.Makes() {
		root := &l.program.Steps[l.program.Root]
		result := &Result{Table: table.New(root.Schema, nil), Placement: l.program.PlacementOf(l.program.Root)}
		if l.plan.Mode.Tells() {
			result.Operators, _ = l.stats()
		}
		return result, nil
	}
	start := time.Now()
	root, err := l.lower(l.program.Root, nil)
	if err != nil {
		return nil, err
	}
	last := l.meters[l.program.Root]
	if root.head == &last.tally {
		l.gauge.enter("result", root) // the operator has read all
	}
	batches, err := l.collectInto(root, &exec.Collect{Result: true})
	if err != nil {
		return nil, err
	}
	last.took(start)
	for _, b := range batches {
		b.Retain() // the scope drops what it collected
	}
	operators, spans := l.stats()
	return &Result{
		Table:     table.New(root.schema, batches),
		Placement: l.program.PlacementOf(l.program.Root),
		RowsMoved: l.rowsMoved.Load(),
		Operators: operators,
		Spans:     spans,
	}, nil
}

// makeProgram agrees on the sources' schemas and makes the program. What is wrong here is wrong on all ranks: they
// meet before they end, so that each reports the error itself rather than another's.
func (l *lowerer) makeProgram(sources map[int]*arrow.Schema) error {
	told, err := l.tellSchemas(sources)
	if err != nil {
		return err
	}
	err = func() error {
		agreed, err := unify(l.plan, sources, told)
		if err != nil {
			return err
		}
		l.program, err = l.agreedProgram(agreed, told)
		return err
	}()
	if err != nil && l.world.Op != nil {
		_ = l.world.Op.Barrier(l.q.Context()) // its failure is no news beside err
	}
	return err
}
