package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// SortSpec says how to order rows: by the first key, rows that are equal there by the second, and so on; rows equal in
// all keys keep their order.
type SortSpec struct {
	Keys []SortKey
}

// SortKey is one column to order by. Numbers are in their order, false is before true, strings are in the order of
// their bytes; Descending reverses that. Missing values lie at one end whatever the direction: nulls last, or first
// with NullsFirst, and a computed NaN, which is equal to every other NaN, between the numbers and the nulls.
type SortKey struct {
	Column     int
	Descending bool
	NullsFirst bool
}

// Sort is the Sink that orders all it was pushed.
//
//	Push     keeps the batches and notes the range of each key
//	Finish   words      the keys of a row packed into uint64s whose order is the rows' order (sort_words.go)
//	         partition  (word, row) spread over 256 ranges of the first word by all workers, again where a range
//	                    is still too large; a value that fills much of the input gets a range of its own (sort_partition.go)
//	Next     sort       the ranges of a batch in cache, by radix; rows with equal words by their next words (sort_range.go)
//	         gather     the rows; keys that one word holds whole are decoded from it, and a single other column
//	                    travels in the row's place, so that nothing is fetched from all over memory (sort_source.go)
type Sort struct {
	spec   SortSpec
	schema *arrow.Schema
	input  rangedInput
}

var _ exec.Sink = (*Sort)(nil)

// NewSort returns a Sort of rows of schema.
func NewSort(spec SortSpec, schema *arrow.Schema) *Sort {
	s := &Sort{spec: spec, schema: schema}
	for _, key := range spec.Keys {
		s.input.keys = append(s.input.keys, key.Column)
	}
	return s
}

// Push keeps b, its strings as views.
func (s *Sort) Push(w *exec.Worker, b *table.Batch) error { return s.input.push(w, b) }

// Combine does nothing.
func (s *Sort) Combine(*exec.Worker) error { return nil }

// Finish orders the rows and returns the Source of the result.
func (s *Sort) Finish(q *exec.Query) (exec.Source, error) {
	ranges, batches, rows, err := s.gathered(q)
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return exec.NewScan(nil), nil
	}
	src := newSortSource(s, newWords(s.spec, ranges, batches), batches)
	src.parts = &partitioner{query: q, words: src.words, batches: batches, payload: src.payload, rows: rows}
	if err := src.parts.run(); err != nil {
		return nil, err
	}
	src.sorters = make([]*rangeSorter, q.Threads)
	src.planBatches()
	return src, nil
}

// gathered returns all that was pushed, its number of rows and the range of each key in them.
func (s *Sort) gathered(q *exec.Query) ([]keyRange, []*table.Batch, int, error) {
	batches, rows := s.input.batches()
	ranges := s.input.merged()
	return ranges, batches, rows, s.rangeTexts(q, ranges, batches)
}

// rangeTexts completes the ranges of string keys: what words they have depends on the prefix common to all rows.
func (s *Sort) rangeTexts(q *exec.Query, ranges []keyRange, batches []*table.Batch) error {
	for i, key := range s.spec.Keys {
		r := &ranges[i]
		if !r.texts {
			continue
		}
		perWorker := make([]keyRange, q.Threads)
		for j := range perWorker {
			perWorker[j] = keyRange{min: r.min, max: r.max, prefix: r.prefix}
		}
		err := q.For(len(batches), func(w *exec.Worker, j int) error {
			perWorker[w.ID].includeTexts(&batches[j].Cols[key.Column])
			return nil
		})
		if err != nil {
			return err
		}
		for _, other := range perWorker {
			r.merge(other)
		}
	}
	return nil
}
