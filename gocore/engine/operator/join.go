package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// JoinHow is which rows are in the result of a join.
type JoinHow uint8

// The kinds of join. Semi and Anti joins have output columns of the left side only.
const (
	JoinInner JoinHow = iota // the pairs
	JoinLeft                 // the pairs, and the left side's rows without a match
	JoinRight                // the pairs, and the right side's rows without a match
	JoinOuter                // the pairs, and both sides' rows without a match
	JoinSemi                 // the left side's rows with a match, each once
	JoinAnti                 // the left side's rows without a match
)

// JoinAlgorithm is how a join finds the rows that match.
type JoinAlgorithm uint8

// The algorithms.
const (
	JoinHash  JoinAlgorithm = iota // see Join
	JoinMerge                      // see mergeSource; both sides come sorted by their keys, ascending, nulls last
)

// JoinSide is where an output column comes from.
type JoinSide uint8

// The origins of output columns.
const (
	FromLeft JoinSide = iota
	FromRight
	Coalesced // a key: the left row's value, the right row's where there is no left row
	Indicator // "both", "left_only" or "right_only": which sides the row is of
)

// JoinColumn is one output column: column Index of its side, or key number Index where it is Coalesced.
type JoinColumn struct {
	Side  JoinSide
	Index int
}

// JoinSpec says what to join: rows whose keys are equal, pair by pair. A null key equals a null key, NaN equals NaN,
// -0.0 equals 0.0. The two columns of a pair have one Kind. Without keys, every pair of rows matches: a cross join.
type JoinSpec struct {
	How                 JoinHow
	LeftKeys, RightKeys []int
	Output              []JoinColumn
	// UniqueLeft and UniqueRight refuse a side of which two rows have the same keys.
	UniqueLeft, UniqueRight bool
	Algorithm               JoinAlgorithm
	// Asof, of a left join, matches the nearest right row only: its right side comes sorted.
	Asof *AsofSpec
}

// Join is the hash join, unless its spec says otherwise. Its two inputs are pushed by a pipeline each, in any order; Source then hands out the result.
//
//	1 keep       both inputs' batches, in order of Seq
//	2 partition  the rows of both sides into 512 partitions by their key's hash (package radix): all columns, so that
//	             what follows touches memory that fits a core's L2 cache. A small side isn't worth it: it is made one
//	             table, in which the other side's batches are looked up as they lie (join_lookup.go)
//	3 build      per partition, a chained table over the smaller side: head[bucket], next[row]
//	4 probe      2,048 rows of the larger side at a time: a list of candidates, a list of matches, without a branch
//	             on data; then each output column is gathered from the lists
//
// A single key that is no string is compared as 64 bits; other keys by a 64-bit hash, and then column by column. Rows
// whose single key is null have a partition of their own; without keys, all rows are there. A partition that a frequent
// key makes much larger than the others is built once and probed by several workers. Match flags tell the rows without a
// match apart; of a semi or anti join they are all that is asked for.
//
// The result's batches are the same for any number of workers: Seq counts partitions and the pieces of large ones.
type Join struct {
	spec        JoinSpec
	left, right *joinInput
	limits      joinLimits
	asof        *asof // nil: rows match where their keys are equal
}

// NewJoin returns the join of two inputs with the given schemas.
func NewJoin(spec JoinSpec, left, right *arrow.Schema) (*Join, error) {
	if len(spec.LeftKeys) != len(spec.RightKeys) {
		return nil, status.Errorf(status.Invalid, "a join needs as many left keys as right keys, not %d and %d", len(spec.LeftKeys), len(spec.RightKeys))
	}
	j := &Join{spec: spec, left: newJoinInput("left", left), right: newJoinInput("right", right), limits: joinDefaults}
	for i := range spec.LeftKeys {
		l, err := j.left.need(spec.LeftKeys[i])
		if err != nil {
			return nil, err
		}
		r, err := j.right.need(spec.RightKeys[i])
		if err != nil {
			return nil, err
		}
		j.left.keys, j.right.keys = append(j.left.keys, l), append(j.right.keys, r)
		if a, b := j.left.kinds[l], j.right.kinds[r]; a > column.String || a != b {
			return nil, status.Errorf(status.TypeMismatch, "key %d is %s on the left and %s on the right: they can't be compared, cast one or both",
				i, j.left.types[l], j.right.types[r])
		}
	}
	if spec.Asof != nil {
		var err error
		if j.asof, err = newAsof(j); err != nil {
			return nil, err
		}
	}
	if len(spec.LeftKeys) == 0 {
		j.left.keys, j.right.keys = []int{j.left.needNulls()}, []int{j.right.needNulls()}
	}
	for _, c := range spec.Output {
		in := j.left
		switch {
		case c.Side != FromLeft && c.Side != Coalesced && !spec.pairs():
			return nil, status.Errorf(status.Invalid, "a semi or anti join has columns of the left side only")
		case c.Side == Indicator:
			continue
		case c.Side == Coalesced && (c.Index < 0 || c.Index >= len(spec.LeftKeys)):
			return nil, status.Errorf(status.Invalid, "there is no key number %d", c.Index)
		case c.Side == Coalesced:
			continue
		case c.Side == FromRight:
			in = j.right
		}
		if _, err := in.need(c.Index); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// Left takes the left input.
func (j *Join) Left() exec.Sink { return j.left }

// Right takes the right input.
func (j *Join) Right() exec.Sink { return j.right }

// Source joins what both inputs were pushed, after both have finished, and returns the result. The caller holds no slot.
func (j *Join) Source(q *exec.Query) (exec.Source, error) {
	if j.spec.Algorithm == JoinMerge {
		return newMergeSource(j, q)
	}
	s := newJoinSource(j, q)
	if err := s.prepare(q); err != nil {
		return nil, err
	}
	return s, nil
}

// pairs tells whether the result has pairs of rows that match.
func (s *JoinSpec) pairs() bool { return s.How != JoinSemi && s.How != JoinAnti }

// keeps tells whether rows of a side are in the result by themselves: those without a match, of a semi join those with one.
func (s *JoinSpec) keeps(left bool) bool {
	if left {
		return s.How != JoinInner && s.How != JoinRight
	}
	return s.How == JoinRight || s.How == JoinOuter
}

// isExact tells whether keys of kind k are compared as 64 bits.
func isExact(k column.Kind) bool { return k != column.String }
