package dist

import (
	"math/bits"

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

// random returns number i of the sequence of seed: SplitMix64, whose numbers differ for all i.
func random(seed, i uint64) uint64 {
	z := seed + (i+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// yieldDraws is how many random numbers are made between two Yields.
const yieldDraws = 1 << 19

// indexWidth is how many bytes the place of a drawn row takes.
const indexWidth = 8

// shuffleKey adds a random number to each row, for its place in the rank concatenation.
func (l *lowerer) shuffleKey(step *plan.Step, op *plan.ShuffleKeyOp, in stream) (stream, error) {
	batches, err := l.collect(in)
	if err != nil {
		return stream{}, err
	}
	mine, _, err := l.share(batches, op.Global)
	if err != nil {
		return stream{}, err
	}
	s := scan(batches, in.schema)
	return s.through(&shuffler{op.Seed, placesOf(batches, mine)}, step.Schema), nil
}

// share returns how many rows lie before this rank's, and how many there are, on all ranks or (not global) on this one.
func (l *lowerer) share(batches []*table.Batch, global bool) (mine, total int64, err error) {
	if !global {
		return 0, rowsOf(batches), nil
	}
	counts, err := l.counts(rowsOf(batches))
	if err != nil {
		return 0, 0, err
	}
	mine, total = before(counts, l.world.Rank)
	return mine, total, nil
}

// shuffler is the Transform that adds a random number to each row.
type shuffler struct {
	seed  uint64
	first []int64 // place of each batch's first row
}

var _ exec.Transform = (*shuffler)(nil)

// Push lends the batch on with a column more.
func (s *shuffler) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	c, err := compute.New(w.Scope(), arrow.PrimitiveTypes.Uint64, b.Len)
	if err != nil {
		return err
	}
	defer c.Release()
	keys, first := column.Of[uint64](&c), uint64(s.first[b.Seq])
	for i := range keys {
		keys[i] = random(s.seed, first+uint64(i))
	}
	return emit(&table.Batch{Cols: append(b.Cols[:len(b.Cols):len(b.Cols)], c), Len: b.Len, Seq: b.Seq})
}

// firstRows keeps the first rows, as many as are drawn. Of a number of this rank's rows no others are read.
func (l *lowerer) firstRows(step *plan.Step, op *plan.FirstOp, in stream) (stream, error) {
	if !op.Global && op.Draw.Share == 0 {
		var err error
		if in, err = l.into(in, operator.NewSlice(0, int(op.Draw.N)), step.Schema); err != nil {
			return stream{}, err
		}
	}
	batches, err := l.collect(in)
	if err != nil {
		return stream{}, err
	}
	mine, total, err := l.share(batches, op.Global)
	if err != nil {
		return stream{}, err
	}
	n := op.Draw.Of(total)
	if n > total {
		return stream{}, status.Errorf(status.Invalid, "%d rows can't be drawn from %d: give replace=True to draw a row more than once", n, total)
	}
	return scan(cut(batches, -mine, n-mine), step.Schema), nil
}

// draw draws rows with replacement. Every rank makes all random numbers and takes the rows that are its own.
func (l *lowerer) draw(step *plan.Step, op *plan.DrawOp, in stream) (stream, error) {
	batches, err := l.collect(in)
	if err != nil {
		return stream{}, err
	}
	mine, total, err := l.share(batches, op.Global)
	if err != nil {
		return stream{}, err
	}
	n := op.Draw.Of(total)
	if n > 0 && total == 0 {
		return stream{}, status.Errorf(status.Invalid, "%d rows can't be drawn from none", n)
	}
	if free := memory.Available(); n/int64(l.world.Size) > free/indexWidth {
		return stream{}, status.Errorf(status.OutOfMemory, "the places of %d rows take %s, and %s of memory are free: draw fewer rows at a time",
			n, sizeOf(n, indexWidth), memory.Bytes(free))
	}
	rows := rowsOf(batches)
	drawn := func(from, to int64, use func(row int64)) {
		for i := from; i < to; i++ {
			at, _ := bits.Mul64(random(op.Seed, uint64(i)), uint64(total))
			if row := int64(at) - mine; row >= 0 && row < rows {
				use(row)
			}
		}
	}
	chunks := int((n + yieldDraws - 1) / yieldDraws)
	counts := make([]int64, chunks)
	err = l.q.For(chunks, func(_ *exec.Worker, i int) error {
		drawn(int64(i)*yieldDraws, min(int64(i+1)*yieldDraws, n), func(int64) { counts[i]++ })
		return nil
	})
	if err != nil {
		return stream{}, err
	}
	_, all := before(counts, 0)
	indices, _, err := memory.Make[int64](l.q.Scope, int(all))
	if err != nil {
		return stream{}, err
	}
	err = l.q.For(chunks, func(_ *exec.Worker, i int) error {
		at, _ := before(counts, i)
		drawn(int64(i)*yieldDraws, min(int64(i+1)*yieldDraws, n), func(row int64) {
			indices[at] = row
			at++
		})
		return nil
	})
	if err != nil {
		return stream{}, err
	}
	return l.into(scan(batches, in.schema), operator.NewTake(indices, step.Schema), step.Schema)
}
