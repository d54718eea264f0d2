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
}

// Node is one operation: what the caller wrote, checked for form only.
type Node struct {
	Op     string // as in the JSON
	Inputs []int
	Spec   Spec
}

// Spec is an operation's parameters: one of the types below.
type Spec interface{ spec() }

// Table is a table that the caller holds.
type Table struct {
	Arg       int       `json:"table"`
	Placement Placement `json:"placement"`
}

// ScanCSV reads a CSV file: all of it as this rank's own rows, this rank's slice of it, or all of it on every rank.
type ScanCSV struct {
	Path    string          `json:"path"`
	Share   Share           `json:"share"`
	Options json.RawMessage `json:"options"`
}

// ScanIPC reads an Arrow IPC file as this rank's own rows.
type ScanIPC struct {
	Path string `json:"path"`
}

// Join matches the rows of two inputs on equal keys.
type Join struct {
	How      How       `json:"how"`
	LeftOn   []string  `json:"left_on"`
	RightOn  []string  `json:"right_on"`
	Suffixes [2]string `json:"suffixes"`
}

// Group aggregates rows of equal keys.
type Group struct {
	Keys     []string `json:"keys"`
	Aggs     []Agg    `json:"aggs"`
	DropNull bool     `json:"dropna"`
	Sort     bool     `json:"sort"`
}

// Agg is one output column of a Group.
type Agg struct {
	Name   string `json:"name"`
	Fn     string `json:"fn"`
	Column string `json:"column"`
}

// Sort orders rows, stably.
type Sort struct {
	Keys       []SortKey  `json:"keys"`
	NAPosition NAPosition `json:"na_position"`
}

// SortKey is a column to sort by.
type SortKey struct {
	Column    string `json:"column"`
	Ascending bool   `json:"ascending"`
}

// Filter keeps the rows for which Predicate is true.
type Filter struct {
	Predicate *Expr `json:"predicate"`
}

// Project computes columns.
type Project struct {
	Columns []NamedExpr `json:"columns"`
}

// NamedExpr is one output column of a Project.
type NamedExpr struct {
	Name string `json:"name"`
	Expr *Expr  `json:"expr"`
}

// Slice keeps Length rows from Offset on; a negative offset counts from the end. Length is -1 for all that follow.
type Slice struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// Take gathers rows by position: the first column of an argument; -1 gives nulls.
type Take struct {
	Arg int `json:"indices"`
}

// Concat is the rows of its inputs, one input after the other.
type Concat struct{}

// Shuffle moves rows so that equal keys are on one rank.
type Shuffle struct {
	Keys []string `json:"keys"`
}

// Repartition moves rows so that all ranks hold equally many, in the same order overall.
type Repartition struct{}

// Replicate gives every rank all rows.
type Replicate struct{}

// Gather gives one rank all rows.
type Gather struct {
	Root int `json:"root"`
}

// WriteCSV writes this rank's rows to a CSV file.
type WriteCSV struct {
	Path    string          `json:"path"`
	Options json.RawMessage `json:"options"`
}

// WriteIPC writes this rank's rows to an Arrow IPC file.
type WriteIPC struct {
	Path string `json:"path"`
}

func (*Table) spec()       {}
func (*ScanCSV) spec()     {}
func (*ScanIPC) spec()     {}
func (*Join) spec()        {}
func (*Group) spec()       {}
func (*Sort) spec()        {}
func (*Filter) spec()      {}
func (*Project) spec()     {}
func (*Slice) spec()       {}
func (*Take) spec()        {}
func (*Concat) spec()      {}
func (*Shuffle) spec()     {}
func (*Repartition) spec() {}
func (*Replicate) spec()   {}
func (*Gather) spec()      {}
func (*WriteCSV) spec()    {}
func (*WriteIPC) spec()    {}

// Collective tells whether the plan is run by all ranks together, because it touches partitioned rows or moves rows.
// What does neither must not communicate.
func (p *Plan) Collective() bool {
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
