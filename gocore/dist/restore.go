package dist

import (
	"sort"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// number adds to each row its place in the rank concatenation.
func (l *lowerer) number(step *plan.Step, in stream) (stream, error) {
	batches, err := l.collect(in)
	if err != nil {
		return stream{}, err
	}
	counts := make([]int64, l.world.Size) // rows that every rank holds have one number on all
	if step.Placement != plan.Replicated {
		if counts, err = l.counts(rowsOf(batches)); err != nil {
			return stream{}, err
		}
	}
	s := scan(batches, in.schema)
	return s.through(&numberer{newEvenChooser(batches, counts, l.world).first}, step.Schema), nil
}

// numberer is the Transform that adds the place of each row, given that of each batch's first.
type numberer struct{ first []int64 }

var _ exec.Transform = (*numberer)(nil)

// Push lends the batch on with a column more.
func (n *numberer) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	c, err := compute.New(w.Scope(), arrow.PrimitiveTypes.Int64, b.Len)
	if err != nil {
		return err
	}
	defer c.Release()
	for i := range column.Of[int64](&c) {
		column.Of[int64](&c)[i] = n.first[b.Seq] + int64(i)
	}
	return emit(&table.Batch{Cols: append(b.Cols[:len(b.Cols):len(b.Cols)], c), Len: b.Len, Seq: b.Seq})
}

// ownerChooser sends a row to the rank that holds the row of that number.
type ownerChooser struct {
	column int
	ends   []int64 // of each rank's numbers
}

func (c *ownerChooser) push(w *exec.Worker, b *table.Batch, out *outbox) error {
	ranks, owner, err := memory.Make[uint32](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	for i, number := range column.Of[int64](&b.Cols[c.column]) {
		ranks[i] = uint32(sort.Search(len(c.ends)-1, func(rank int) bool { return number < c.ends[rank] }))
	}
	return scatter(w, b, ranks, len(c.ends), out)
}

// restore gives the rows of the first input the columns that the second holds for their numbers.
func (l *lowerer) restore(step *plan.Step, in []stream, m *meter) (stream, error) {
	batches, err := l.collect(in[0])
	if err != nil {
		return stream{}, err
	}
	counts, err := l.counts(rowsOf(batches))
	if err != nil {
		return stream{}, err
	}
	ends := make([]int64, len(counts))
	for rank, n := range counts {
		ends[rank] = n
		if rank > 0 {
			ends[rank] += ends[rank-1]
		}
	}
	back, err := l.move(in[1], &ownerChooser{0, ends}, m)
	if err != nil {
		return stream{}, err
	}
	back, err = l.into(back, operator.NewSort(operator.SortSpec{Keys: []operator.SortKey{{Column: 0}}}, back.schema), back.schema)
	if err != nil {
		return stream{}, err
	}
	computed, err := l.collect(back)
	if err != nil {
		return stream{}, err
	}
	all, err := beside(batches, computed)
	return scan(all, step.Schema), err
}

// beside puts the columns of computed, but the first, behind those of batches, row by row; without references.
func beside(batches, computed []*table.Batch) ([]*table.Batch, error) {
	if rows, wanted := rowsOf(computed), rowsOf(batches); rows != wanted {
		return nil, status.Errorf(status.Internal, "%d results came back for %d rows", rows, wanted)
	}
	var out []*table.Batch
	next, at := 0, 0 // the first row of computed that isn't used yet
	for _, b := range batches {
		for from := 0; from < b.Len; {
			for at == computed[next].Len {
				next, at = next+1, 0
			}
			n := min(b.Len-from, computed[next].Len-at)
			left, right := b.Slice(from, n), computed[next].Slice(at, n)
			left.Cols = append(left.Cols, right.Cols[1:]...)
			out = append(out, left)
			from, at = from+n, at+n
		}
	}
	return out, nil
}
