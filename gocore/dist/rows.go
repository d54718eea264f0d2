package dist

import (
	"encoding/binary"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

func rowsOf(batches []*table.Batch) int64 {
	var n int64
	for _, b := range batches {
		n += int64(b.Len)
	}
	return n
}

// placesOf returns the place of the first row of each batch of a Scan of batches, the first of all being at.
func placesOf(batches []*table.Batch, at int64) []int64 {
	var first []int64
	for _, b := range batches {
		for from := 0; from < b.Len; from += table.MaxRows {
			first = append(first, at+int64(from))
		}
		at += int64(b.Len)
	}
	return first
}

// cut returns rows [from, to) of batches, without a reference of their own.
func cut(batches []*table.Batch, from, to int64) []*table.Batch {
	var out []*table.Batch
	var at int64
	for _, b := range batches {
		first, last := max(from-at, 0), min(to-at, int64(b.Len))
		if first < last {
			out = append(out, b.Slice(int(first), int(last-first)))
		}
		at += int64(b.Len)
	}
	return out
}

// counts returns how many rows each rank holds, given how many this one does; of a plan of this rank's alone the others hold
// none.
func (l *lowerer) counts(own int64) ([]int64, error) {
	if l.world.Op == nil {
		counts := make([]int64, max(l.world.Size, 1))
		counts[l.world.Rank] = own
		return counts, nil
	}
	all, err := l.world.Op.Allgather(l.q.Context(), binary.LittleEndian.AppendUint64(nil, uint64(own)))
	if err != nil {
		return nil, err
	}
	counts := make([]int64, len(all))
	for rank, text := range all {
		if len(text) != 8 {
			return nil, status.AtRank(status.Malformed, rank, "a row count of %d bytes", len(text))
		}
		if counts[rank] = int64(binary.LittleEndian.Uint64(text)); counts[rank] < 0 {
			return nil, status.AtRank(status.Malformed, rank, "a row count of %d", counts[rank])
		}
	}
	return counts, nil
}

// before returns the sum of the first rank counts, and of all.
func before(counts []int64, rank int) (mine, total int64) {
	for r, n := range counts {
		if r < rank {
			mine += n
		}
		total += n
	}
	return mine, total
}

// slice keeps a range of this rank's rows, or of the rank concatenation.
func (l *lowerer) slice(step *plan.Step, op *plan.SliceOp, in stream) (stream, error) {
	if !op.Global {
		return l.into(in, operator.NewSlice(int(op.Offset), int(op.Length)), step.Schema)
	}
	batches, err := l.collect(in)
	if err != nil {
		return stream{}, err
	}
	counts, err := l.counts(rowsOf(batches))
	if err != nil {
		return stream{}, err
	}
	mine, total := before(counts, l.world.Rank)
	from := op.Offset
	if from < 0 {
		from = max(total+from, 0)
	}
	to := total
	if op.Length >= 0 && op.Length < total-from {
		to = from + op.Length
	}
	return scan(cut(batches, from-mine, to-mine), step.Schema), nil
}
