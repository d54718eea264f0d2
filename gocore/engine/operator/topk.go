package operator

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// TopK is the Transform in front of a Sort of whose result only the first N rows matter: it drops rows that can't be
// among them, because their first key lies behind those of N rows that came before.
//
//	word       of the first key: 64 bits in its order, or a prefix of them (the first characters of a string)
//	best       each worker keeps the N lowest words it has seen, unordered among up to as many again, so that they are
//	           selected once in N rows
//	dropped    a row whose word is above the highest of those; or equal to it, if no other key decides and N such rows
//	           come before it
//
// Of N rows in random order about K * log(N/K) pass, of rows in the opposite of the order all.
type TopK struct {
	key     SortKey
	n       int
	only    bool
	field   field
	once    sync.Once
	workers []*topKWorker
}

var _ exec.Transform = (*TopK)(nil)

// topKSpare is how many entries a worker has beyond 2N.
const topKSpare = blockRows

// NewTopK returns a TopK of rows of schema for the first n rows in the order of keys.
func NewTopK(keys []SortKey, n int, schema *arrow.Schema) *TopK {
	t := &TopK{key: keys[0], n: n, field: newField(0, keys[0], keyRange{max: math.MaxUint64})}
	t.field.null, t.field.nan = math.MaxUint64, math.MaxUint64-1
	if t.key.NullsFirst {
		t.field.null, t.field.nan = 0, 1
	}
	kind, _ := column.KindOf(schema.Field(t.key.Column).Type)
	t.only = len(keys) == 1 && kind != column.String
	return t
}

// topKWorker is what one worker has seen: the word and the Seq of rows.
type topKWorker struct {
	words [blockRows]uint64
	best  []entry // n of them were the lowest when they were last selected
	full  bool    // n rows have been selected
	limit entry   // the highest of these
}

func (t *TopK) worker(w *exec.Worker) (*topKWorker, error) {
	t.once.Do(func() { t.workers = make([]*topKWorker, w.Query.Threads) })
	if t.workers[w.ID] == nil {
		best, _, err := memory.Make[entry](w.Scope(), 2*t.n+topKSpare)
		if err != nil {
			return nil, err
		}
		t.workers[w.ID] = &topKWorker{best: best[: 0 : 2*t.n+topKSpare]}
	}
	return t.workers[w.ID], nil
}

// Push emits the rows of b that may be among the first.
func (t *TopK) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	state, err := t.worker(w)
	if err != nil {
		return err
	}
	ids, owner, err := memory.Make[uint32](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	if ids, err = t.pass(w, state, b, ids[:0]); err != nil {
		return err
	}
	switch len(ids) {
	case 0:
		return nil
	case b.Len:
		return emit(b)
	}
	kept, err := gatherBatch(w, b, ids)
	if err != nil {
		return err
	}
	defer kept.Release()
	return emit(kept)
}

// pass appends the rows of b that aren't dropped to ids.
func (t *TopK) pass(w *exec.Worker, s *topKWorker, b *table.Batch, ids []uint32) ([]uint32, error) {
	views, err := b.Cols[t.key.Column].AsViews(w.Scope())
	if err != nil {
		return nil, err
	}
	defer views.Release()
	for from := 0; from < b.Len; from += blockRows {
		words := s.words[:min(blockRows, b.Len-from)]
		t.field.append(&views, from, 64, words)
		highest := uint64(math.MaxUint64)
		if s.full {
			highest = s.limit.word
		}
		for i, word := range words {
			if word > highest || word == highest && t.behind(s, b.Seq) {
				continue
			}
			ids = append(ids, uint32(from+i))
			s.best = append(s.best, entry{word, b.Seq})
		}
		if cap(s.best)-len(s.best) < blockRows {
			s.selectBest(t.n)
			if err := w.Yield(); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// behind tells whether a row of batch seq whose word is the limit's comes behind n rows for sure. The words at the ends
// may stand for more than one value.
func (t *TopK) behind(s *topKWorker, seq uint64) bool {
	return s.full && t.only && seq > s.limit.row && s.limit.word > 1 && s.limit.word < math.MaxUint64-1
}

// selectBest keeps the n lowest.
func (s *topKWorker) selectBest(n int) {
	slices.SortFunc(s.best, func(a, b entry) int { return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.row, b.row)) })
	if len(s.best) >= n {
		s.best = s.best[:n]
		s.full, s.limit = true, s.best[n-1]
	}
}
