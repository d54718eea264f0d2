// Package plan says what to do, and where data must be for it; it does nothing itself.
//
//	JSON ── Parse ──▶ Plan          names, as the caller wrote them; unknown fields and operations are refused
//	Plan ── Bind ───▶ Program       positions and types: schemas inferred, keys cast, outputs named
//	Program ─ Place ▶ Program       with an Exchange wherever rows lie on the wrong rank, and none elsewhere
//
// A Plan is a DAG: nodes refer to earlier nodes. Bind and Place are pure and deterministic, so ranks that hold the
// same plan and have agreed on the same source schemas make the same program, exchange by exchange.
//
//	placement of a step's rows        what an operation on them needs
//	Local        this rank's own      nothing: no rank knows of the others' rows
//	Partitioned  each rank a share    by keys: equal keys on one rank (known from Keys, or made so by an Exchange)
//	Replicated   the same on all      nothing; beside partitioned rows, each rank takes its own share of them
//
// In a program that touches partitioned rows every local source counts as this rank's share.
package plan

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
)

// Plan is a DAG of nodes; Inputs refer to earlier nodes.
type Plan struct {
	Nodes []Node
	Root  int
	Mode  Mode
}

// Mode is what is done with a plan.
type Mode string

// The modes.
const (
	Run      Mode = "run"      // makes the root's rows
	Describe Mode = "describe" // only binds and places it: a table of the root's columns without rows. Not collective
	Explain  Mode = "explain"  // Describe, and tells the steps
	Analyze  Mode = "analyze"  // Run, and tells the steps, what each took and what the workers did when
)

// Makes tells whether rows are made.
func (m Mode) Makes() bool { return m == Run || m == Analyze }

// Tells tells whether the steps are told.
func (m Mode) Tells() bool { return m == Explain || m == Analyze }

// Node is one operation: what the caller wrote, checked for form only.
type Node struct {
	Op     string // as in the JSON
	Inputs []int
	Spec   Spec
}

// Spec is an operation's parameters. Each has a file of its own, which says all that the package knows of the operation:
// the JSON form, its names and types, and where it needs its rows.
type Spec interface {
	// check refuses parameters that no schema could make right.
	check() error
	// bind resolves names and types: it fills in s.Op and s.Schema, and may add steps before s.
	bind(b *binder, s *Step) error
}

// Collective tells whether the plan is run by all ranks together, because it is run and touches partitioned rows or
// moves rows. What does neither must not communicate.
func (p *Plan) Collective() bool {
	return p.Mode.Makes() && p.spread()
}

// spread tells whether the plan touches partitioned rows or moves rows.
func (p *Plan) spread() bool {
	for i := range p.Nodes {
		switch s := p.Nodes[i].Spec.(type) {
		case *Table:
			if s.Placement.Kind == Partitioned {
				return true
			}
		case *ScanCSV:
			if s.Share == ShareSlice {
				return true
			}
		case *Shuffle, *Repartition, *Replicate, *Gather:
			return true
		}
	}
	return false
}

// Signature is a hash of everything in the plan that all ranks must agree on: file paths are each rank's own.
func (p *Plan) Signature() uint64 {
	h := fnv.New64a()
	for i := range p.Nodes {
		n := &p.Nodes[i]
		spec := n.Spec
		switch s := spec.(type) {
		case *ScanCSV:
			c := *s
			c.Path, spec = "", &c
		case *ScanIPC:
			spec = &ScanIPC{}
		case *WriteCSV:
			c := *s
			c.Path, spec = "", &c
		case *WriteIPC:
			spec = &WriteIPC{}
		}
		text, err := json.Marshal(spec)
		if err != nil {
			panic(fmt.Sprintf("plan: a parsed spec that JSON can't hold: %v", err))
		}
		fmt.Fprintf(h, "%s %v %s;", n.Op, n.Inputs, text)
	}
	fmt.Fprintf(h, "%d", p.Root)
	return h.Sum64()
}
