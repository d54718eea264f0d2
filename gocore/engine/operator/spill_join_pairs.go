package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// pieceShare is which part of what is free a piece of either side may take.
const pieceShare = 16

// pairs joins two parts of few distinct keys, which are large because many rows have the same one:
//
//	pairs of rows        every piece of the left part with every piece of the right one
//	rows by themselves   of a side that is kept, those whose key isn't among the other side's distinct keys, which are
//	                     few: they are joined with nothing
//
// A semi or anti join looks at the other side's distinct keys only.
func (j *SpillingJoin) pairs(q *exec.Query, left, right *spillFile) ([]spillPhase, error) {
	var keys [2]*spillFile
	for i, side := range []struct {
		file   *spillFile
		name   string
		keys   []int
		unique bool
		other  bool // the other side's rows are looked up in this one's keys
	}{
		{left, "left", j.spec.LeftKeys, j.spec.UniqueLeft, j.spec.pairs() && j.spec.keeps(false)},
		{right, "right", j.spec.RightKeys, j.spec.UniqueRight, j.spec.keeps(true)},
	} {
		if !side.unique && !side.other {
			continue
		}
		var err error
		if keys[i], err = distinctKeys(q, side.file, side.keys); err != nil {
			return nil, err
		}
		if side.unique && keys[i].Rows() < side.file.Rows() {
			return nil, repeatedKeys(side.name)
		}
	}
	var phases []spillPhase
	size := q.Scope.Budget().Room() / pieceShare
	if j.spec.pairs() {
		inner := j.spec
		inner.How, inner.UniqueLeft, inner.UniqueRight = JoinInner, false, false
		rights := right.pieces(size)
		for _, l := range left.pieces(size) {
			for _, r := range rights {
				phases = append(phases, opening(func(part *exec.Query) (exec.Source, error) {
					return j.run(part, inner, left.scan(l[0], l[1]), right.scan(r[0], r[1]))
				}))
			}
		}
	}
	if j.spec.keeps(true) {
		for _, l := range left.pieces(size) {
			phases = append(phases, opening(func(part *exec.Query) (exec.Source, error) {
				if !j.spec.pairs() {
					return j.lookUp(part, j.spec.How, j.spec.Output, left, l, j.spec.LeftKeys, keys[1])
				}
				alone, err := j.lookUp(part, JoinAnti, allFromLeft(left.schema), left, l, j.spec.LeftKeys, keys[1])
				if err != nil {
					return nil, err
				}
				return j.run(part, j.spec, alone, exec.NewScan(nil))
			}))
		}
	}
	if j.spec.keeps(false) {
		for _, r := range right.pieces(size) {
			phases = append(phases, opening(func(part *exec.Query) (exec.Source, error) {
				alone, err := j.lookUp(part, JoinAnti, allFromLeft(right.schema), right, r, j.spec.RightKeys, keys[0])
				if err != nil {
					return nil, err
				}
				return j.run(part, j.spec, exec.NewScan(nil), alone)
			}))
		}
	}
	return phases, nil
}

// opening is the phase that opens a source which isn't expected to be refused.
func opening(open func(part *exec.Query) (exec.Source, error)) spillPhase {
	return func(q *exec.Query) (*spillRun, []spillPhase, error) {
		run, err := attempt(q, open)
		return run, nil, err
	}
}

// lookUp returns the rows of a piece of a file whose keys are among others, or aren't: how is semi or anti.
func (j *SpillingJoin) lookUp(q *exec.Query, how JoinHow, output []JoinColumn, file *spillFile, piece [2]int, keys []int, others *spillFile) (exec.Source, error) {
	join, err := NewJoin(JoinSpec{How: how, LeftKeys: keys, RightKeys: firstColumns(len(keys)), Output: output}, file.schema, others.schema)
	if err != nil {
		return nil, err
	}
	if _, err := q.Run(file.scan(piece[0], piece[1]), nil, join.Left()); err != nil {
		return nil, err
	}
	if _, err := q.Run(others.all(), nil, join.Right()); err != nil {
		return nil, err
	}
	return join.Source(q)
}

// firstColumns returns 0 .. n-1.
func firstColumns(n int) []int {
	columns := make([]int, n)
	for i := range columns {
		columns[i] = i
	}
	return columns
}

func allFromLeft(schema *arrow.Schema) []JoinColumn {
	output := make([]JoinColumn, schema.NumFields())
	for i := range output {
		output[i] = JoinColumn{Side: FromLeft, Index: i}
	}
	return output
}

// distinctKeys writes each combination of a file's keys once.
func distinctKeys(q *exec.Query, file *spillFile, keys []int) (*spillFile, error) {
	part := q.Within(q.Scope.Within())
	defer part.Scope.Close()
	group, err := NewGroup(GroupSpec{Keys: keys}, file.schema)
	if err != nil {
		return nil, err
	}
	source, err := part.Run(file.all(), nil, group)
	if err != nil {
		return nil, err
	}
	out := newSpillParts(part, group.layout.output, &hashDivider{})
	_, err = part.Run(source, nil, out)
	return out.files[0], err
}

// pieces cuts a file's batches into ranges of about size bytes.
func (f *spillFile) pieces(size int64) [][2]int {
	var pieces [][2]int
	from, bytes := 0, int64(0)
	for i := range f.batches() {
		_, more := f.size(i)
		if bytes > 0 && bytes+int64(more) > size {
			pieces = append(pieces, [2]int{from, i})
			from, bytes = i, 0
		}
		bytes += int64(more)
	}
	if from < f.batches() {
		pieces = append(pieces, [2]int{from, f.batches()})
	}
	return pieces
}
