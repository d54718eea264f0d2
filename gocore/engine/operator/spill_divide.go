package operator

import (
	"cmp"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// divider says which of so many parts each row belongs to.
type divider interface {
	ways() int
	// divide writes the part of each row of b to parts; first is the place of the first row.
	divide(w *exec.Worker, b *table.Batch, first rowPlace, parts []uint32) error
}

// rowPlace is a row of the batch at a place.
type rowPlace struct {
	spill.Place
	row int
}

func (p rowPlace) compare(o rowPlace) int {
	if c := p.Place.Compare(o.Place); c != 0 {
		return c
	}
	return cmp.Compare(p.row, o.row)
}

// hashDivider divides rows by their keys' hash, each level by bits that are independent of the others' and of those by
// which ranks and the operators themselves partition. Without keys all rows are in one part.
type hashDivider struct {
	keys  []int
	level int
	parts int // 0: spillWays
}

func (d *hashDivider) ways() int {
	if len(d.keys) == 0 {
		return 1
	}
	return cmp.Or(d.parts, spillWays)
}

func (d *hashDivider) divide(w *exec.Worker, b *table.Batch, _ rowPlace, parts []uint32) error {
	if len(d.keys) == 0 {
		clear(parts)
		return nil
	}
	hashes, owner, err := memory.Make[uint64](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	cols := make([]*column.Column, len(d.keys))
	for i, k := range d.keys {
		views, err := b.Cols[k].AsViews(w.Scope())
		if err != nil {
			return err
		}
		defer views.Release()
		cols[i] = &views
	}
	hashing.Columns(cols, hashes)
	salt, ways := 0x9E3779B97F4A7C15*uint64(d.level+1), uint64(d.ways())
	for i, h := range hashes {
		parts[i] = uint32(radix.Hash(bits.RotateLeft64(h, 32)^salt) % ways)
	}
	return w.Yield()
}

// undivided tells whether a part has so many of the rows that were divided that one key must be in most of them: then it
// is of no use to divide it again.
func undivided(part, rows int64) bool { return part > rows/4*3 }
