package dist

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/encoding"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// samplesPerRank is how many rows each rank tells the others for each rank of the world: shares of a sort come out
// within about 1/sqrt(samplesPerRank) of even.
const samplesPerRank = 256

// splitters is where a sort's ranges begin: the rows from splitter r-1 up to splitter r belong to rank r. A splitter
// is a row: its keys, the rank that held it and its position there. So rows of equal keys are split, too, and in the
// order of the rank concatenation: the sort stays stable overall, and a frequent key is shared by several ranks.
type splitters struct {
	keys     []operator.SortKey
	together bool                  // equal keys belong to one rank
	cells    []*operator.SortCells // per key, of the splitter rows
	place    []place               // per splitter
	first    []int64               // position of each of this rank's batches; Seq counts them
	world    World
}

// place is where a row is in the rank concatenation.
type place struct {
	rank     int
	position int64
}

func (p place) compare(q place) int {
	switch {
	case p.rank < q.rank, p.rank == q.rank && p.position < q.position:
		return -1
	case p == q:
		return 0
	}
	return 1
}

// splitters samples every rank's rows and chooses from the samples; all ranks choose the same.
func (l *lowerer) splitters(op *plan.Exchange, in stream) (*splitters, error) {
	first, at := placesOf(in.batches, 0), rowsOf(in.batches)
	own, positions, err := l.sample(op.Sort, in.batches, at)
	if err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(op.Sort))
	for i, k := range op.Sort {
		fields[i] = in.schema.Field(k.Column)
	}
	defer own.Release()
	all, err := l.shareSamples(own, positions, at, arrow.NewSchema(fields, nil))
	if err != nil {
		return nil, err
	}
	return all.choose(l, &splitters{keys: sortKeys(op.Sort), together: op.Together, first: first, world: l.world})
}

// sample returns the key columns of evenly spread rows of this rank, and their positions.
func (l *lowerer) sample(keys []plan.BoundSortKey, batches []*table.Batch, rows int64) (*table.Batch, []int64, error) {
	n := min(int64(samplesPerRank*l.world.Size), rows)
	positions := make([]int64, n)
	for i := range positions {
		// Anywhere within the i-th n-th part, so that a pattern in the rows can't match that of the samples.
		from, to := rows*int64(i)/n, rows*int64(i+1)/n
		positions[i] = from + int64(hashing.Rank(hashing.Uint64(uint64(i)<<16|uint64(l.world.Rank)), int(to-from)))
	}
	sample := &table.Batch{Len: int(n)}
	for _, key := range keys {
		pieces := make([]*column.Column, 0, len(batches))
		var addresses []uint64
		next, start := 0, int64(0)
		for k, b := range batches {
			views, err := b.Cols[key.Column].AsViews(l.q.Scope)
			if err != nil {
				return nil, nil, err
			}
			defer views.Release()
			pieces = append(pieces, &views)
			for ; next < len(positions) && positions[next] < start+int64(b.Len); next++ {
				addresses = append(addresses, compute.RowAddress(k, int(positions[next]-start)))
			}
			start += int64(b.Len)
		}
		if len(batches) == 0 {
			continue
		}
		c, err := compute.NewPieces(batches[0].Cols[key.Column].Type, pieces).Gather(l.q.Scope, addresses)
		if err != nil {
			return nil, nil, err
		}
		sample.Cols = append(sample.Cols, c)
	}
	return sample, positions, nil
}

// samples is every rank's sample, with how many rows each sampled row stands for.
type samples struct {
	cells  []*operator.SortCells
	cols   []column.Column
	place  []place
	weight []float64
}

// shareSamples gathers all ranks' samples on each: an encoded batch of keys, behind the row count and the positions.
func (l *lowerer) shareSamples(own *table.Batch, positions []int64, rows int64, schema *arrow.Schema) (*samples, error) {
	message := memory.BytesOf(append([]int64{rows, int64(len(positions))}, positions...))
	if len(positions) > 0 {
		encoded, err := encoding.Encode(l.q.Scope, own, nil, 0)
		if err != nil {
			return nil, err
		}
		message = append(message, encoded.Bytes()...)
		encoded.Release()
	}
	all, err := l.world.Op.Allgather(l.q.Context(), message)
	if err != nil {
		return nil, err
	}
	s := &samples{}
	var batches []*table.Batch
	for rank, message := range all {
		b, err := l.readSample(s, rank, message, schema)
		if err != nil {
			return nil, status.AtRank(status.Malformed, rank, "its sample can't be read: %w", err)
		}
		if b != nil {
			batches = append(batches, b)
			defer b.Release()
		}
	}
	for k := range schema.Fields() {
		pieces := make([]*column.Column, len(batches))
		for i, b := range batches {
			pieces[i] = &b.Cols[k]
		}
		c, err := compute.Concat(l.q.Scope, schema.Field(k).Type, pieces)
		if err != nil {
			return nil, err
		}
		s.cols = append(s.cols, c)
	}
	return s, nil
}

