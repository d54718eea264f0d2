package plan

import (
	"encoding/json"

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

// Op is a Step's operation: one of the types below, or Exchange.
type Op interface{ op() }

// SourceOp is rows from outside: an argument or a file.
type SourceOp struct {
	Arg     int    // the argument that holds the table; -1 for files
	Format  string // of a file: "csv" or "ipc"
	Path    string
	Share   Share
	Options json.RawMessage
}

// ProjectOp computes columns.
type ProjectOp struct{ Columns []*BoundExpr }

// FilterOp keeps the rows for which Predicate is true.
type FilterOp struct{ Predicate *BoundExpr }

// Side is where an output column of a join comes from.
type Side uint8

// The sides. A Coalesced column is a key: the left value where there is a left row, else the right one.
const (
	LeftSide Side = iota
	RightSide
	Coalesced
)

// JoinColumn is an output column of a join: a column of a side, or a position in the key lists.
type JoinColumn struct {
	Side  Side
	Index int
}

// JoinOp matches rows on equal keys, whose types are pairwise the same.
type JoinOp struct {
	How                 How
	LeftKeys, RightKeys []int
	Output              []JoinColumn
}

// Phase is which part of a group-by a step does.
type Phase uint8

// The phases. Partial makes keys, then state columns; Final merges them.
const (
	Complete Phase = iota
	Partial
	Final
)

// BoundAgg is one aggregate.
type BoundAgg struct {
	Fn     string
	Column int
}

// GroupOp aggregates rows of equal keys: its output is the keys, then the aggregates.
type GroupOp struct {
	Keys     []int
	Aggs     []BoundAgg
	DropNull bool
	Phase    Phase
	Input    *arrow.Schema // what Complete or Partial reads, in every phase
}

// BoundSortKey is a column to sort by.
type BoundSortKey struct {
	Column     int
	Descending bool
	NullsFirst bool
}

// SortOp orders this rank's rows, stably.
type SortOp struct{ Keys []BoundSortKey }

// SliceOp keeps a range of rows: of this rank's rows, or (Global) of the concatenation over the ranks.
type SliceOp struct {
	Offset, Length int64
	Global         bool
}

// TakeOp gathers rows by the positions in the first column of an argument.
type TakeOp struct{ Arg int }

// ConcatOp is its inputs' rows, one input after the other.
type ConcatOp struct{}

// WriteOp writes this rank's rows to a file.
type WriteOp struct {
	Format  string // "csv" or "ipc"
	Path    string
	Options json.RawMessage
}

// ExchangeKind is how an Exchange chooses the rank of a row.
type ExchangeKind uint8

// The exchanges.
const (
	ByHash  ExchangeKind = iota // the hash of Keys: equal keys on one rank
	ByRange                     // the order of Sort: lower ranks hold lower rows
	Even                        // the position: equally many rows on each rank, in the same order
	ToAll                       // every rank
	ToRoot                      // rank Root
)

// Exchange moves rows between ranks.
type Exchange struct {
	Kind ExchangeKind
	Keys []int
	Sort []BoundSortKey
	// Together keeps rows of equal Sort keys on one rank; otherwise ties are split evenly, in the frame's order.
	Together bool
	Root     int
	// Own marks an input that every rank holds: each keeps the rows that are its own, and none move.
	Own bool
}

func (*SourceOp) op()  {}
func (*ProjectOp) op() {}
func (*FilterOp) op()  {}
func (*JoinOp) op()    {}
func (*GroupOp) op()   {}
func (*SortOp) op()    {}
func (*SliceOp) op()   {}
func (*TakeOp) op()    {}
func (*ConcatOp) op()  {}
func (*WriteOp) op()   {}
func (*Exchange) op()  {}

// add appends a step and returns its index.
func (p *Program) add(s Step) int {
	p.Steps = append(p.Steps, s)
	return len(p.Steps) - 1
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
