// Package optest runs an operator on small literal tables, over and over:
//
//	inputs  ──▶  chunkings, slices at odd bit offsets, string layouts, empty batches, nulls sprinkled in
//	query   ──▶  threads 1, 2, 8; input kept in memory, written to disk at once or in the end; small budgets; cancelled
//	             in the middle
//	output  ──▶  the wanted rows (in order, or as a multiset), well-formed columns, everything given back
//
// A case states its inputs and either the wanted rows or a model that computes them:
//
//	optest.Run(t, optest.Case{
//		Name:   "one null key",
//		Inputs: []optest.Input{{"k int64, s utf8", [][]any{{1, "a"}, {nil, "b"}}}},
//		Run:    func(q *exec.Query, in []exec.Source) (exec.Source, error) { ... },
//		Want:   [][]any{{nil, "b"}},
//	})
//
// Values are written as int, float64, string, bool and nil. Input buffers are lent and overwritten as soon as their
// last reference goes, so that a use after it shows.
package optest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Input is a literal table: columns as "name type, ...", types as Arrow prints them.
type Input struct {
	Columns string
	Rows    [][]any
}

// Case is one operator run and what must come out.
type Case struct {
	Name    string
	Inputs  []Input
	Run     func(q *exec.Query, in []exec.Source) (exec.Source, error)
	Want    [][]any                        // the rows, unless Model
	Model   func(inputs [][][]any) [][]any // computes the rows; the case is then run with nulls sprinkled in, too
	Ordered bool                           // the order of rows matters
	// Spilling is Run with the operator that spills; it is run with its input on disk, too.
	Spilling func(q *exec.Query, in []exec.Source) (exec.Source, error)
	// Operator and Keys, columns of the first input, are what Coverage lists.
	Operator string
	Keys     []int
}

// variation is one way to run a case.
type variation struct {
	threads int
	rows    int           // per batch; 0 is all in one
	empty   bool          // empty batches between the others
	lead    int           // rows cut off in front: a slice, its bitmaps at bit lead
	layout  column.Layout // of strings
	apart   bool          // each batch has buffers of its own
	nulls   int           // every so many values becomes null; 0 is none
	spill   spill.When    // of Spilling, instead of Run; Needed is none
}

func (v variation) String() string {
	return fmt.Sprintf("threads=%d,rows=%d,empty=%t,lead=%d,layout=%d,apart=%t,nulls=%d,spill=%d",
		v.threads, v.rows, v.empty, v.lead, v.layout, v.apart, v.nulls, v.spill)
}

var variations = []variation{
	{threads: 1},
	{threads: 1, rows: 1, lead: 3, layout: column.Offsets32},
	{threads: 2, rows: 2, empty: true, lead: 8, layout: column.Offsets64, apart: true},
	{threads: 2, rows: 3, apart: true},
	{threads: 8, rows: 1, empty: true, lead: 13},
	{threads: 8, rows: 7, lead: 1, layout: column.Offsets32, apart: true},
}

// Run checks each case in all variations.
func Run(t *testing.T, cases ...Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			for _, v := range variations {
				c.check(t, v)
				if c.Model != nil {
					for _, v.nulls = range []int{3, 1} {
						c.check(t, v)
					}
				}
			}
			for i, v := range variations {
				if c.Spilling != nil {
					v.spill, v.nulls = spill.AtEnd+spill.When(i%2), 0
					c.check(t, v)
					if v.nulls = 3; c.Model != nil {
						c.check(t, v)
					}
				}
			}
			c.refuse(t)
			c.cancel(t)
			c.cover(t)
		})
	}
}

// inputs returns the case's literal inputs with v's nulls in them.
func (c *Case) inputs(v variation) []Input {
	inputs := slices.Clone(c.Inputs)
	for i := range inputs {
		if v.nulls > 0 {
			inputs[i].Rows = sprinkle(inputs[i].Rows, v.nulls, i)
		}
	}
	return inputs
}

func sprinkle(rows [][]any, every, phase int) [][]any {
	out := make([][]any, len(rows))
	for i, row := range rows {
		out[i] = slices.Clone(row)
		for j := range row {
			if phase++; phase%every == 0 {
				out[i][j] = nil
			}
		}
	}
	return out
}

func (c *Case) check(t *testing.T, v variation) {
	t.Helper()
	inputs := c.inputs(v)
	want := c.Want
	if c.Model != nil {
		rows := make([][][]any, len(inputs))
		for i := range inputs {
			rows[i] = inputs[i].Rows
		}
		want = c.Model(rows)
	}
	got, err := c.execute(t, v, inputs, memory.NewBudget(0), func(int) {})
	require.NoError(t, err, v.String())
	wanted := make([]string, len(want))
	for i, row := range want {
		wanted[i] = RowText(row)
	}
	if !c.Ordered {
		slices.Sort(wanted)
		slices.Sort(got)
	}
	require.Equal(t, strings.Join(wanted, "\n"), strings.Join(got, "\n"), v.String())
}

