package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// AsofDirection is where an asof join looks for a row.
type AsofDirection uint8

// The directions.
const (
	AsofBackward AsofDirection = iota // the last row that isn't after
	AsofForward                       // the first row that isn't before
	AsofNearest                       // whichever of these is nearer, backward where both are equally near
)

// AsofSpec makes a join match each left row with one right row at most: of those with its keys, which may be none, the one
// whose RightOn is nearest to its LeftOn. Null and NaN match nothing.
//
//	1 the right side comes sorted by its keys and then RightOn; a group is its rows with equal keys
//	2 the first row of each group goes into a table by the hash of its keys
//	3 a batch of the left side at a time: its rows' groups are looked up, then the place of LeftOn in the group is found
//	  by bisection of 64-bit codes that are ordered as the values are
//	4 the result is the left batch as it is, beside the right columns gathered by the rows' addresses
type AsofSpec struct {
	LeftOn, RightOn int // of one Kind, integers or floats
	Direction       AsofDirection
	Strict          bool // leaves out rows with an equal RightOn
	// Limited bounds how far RightOn may be from LeftOn: integers by Distance, floats by FloatDistance.
	Limited       bool
	Distance      uint64
	FloatDistance float64
}

// asof is the right side of an asof join as it is searched.
type asof struct {
	spec   *AsofSpec
	on     [2]int // the kept columns
	kind   column.Kind
	codes  []uint64          // per row: RightOn, ordered
	places []uint64          // per row: its address
	heads  []uint32          // the first row of each group
	ends   []uint32          // per first row: the end of its group's rows that may match
	pieces []*compute.Pieces // per kept column
	bufs   []*memory.Buffer
}

func newAsof(j *Join) (*asof, error) {
	spec := j.spec.Asof
	if j.spec.How != JoinLeft {
		return nil, status.Errorf(status.Invalid, "an asof join is a left join: every left row stays")
	}
	left, err := j.left.need(spec.LeftOn)
	if err != nil {
		return nil, err
	}
	right, err := j.right.need(spec.RightOn)
	if err != nil {
		return nil, err
	}
	a := &asof{spec: spec, on: [2]int{left, right}, kind: j.left.kinds[left]}
	if a.kind != j.right.kinds[right] || !(a.kind.IsInteger() || a.kind.IsFloat()) {
		return nil, status.Errorf(status.TypeMismatch, "an asof join is on two columns of numbers or times of one type, not on %s and %s",
			j.left.types[left], j.right.types[right])
	}
	return a, nil
}

// prepareAsof makes the right side what its rows are found in, and each chunk of the left side a task.
func (s *joinSource) prepareAsof(q *exec.Query) error {
	s.build, s.exact = rightSide, false
	for side, in := range [2]*joinInput{s.join.left, s.join.right} {
		s.sides[side] = newJoinSide(in, s.exact, make([]bool, len(in.cols)))
	}
	build := s.sides[rightSide]
	if err := build.in.makeViews(q); err != nil {
		return err
	}
	for _, c := range build.in.keys {
		if build.in.kinds[c] == column.String {
			build.in.mergeHeaps(c, &compute.HeapMerger{})
		}
	}
	s.keys = s.keyPairs()
	s.lookups = s.lookupColumns()
	build.cut(table.MaxRows)
	if err := build.concatenate(q); err != nil {
		return err
	}
	if err := s.join.asof.prepare(q, s); err != nil {
		return err
	}
	s.lookUpIn(&build.parts[0])
	return nil
}

// prepare fills in what is searched.
func (a *asof) prepare(q *exec.Query, s *joinSource) error {
	build := s.sides[rightSide]
	rows := build.in.rows
	for c := range build.in.cols {
		a.pieces = append(a.pieces, build.in.pieces(c))
	}
	var err error
	keep := func(b *memory.Buffer) { a.bufs = append(a.bufs, b) }
	var codes, heads, ends, places *memory.Buffer
	if a.codes, codes, err = memory.Make[uint64](q.Scope, rows); err != nil {
		return err
	}
	keep(codes)
	if a.heads, heads, err = memory.Make[uint32](q.Scope, rows); err != nil {
		return err
	}
	keep(heads)
	if a.ends, ends, err = memory.Make[uint32](q.Scope, rows); err != nil {
		return err
	}
	keep(ends)
	if a.places, places, err = build.places(q); err != nil {
		return err
	}
	keep(places)
	err = q.For(len(build.in.batches), func(_ *exec.Worker, i int) error {
		first, n := build.first[i], build.in.batches[i].Len
		a.order(&build.in.batches[i].Cols[a.on[rightSide]], a.codes[first:first+n])
		return nil
	})
	if err != nil {
		return err
	}
	return q.For(1, func(w *exec.Worker, _ int) error { return a.cutGroups(w, s) })
}

