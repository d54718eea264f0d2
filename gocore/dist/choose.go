package dist

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// hashChooser sends a row to the rank of its keys' hash.
type hashChooser struct {
	keys  []int
	ranks int
}

func (c *hashChooser) push(w *exec.Worker, b *table.Batch, out *outbox) error {
	ranks, owner, err := memory.Make[uint32](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	if err := hashRanks(w, b, c.keys, c.ranks, ranks); err != nil {
		return err
	}
	return scatter(w, b, ranks, c.ranks, out)
}

// hashRanks writes the rank of each row of b.
func hashRanks(w *exec.Worker, b *table.Batch, keys []int, n int, ranks []uint32) error {
	hashes, owner, err := memory.Make[uint64](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	cols := make([]*column.Column, len(keys))
	for i, k := range keys {
		views, err := b.Cols[k].AsViews(w.Scope())
		if err != nil {
			return err
		}
		defer views.Release()
		cols[i] = &views
	}
	hashing.Columns(cols, hashes)
	for i, h := range hashes {
		ranks[i] = uint32(hashing.Rank(h, n))
	}
	return nil
}

// scatter sends each row of b to its rank, in rounds that begin after this rank, so that not all send to one at once.
func scatter(w *exec.Worker, b *table.Batch, ranks []uint32, n int, out *outbox) error {
	ids, owner, err := memory.Make[uint32](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	starts := radix.Order(ranks, n, ids)
	own := out.lowerer.world.Rank
	for i := range n {
		dst := (own + 1 + i) % n
		mine := ids[starts[dst]:starts[dst+1]]
		if len(mine) == 0 {
			continue
		}
		if len(mine) == b.Len {
			mine = nil
		}
		if err := out.send(w, dst, b, mine); err != nil {
			return err
		}
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// evenChooser sends rows by their place in the rank concatenation, equally many to each rank.
type evenChooser struct {
	first []int64 // place of each batch's first row; Seq counts batches
	total int64
	ranks int
}

// newEvenChooser makes the chooser of batches numbered as a Scan numbers them; counts are the rows of each rank.
func newEvenChooser(batches []*table.Batch, counts []int64, world World) *evenChooser {
	at, total := before(counts, world.Rank)
	return &evenChooser{first: placesOf(batches, at), total: total, ranks: world.Size}
}

// evenStart returns the place of the first row that a rank is to have.
func evenStart(total int64, rank, ranks int) int64 {
	size, rest := total/int64(ranks), total%int64(ranks)
	return size*int64(rank) + min(int64(rank), rest)
}

func (c *evenChooser) push(w *exec.Worker, b *table.Batch, out *outbox) error {
	at := c.first[b.Seq]
	for dst := range c.ranks {
		from := max(evenStart(c.total, dst, c.ranks)-at, 0)
		to := min(evenStart(c.total, dst+1, c.ranks)-at, int64(b.Len))
		if from >= to {
			continue
		}
		if err := out.send(w, dst, b.Slice(int(from), int(to-from)), nil); err != nil {
			return err
		}
	}
	return nil
}

// toAll sends every row to every rank.
type toAll struct{ ranks int }

func (c toAll) push(w *exec.Worker, b *table.Batch, out *outbox) error {
	for i := range c.ranks {
		if err := out.send(w, (out.lowerer.world.Rank+1+i)%c.ranks, b, nil); err != nil {
			return err
		}
	}
	return nil
}

// toRoot sends every row to one rank.
type toRoot struct{ root int }

func (c toRoot) push(w *exec.Worker, b *table.Batch, out *outbox) error {
	return out.send(w, c.root, b, nil)
}

// ownShare keeps this rank's part of rows that every rank holds.
func (l *lowerer) ownShare(op *plan.Exchange, in stream) (stream, error) {
	if op.Kind == plan.ByHash {
		return in.through(&ownHash{keys: op.Keys, world: l.world}, in.schema), nil
	}
	batches, err := l.collect(in)
	if err != nil {
		return stream{}, err
	}
	total := rowsOf(batches)
	from, to := evenStart(total, l.world.Rank, l.world.Size), evenStart(total, l.world.Rank+1, l.world.Size)
	if op.Kind == plan.ToRoot {
		from, to = 0, total
		if op.Root != l.world.Rank {
			to = 0
		}
	}
	return scan(cut(batches, from, to), in.schema), nil
}

// ownHash is the Transform that keeps the rows whose hash is this rank's.
type ownHash struct {
	keys  []int
	world World
}

// Push lends the kept rows on.
func (o *ownHash) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	ranks, owner, err := memory.Make[uint32](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	if err := hashRanks(w, b, o.keys, o.world.Size, ranks); err != nil {
		return err
	}
	ids := ranks[:0]
	for i, r := range ranks {
		if int(r) == o.world.Rank {
			ids = append(ids, uint32(i))
		}
	}
	views, err := b.AsViews(w.Scope())
	if err != nil {
		return err
	}
	defer views.Release()
	kept, err := gather(w, views, ids)
	if err != nil {
		return err
	}
	defer kept.Release()
	return emit(kept)
}