// refuse runs the case on budgets too small for it: an OutOfMemory error or the answer, and nothing left behind.
func (c *Case) refuse(t *testing.T) {
	t.Helper()
	for limit := int64(1); limit < 1<<20; limit *= 4 {
		v := variation{threads: 2, rows: 2, lead: 1, apart: true}
		if _, err := c.execute(t, v, c.Inputs, memory.NewBudget(limit), func(int) {}); err != nil {
			require.Equal(t, status.OutOfMemory, status.CodeOf(err), "budget %d: %v", limit, err)
		}
	}
}

// cancel ends the query at the first, second, fourth ... batch that is read.
func (c *Case) cancel(t *testing.T) {
	t.Helper()
	for at := 1; at < 64; at *= 2 {
		ctx, cancel := context.WithCancel(context.Background())
		v := variation{threads: 2, rows: 1, apart: true}
		_, err := c.executeIn(ctx, t, v, c.Inputs, memory.NewBudget(0), func(n int) {
			if n == at {
				cancel()
			}
		})
		cancel()
		if err != nil {
			require.Equal(t, status.Cancelled, status.CodeOf(err), "cancelled at batch %d: %v", at, err)
		}
	}
}

func (c *Case) execute(t *testing.T, v variation, inputs []Input, budget *memory.Budget, onBatch func(n int)) ([]string, error) {
	return c.executeIn(context.Background(), t, v, inputs, budget, onBatch)
}

// executeIn runs the case once and returns the rows as text, after it has checked that everything was given back.
func (c *Case) executeIn(ctx context.Context, t *testing.T, v variation, inputs []Input, budget *memory.Budget, onBatch func(n int)) ([]string, error) {
	t.Helper()
	live := memory.Stat().Live
	scope := memory.NewScope(budget, "test")
	lender := &lender{}
	var read atomic.Int32
	sources := make([]exec.Source, len(inputs))
	closers := make([]*source, len(inputs))
	for i, input := range inputs {
		closers[i] = &source{batches: lender.batches(t, input, v), onBatch: func() { onBatch(int(read.Add(1))) }}
		sources[i] = closers[i]
	}
	q := exec.NewQuery(ctx, exec.NewPool(v.threads), scope)
	if v.spill != spill.Needed {
		q.Spill = spill.NewStore(spill.NewDisk(t.TempDir(), 0))
		q.Spill.When = v.spill
	}
	rows, err := c.collect(t, q, sources)
	if waited := q.Wait(); err == nil {
		err = waited
	}
	scope.Close()
	if q.Spill != nil {
		require.True(t, q.Spill.Written() > 0 || len(rows) == 0, "%s: nothing was written to disk", v)
		q.Spill.Close()
	}
	for _, s := range closers {
		s.close()
	}
	require.Zero(t, budget.Used(), "%s: bytes of the budget held at the end", v)
	require.Equal(t, live, memory.Stat().Live, "%s: bytes live at the end", v)
	require.Empty(t, lender.held(), "%s: lent buffers held at the end (release what is kept in Scope.OnClose)", v)
	return rows, err
}

func (c *Case) collect(t *testing.T, q *exec.Query, sources []exec.Source) ([]string, error) {
	t.Helper()
	run := c.Run
	if q.Spill != nil {
		run = c.Spilling
	}
	out, err := run(q, sources)
	if err != nil {
		return nil, err
	}
	sink := &exec.Collect{}
	if _, err := q.Run(out, nil, sink); err != nil {
		return nil, err
	}
	var rows []string
	for _, b := range sink.Batches() {
		rows = append(rows, Rows(t, b)...)
	}
	return rows, nil
}

// source hands out batches, empty ones, too.
type source struct {
	batches []*table.Batch
	next    atomic.Int64
	onBatch func()
}

var _ exec.Source = (*source)(nil)

// Next returns the next batch.
func (s *source) Next(*exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i >= len(s.batches) {
		return nil, nil
	}
	s.onBatch()
	s.batches[i].Retain()
	return s.batches[i], nil
}

func (s *source) close() {
	for _, b := range s.batches {
		b.Release()
	}
}

// Materialize runs src to its end and returns its batches as a table.
func Materialize(q *exec.Query, schema *arrow.Schema, src exec.Source, transforms ...exec.Transform) (*table.Table, error) {
	sink := &exec.Collect{Result: true}
	if _, err := q.Run(src, transforms, sink); err != nil {
		return nil, err
	}
	return table.New(schema, sink.Take()), nil
}
