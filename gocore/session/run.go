package session

import (
	"context"
	"encoding/json"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/dist"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// Result is what a Run made: a table, which the caller releases, and JSON that describes it.
type Result struct {
	Table *table.Table
	Info  []byte
}

// info is the JSON beside a result.
type info struct {
	Schema    []fieldInfo    `json:"schema"`
	Rows      int            `json:"rows"`
	Placement plan.Placement `json:"placement"`
	Stats     stats          `json:"stats"`
}

type fieldInfo struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
}

type stats struct {
	Seconds    float64              `json:"seconds"`
	RowsMoved  int64                `json:"rows_moved"`  // sent to other ranks
	BytesMoved int64                `json:"bytes_moved"` // the same, encoded
	Operators  []dist.OperatorStats `json:"operators"`
	// Spans is what the workers of an analyzed plan did: operator, worker (-1: none of them), from and to in
	// microseconds since the plan began.
	Spans [][4]int64 `json:"spans,omitempty"`
}

// Run runs a plan (gocore/plan's JSON) over args, which are lent for the call, and returns its root's table. site is
// where the caller stands ("script.py:12"): an error about ranks that run different plans names it.
func (e *Env) Run(ctx context.Context, planJSON []byte, args []*table.Table, site string) (*Result, error) {
	p, err := plan.Parse(planJSON)
	if err != nil {
		return nil, err
	}
	leave, err := e.enter(p.Name())
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	if !p.Mode.Makes() {
		return e.describe(ctx, p, args)
	}
	t := e.tell(p.Name())
	defer t.stop()
	result, err := e.run(ctx, p, args, site, &t.gauge)
	trim()
	if err != nil {
		t.failed(err)
		return nil, status.In(p.Name(), err)
	}
	return toResult(result, t.ended(result))
}

// describe returns a table without rows of the columns that p would make. It tells nobody: it takes microseconds.
func (e *Env) describe(ctx context.Context, p *plan.Plan, args []*table.Table) (*Result, error) {
	world := dist.World{Rank: e.Rank(), Size: e.Size()}
	result, err := dist.Run(ctx, e.process.machine, world, p, args)
	if err != nil {
		return nil, status.In(p.Name(), err)
	}
	return toResult(result, 0)
}

// toResult adds what is told about a result of dist.
func toResult(r *dist.Result, seconds float64) (*Result, error) {
	text, err := json.Marshal(infoOf(r, seconds))
	if err != nil {
		r.Table.Release()
		return nil, status.Errorf(status.Internal, "a result that JSON can't describe: %w", err)
	}
	return &Result{Table: r.Table, Info: text}, nil
}

// run runs p, as an operation of all ranks where it touches rows of theirs.
func (e *Env) run(ctx context.Context, p *plan.Plan, args []*table.Table, site string, gauge *dist.Gauge) (*dist.Result, error) {
	world := dist.World{Rank: e.Rank(), Size: e.Size(), Gauge: gauge}
	if e.comm == nil || !p.Collective() {
		return dist.Run(ctx, e.process.machine, world, p, args)
	}
	gauge.Enter(waiting)
	op, err := e.comm.Begin(ctx, comm.Call{Name: p.Name(), Site: site, Signature: p.Signature()})
	if err != nil {
		return nil, err
	}
	world.Op = op
	result, err := dist.Run(ctx, e.process.machine, world, p, args)
	if err == nil {
		// No rank has a result where another has failed.
		gauge.Enter(waiting)
		err = op.Barrier(ctx)
	}
	if err != nil && result != nil {
		result.Table.Release()
		result = nil
	}
	if ended := op.End(err); err == nil && ended != nil {
		result.Table.Release()
		return nil, ended
	}
	return result, err
}

func infoOf(r *dist.Result, seconds float64) info {
	out := info{Schema: []fieldInfo{}, Rows: r.Table.Rows, Placement: r.Placement,
		Stats: stats{Seconds: seconds, RowsMoved: r.RowsMoved, Operators: r.Operators}}
	for _, f := range r.Table.Schema.Fields() {
		out.Schema = append(out.Schema, fieldInfo{f.Name, plan.TypeName(f.Type), f.Nullable})
	}
	for _, o := range r.Operators {
		out.Stats.BytesMoved += o.BytesSent
	}
	for _, s := range r.Spans {
		out.Stats.Spans = append(out.Stats.Spans, [4]int64{int64(s.Step), int64(s.Worker), s.From.Microseconds(), s.To.Microseconds()})
	}
	return out
}
