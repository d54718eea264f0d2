package expr

import (
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Program computes some expressions of the rows of a batch. It is immutable: several workers may evaluate it at once.
type Program struct {
	steps   []step
	uses    []int // of each step: how many steps and results read it; 0: it isn't computed
	results []Node
	slow    bool
	frames  sync.Pool // of *frame, between two evaluations
}

// frame is what an evaluation needs beside its results: a batch has few rows, of which some thousand come one after the other.
type frame struct {
	values []column.Column  // of each step
	left   []int            // how often it is still read
	args   []*column.Column // of a step
}

// begin returns a frame, which end takes back.
func (p *Program) begin() *frame {
	f, ok := p.frames.Get().(*frame)
	if !ok {
		f = &frame{values: make([]column.Column, len(p.steps)), left: make([]int, len(p.steps))}
	}
	copy(f.left, p.uses)
	return f
}

func (p *Program) end(f *frame) {
	clear(f.values)
	clear(f.args)
	p.frames.Put(f)
}

// Program returns what computes the given nodes.
func (b *Builder) Program(results ...Node) *Program {
	p := &Program{steps: b.steps, uses: make([]int, len(b.steps)), results: results}
	for _, n := range results {
		p.uses[n]++
	}
	for i := len(p.steps) - 1; i >= 0; i-- { // arguments come before what reads them
		if p.uses[i] == 0 || p.steps[i].literal != nil {
			continue
		}
		p.slow = p.slow || p.steps[i].slow
		for _, a := range p.steps[i].args {
			p.uses[a]++
		}
	}
	return p
}

// Types returns the types of the results.
func (p *Program) Types() []arrow.DataType {
	types := make([]arrow.DataType, len(p.results))
	for i, n := range p.results {
		types[i] = p.steps[n].typ
	}
	return types
}

// Columns returns the positions of the columns that are read.
func (p *Program) Columns() []int {
	var columns []int
	for i, s := range p.steps {
		if p.uses[i] > 0 && s.index >= 0 {
			columns = append(columns, s.index)
		}
	}
	return columns
}

// slowRows is how many rows of slow functions take a few milliseconds.
const slowRows = 4 << 10

// Rows returns how many rows of a batch are a unit of work.
func (p *Program) Rows() int {
	if p.slow {
		return slowRows
	}
	return table.MaxRows
}

// Eval returns the values for the rows of batch, with references that the caller releases.
func (p *Program) Eval(scope *memory.Scope, batch *table.Batch) ([]column.Column, error) {
	f := p.begin()
	defer p.end(f)
	values, left := f.values, f.left
	drop := func(n Node) {
		if left[n]--; left[n] == 0 {
			values[n].Release()
		}
	}
	for i := range p.steps {
		if p.uses[i] == 0 {
			continue
		}
		err := p.step(scope, batch, i, f)
		if err != nil {
			for j := range i {
				if left[j] > 0 {
					values[j].Release()
				}
			}
			return nil, err
		}
		if p.steps[i].literal == nil {
			for _, a := range p.steps[i].args {
				drop(a)
			}
		}
	}
	out := make([]column.Column, 0, len(p.results))
	var failed error
	for _, n := range p.results {
		c, err := spread(scope, &values[n], batch.Len)
		if err == nil {
			out = append(out, c)
		} else {
			failed = err
		}
		drop(n)
	}
	if failed != nil {
		for i := range out {
			out[i].Release()
		}
		return nil, failed
	}
	return out, nil
}

// step computes the value of step i.
func (p *Program) step(scope *memory.Scope, batch *table.Batch, i int, f *frame) (err error) {
	s, values := &p.steps[i], f.values
	switch {
	case s.literal != nil:
		values[i] = *s.literal
		values[i].Retain()
	case s.index >= 0:
		values[i] = batch.Cols[s.index]
		values[i].Retain()
	case batch.Len == 0: // literals have a row all the same, whose error nobody asks for
		values[i], err = compute.AllNull(scope, s.typ, 0)
	default:
		f.args = f.args[:0]
		for _, a := range s.args {
			f.args = append(f.args, &values[a])
		}
		values[i], err = s.eval(scope, f.args)
	}
	return err
}

// spread returns n rows of c, which has as many or one that stands for all.
func spread(scope *memory.Scope, c *column.Column, n int) (column.Column, error) {
	if c.Len == n {
		c.Retain()
		return *c, nil
	}
	return compute.Repeat(scope, c, n)
}
