package operator

import (
	"math/bits"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// distinctSource hands out the rows that stay, in order. A batch that stays whole is passed on as it is.
type distinctSource struct {
	*distinct
	pieces  []*compute.Pieces // by column, of all batches
	output  [][2]int          // by batch: from which input batch to which
	rows    []int             // by batch
	inputs  []*rangedInput    // to give back at the end
	next    atomic.Int64
	pending atomic.Int64
}

var (
	_ exec.Sized     = (*distinctSource)(nil)
	_ exec.Ascending = (*distinctSource)(nil)
)

// newDistinctSource plans the result's batches: of one input batch or of several from which little is left.
func newDistinctSource(d *distinct, schema *arrow.Schema, inputs ...*rangedInput) *distinctSource {
	s := &distinctSource{distinct: d, inputs: inputs}
	for i := range schema.NumFields() {
		pieces := make([]*column.Column, len(d.batches))
		for j, b := range d.batches {
			pieces[j] = &b.Cols[i]
		}
		s.pieces = append(s.pieces, compute.NewPieces(schema.Field(i).Type, pieces))
	}
	for i := d.other; i < len(d.batches); i++ {
		kept := d.keptOf(i).Count(d.batches[i].Len)
		if last := len(s.output) - 1; last >= 0 && s.rows[last]+kept <= outputRows {
			s.output[last][1], s.rows[last] = i+1, s.rows[last]+kept
			continue
		}
		s.output, s.rows = append(s.output, [2]int{i, i + 1}), append(s.rows, kept)
	}
	s.pending.Store(int64(len(s.output)))
	return s
}

// Batches returns the number of batches.
func (s *distinctSource) Batches() int { return len(s.output) }

// Ascending tells that batches come in order.
func (s *distinctSource) Ascending() bool { return true }

// Next gathers the next batch.
func (s *distinctSource) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i >= len(s.output) {
		return nil, nil
	}
	out, err := s.batch(w, s.output[i][0], s.output[i][1], s.rows[i])
	if err != nil {
		return nil, err
	}
	out.Seq = uint64(i)
	if s.pending.Add(-1) == 0 {
		s.release()
	}
	return out, nil
}

// batch returns the rows that stay of batches [from, to).
func (s *distinctSource) batch(w *exec.Worker, from, to, rows int) (*table.Batch, error) {
	if to == from+1 && rows == s.batches[from].Len {
		whole := s.batches[from].Slice(0, rows)
		whole.Retain()
		return whole, nil
	}
	addresses, owner, err := memory.Make[uint64](w.Scope(), rows)
	if err != nil {
		return nil, err
	}
	defer owner.Release()
	at := 0
	for i := from; i < to; i++ {
		for j, word := range s.kept[s.starts[i]/64 : s.starts[i+1]/64] {
			for ; word != 0; word &= word - 1 {
				addresses[at] = compute.RowAddress(i, 64*j+bits.TrailingZeros64(word))
				at++
			}
		}
	}
	return gatherPieces(w, s.pieces, addresses)
}

// release gives everything back once the last batch has been gathered.
func (s *distinctSource) release() {
	s.owner.Release()
	for _, in := range s.inputs {
		in.Release()
	}
}

// gatherPieces returns the rows at addresses as a batch.
func gatherPieces(w *exec.Worker, pieces []*compute.Pieces, addresses []uint64) (*table.Batch, error) {
	out := &table.Batch{Len: len(addresses)}
	for _, p := range pieces {
		c, err := p.Gather(w.Scope(), addresses)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
		if err := w.Yield(); err != nil { // a gather reaches all over memory: a column may take a millisecond
			out.Release()
			return nil, err
		}
	}
	return out, nil
}