// cutGroups finds where the groups begin and end.
func (a *asof) cutGroups(w *exec.Worker, s *joinSource) error {
	heads, err := s.findGroups(w, rightSide, a.heads[:0])
	if err != nil {
		return err
	}
	a.heads = heads
	for i, head := range heads {
		end := uint32(s.sides[rightSide].in.rows)
		if i+1 < len(heads) {
			end = heads[i+1]
		}
		for end > head && a.isMissing(s.sides[rightSide].in, end-1) { // they are sorted behind
			end--
		}
		a.ends[head] = end
		if i%yieldRows == yieldRows-1 {
			if err := w.Yield(); err != nil {
				return err
			}
		}
	}
	return w.Yield()
}

// isMissing tells whether a right row has no value to match.
func (a *asof) isMissing(in *joinInput, row uint32) bool {
	place := a.places[row]
	return in.batches[place>>32].Cols[a.on[rightSide]].IsNull(int(uint32(place))) || a.kind.IsFloat() && a.codes[row] == nanCode
}

const signBit = 1 << 63

// nanCode is the code of NaN: above those of all numbers.
const nanCode = nanKey ^ signBit

// order writes the codes of a column's values.
func (a *asof) order(c *column.Column, codes []uint64) {
	canonicalKeys(c, 0, codes)
	switch {
	case a.kind.IsSigned():
		for i := range codes {
			codes[i] ^= signBit
		}
	case a.kind.IsFloat():
		for i, k := range codes {
			codes[i] = k ^ (uint64(int64(k)>>63) | signBit) // negative ones turn around
		}
	}
}

// seek replaces the first row of the group of each of a block's left rows by the row that it matches.
func (a *asof) seek(on *column.Column, from int, codes []uint64, found []uint32) {
	last, less := uint32(compute.Missing), 0
	for i, head := range found {
		if head == compute.Missing {
			continue
		}
		v := codes[i]
		if on.IsNull(from+i) || a.kind.IsFloat() && v == nanCode {
			found[i] = compute.Missing
			continue
		}
		group := a.codes[head:a.ends[head]]
		if head != last {
			last, less = head, 0
		}
		less = bisectFrom(less, group, v)
		upTo := less // how many are less or equal
		if less < len(group) && group[less] == v {
			upTo = len(group)
			if v < math.MaxUint64 {
				upTo = bisectFrom(less, group, v+1)
			}
		}
		if a.spec.Strict {
			found[i] = a.choose(group, v, less-1, upTo, head)
			continue
		}
		found[i] = a.choose(group, v, upTo-1, less, head)
	}
}

// choose returns the right row that v matches, of the candidates before and after it in a group that begins at head.
func (a *asof) choose(group []uint64, v uint64, before, after int, head uint32) uint32 {
	at := before
	switch hasBefore, hasAfter := before >= 0, after < len(group); {
	case a.spec.Direction == AsofForward:
		at = after
	case a.spec.Direction == AsofNearest && hasAfter && (!hasBefore || a.nearer(v, group[after], group[before])):
		at = after
	}
	if at < 0 || at >= len(group) || a.spec.Limited && !a.isWithin(v, group[at]) {
		return compute.Missing
	}
	return head + uint32(at)
}

func (a *asof) nearer(v, than, other uint64) bool {
	if a.kind.IsFloat() {
		return floatDistance(v, than) < floatDistance(v, other)
	}
	return max(v, than)-min(v, than) < max(v, other)-min(v, other)
}

func (a *asof) isWithin(v, other uint64) bool {
	if a.kind.IsFloat() {
		return floatDistance(v, other) <= a.spec.FloatDistance
	}
	return max(v, other)-min(v, other) <= a.spec.Distance
}

// floatDistance returns how far two floats are from each other, by their codes.
func floatDistance(a, b uint64) float64 {
	if a == b {
		return 0 // infinities, too
	}
	value := func(code uint64) float64 { return math.Float64frombits(code ^ (^uint64(int64(code)>>63) | signBit)) }
	return math.Abs(value(a) - value(b))
}

// bisectFrom returns how many of the ascending codes are less than v: about as many as at, it is hoped.
func bisectFrom(at int, codes []uint64, v uint64) int {
	if at > 0 && codes[at-1] >= v {
		return bisect(codes[:at], v)
	}
	step := 1
	for at+step <= len(codes) && codes[at+step-1] < v {
		at += step
		step *= 2
	}
	return at + bisect(codes[at:min(at+step, len(codes))], v)
}

// bisect returns how many of the ascending codes are less than v.
func bisect(codes []uint64, v uint64) int {
	at := 0
	for n := len(codes); n > 0; {
		half := n / 2
		if codes[at+half] < v {
			at, n = at+half+1, n-half-1
		} else {
			n = half
		}
	}
	return at
}

// addresses returns those of right rows; the caller releases the buffer.
func (a *asof) addresses(scope *memory.Scope, rows []uint32) ([]uint64, *memory.Buffer, error) {
	out, buf, err := memory.Make[uint64](scope, len(rows))
	if err != nil {
		return nil, nil, err
	}
	for i, r := range rows {
		out[i] = compute.MissingRow
		if r != compute.Missing {
			out[i] = a.places[r]
		}
	}
	return out, buf, nil
}

func (a *asof) release() {
	for _, b := range a.bufs {
		b.Release()
	}
	a.bufs = nil
}
