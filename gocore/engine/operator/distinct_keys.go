package operator

import (
	"math/bits"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// rowKeys tells rows apart by their keys: a null equals a null, NaN equals NaN, and -0.0 is 0.0.
//
//	code    the keys of a row in 64 bits: all of them, packed as the sort packs them, where their ranges fit (exact),
//	        or else their hash: then rows of equal codes are compared
type rowKeys struct {
	words   *words // nil: codes are hashes
	columns [][]*column.Column
	locate  locator
}

// newRowKeys plans the codes of batches' rows, numbered by starts; ranges are nil where codes must be hashes.
func newRowKeys(keys []int, ranges []keyRange, batches []*table.Batch, starts []int) *rowKeys {
	k := &rowKeys{locate: newLocator(starts)}
	for _, b := range batches {
		columns := make([]*column.Column, len(keys))
		for i, key := range keys {
			columns[i] = &b.Cols[key]
		}
		k.columns = append(k.columns, columns)
	}
	if ranges == nil || len(batches) == 0 {
		return k
	}
	spec := SortSpec{Keys: make([]SortKey, len(keys))}
	for i, key := range keys {
		spec.Keys[i].Column = key
	}
	if w := newWords(spec, ranges, batches); len(w.levels) <= 1 {
		k.words = w
	}
	return k
}

// bits returns how many bits exact codes have.
func (k *rowKeys) bits() int {
	if len(k.words.levels) == 0 {
		return 0
	}
	return k.words.levels[0].bits
}

// dense tells whether codes are exact and few: a bit for each is at most a byte per row.
func (k *rowKeys) dense(rows int) bool {
	return k.words != nil && k.bits() <= max(bits.Len(uint(rows))+2, 10)
}

// codes writes the codes of rows [from, from+len(out)) of a batch. cut is scratch.
func (k *rowKeys) codes(batch, from int, out []uint64, cut *[]column.Column) {
	if k.words != nil {
		if len(k.words.levels) == 0 { // one value throughout
			clear(out)
			return
		}
		k.words.fill(&k.words.levels[0], batch, from, out)
		return
	}
	columns := (*cut)[:0]
	pointers := make([]*column.Column, 0, 8)
	for _, c := range k.columns[batch] {
		columns = append(columns, c.Slice(from, len(out)))
	}
	for i := range columns {
		pointers = append(pointers, &columns[i])
	}
	*cut = columns
	hashing.Columns(pointers, out)
}

// equal tells whether two rows, by number, have equal keys.
func (k *rowKeys) equal(a, b uint32) bool {
	rows, addresses := [2]int64{int64(a), int64(b)}, [2]uint64{}
	k.locate.addresses(rows[:], addresses[:])
	left, right := k.columns[addresses[0]>>32], k.columns[addresses[1]>>32]
	for i := range left {
		if !equalCells(left[i], int(uint32(addresses[0])), right[i], int(uint32(addresses[1]))) {
			return false
		}
	}
	return true
}

func equalCells(a *column.Column, i int, b *column.Column, j int) bool {
	if aNull, bNull := a.IsNull(i), b.IsNull(j); aNull || bNull {
		return aNull && bNull
	}
	if a.Kind == column.String {
		return column.EqualViews(&a.Views[i], a.Heaps, &b.Views[j], b.Heaps)
	}
	u, uOK := value(a, i)
	v, vOK := value(b, j)
	return uOK == vOK && (u == v || !uOK)
}
