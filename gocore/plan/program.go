package plan

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// PlacementKind is where a frame's rows are.
type PlacementKind string

// The placements.
const (
	Local       PlacementKind = "local"
	Partitioned PlacementKind = "partitioned"
	Replicated  PlacementKind = "replicated"
)

// Placement is where a frame's rows are, by column names. Keys, where there are any, are the columns by whose hash
// (of their common values, in this order) a partitioned frame's rows were placed.
type Placement struct {
	Kind PlacementKind `json:"kind"`
	Keys []string      `json:"keys,omitempty"`
}

// Program is a plan by position, with types: what to execute.
type Program struct {
	Steps []Step // inputs refer to earlier steps
	Root  int
}

// Step is one operation of a Program.
type Step struct {
	Node      int // of the plan, whose operation this is (or a part of)
	Op        Op
	Inputs    []int
	Schema    *arrow.Schema // of the rows it makes; nil for the state of a partial Group, which its operator knows
	Placement PlacementKind
	// Keys are the columns by whose hash the rows were placed, in order; each is the set of columns that hold
	// values equal to it. None where the rows lie anyhow.
	Keys [][]int
}

// Op is a Step's operation by position: the bound form of a Spec, or an Exchange.
type Op interface {
	// Name is what the operation is called where its work is measured.
	Name() string
	// place adds the step s, number i of the old program, whose inputs refer to new steps already and whose placement
	// and keys are those of its first input, with the exchanges that it needs before it. It returns the new step.
	place(pl *placer, i int, s Step) (int, error)
}

// add appends a step and returns its index.
func (p *Program) add(s Step) int {
	p.Steps = append(p.Steps, s)
	return len(p.Steps) - 1
}

// Shape is what the programs of ranks that run one together have in common: the operations, and the types of their rows.
func (p *Program) Shape() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprint(&b, s.Op.Name(), s.Inputs)
		if s.Schema != nil {
			for _, f := range s.Schema.Fields() {
				b.WriteString(" " + TypeName(f.Type))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// PlacementOf returns the placement of a step's rows by column names.
func (p *Program) PlacementOf(step int) Placement {
	s := &p.Steps[step]
	out := Placement{Kind: s.Placement}
	for _, same := range s.Keys {
		out.Keys = append(out.Keys, s.Schema.Field(same[0]).Name)
	}
	return out
}