// readSample reads one rank's sample; nil where it has no rows.
func (l *lowerer) readSample(s *samples, rank int, message []byte, schema *arrow.Schema) (*table.Batch, error) {
	// Copied, since the message need not be aligned.
	head := make([]int64, 2)
	if copy(memory.BytesOf(head), message) < 16 || head[0] < 0 || head[1] < 0 || head[1] > int64(samplesPerRank*l.world.Size) {
		return nil, status.Errorf(status.Malformed, "%d bytes", len(message))
	}
	n := int(head[1])
	positions := make([]int64, n)
	if copy(memory.BytesOf(positions), message[16:]) < 8*n {
		return nil, status.Errorf(status.Malformed, "%d bytes for %d rows", len(message), n)
	}
	if n == 0 {
		return nil, nil
	}
	for _, p := range positions {
		s.place = append(s.place, place{rank, p})
		s.weight = append(s.weight, float64(head[0])/float64(n))
	}
	b, err := encoding.Read(l.q.Scope, schema, message[16+8*n:])
	if err == nil && b.Len != n {
		b.Release()
		return nil, status.Errorf(status.Malformed, "%d keys for %d rows", b.Len, n)
	}
	return b, err
}

// choose orders the samples and gives out those at the even shares of their weight.
func (s *samples) choose(l *lowerer, out *splitters) (*splitters, error) {
	order := make([]uint32, len(s.place))
	total := 0.0
	for i := range order {
		order[i] = uint32(i)
		total += s.weight[i]
	}
	for k, c := range s.cols {
		cells, err := operator.NewSortCells(l.q.Scope, c, out.keys[k])
		if err != nil {
			return nil, err
		}
		s.cells = append(s.cells, cells)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		for k := range s.cells {
			if c := s.cells[k].Compare(int(a), s.cells[k], int(b)); c != 0 {
				return c
			}
		}
		return s.place[a].compare(s.place[b])
	})
	var chosen []uint32
	sum := 0.0
	for _, i := range order {
		if len(chosen) < l.world.Size-1 && sum >= total*float64(len(chosen)+1)/float64(l.world.Size) {
			chosen = append(chosen, i)
			out.place = append(out.place, s.place[i])
		}
		sum += s.weight[i]
	}
	for k := range s.cols {
		c, err := compute.Gather(l.q.Scope, &s.cols[k], chosen)
		if err != nil {
			return nil, err
		}
		cells, err := operator.NewSortCells(l.q.Scope, c, out.keys[k])
		if err != nil {
			return nil, err
		}
		out.cells = append(out.cells, cells)
	}
	return out, nil
}

// yieldRows is how many rows are compared with the splitters between two yields: long strings and many ranks take
// the longest.
const yieldRows = 8 << 10

// push sends each row to the rank in whose range it lies.
func (s *splitters) push(w *exec.Worker, b *table.Batch, out *outbox) error {
	ranks, owner, err := memory.Make[uint32](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	cells := make([]*operator.SortCells, len(s.keys))
	for k, key := range s.keys {
		views, err := b.Cols[key.Column].AsViews(w.Scope())
		if err != nil {
			return err
		}
		defer views.Release()
		if cells[k], err = operator.NewSortCells(w.Scope(), views, key); err != nil {
			return err
		}
		defer cells[k].Release()
	}
	at := s.first[b.Seq]
	for i := range ranks {
		row := place{s.world.Rank, at + int64(i)}
		low, high := 0, len(s.place)
		for low < high {
			middle := (low + high) / 2
			if s.before(cells, i, row, middle) {
				high = middle
			} else {
				low = middle + 1
			}
		}
		ranks[i] = uint32(low)
		if i%yieldRows == yieldRows-1 {
			if err := w.Yield(); err != nil {
				return err
			}
		}
	}
	if err := w.Yield(); err != nil {
		return err
	}
	return scatter(w, b, ranks, s.world.Size, out)
}

// before tells whether a row lies before splitter j.
func (s *splitters) before(cells []*operator.SortCells, i int, row place, j int) bool {
	for k := range cells {
		if c := cells[k].Compare(i, s.cells[k], j); c != 0 {
			return c < 0
		}
	}
	return !s.together && row.compare(s.place[j]) < 0
}
