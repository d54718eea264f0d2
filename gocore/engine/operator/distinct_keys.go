package operator

import (
	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/memory"
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

// rowPairs are rows that are to be compared.
type rowPairs struct {
	rows      []int64 // two and two
	addresses []uint64
	owners    []*memory.Buffer
	wanted    bool
}

// prepare makes room for the pairs of matchedRows rows, if there are to be any.
func (p *rowPairs) prepare(scope *memory.Scope, wanted bool) error {
	p.wanted, p.rows = wanted, p.rows[:0]
	if !wanted || p.owners != nil {
		return nil
	}
	rows, owner, err := memory.Make[int64](scope, 2*matchedRows)
	if err != nil {
		return err
	}
	p.rows, p.owners = rows[:0:2*matchedRows], []*memory.Buffer{owner}
	if p.addresses, owner, err = memory.Make[uint64](scope, 2*matchedRows); err != nil {
		return err
	}
	p.owners = append(p.owners, owner)
	return nil
}

func (p *rowPairs) add(a, b uint32) {
	if p.wanted {
		p.rows = append(p.rows, int64(a), int64(b))
	}
}

func (p *rowPairs) release() {
	for _, b := range p.owners {
		b.Release()
	}
}

// ahead is for how many pairs memory is read ahead of the comparison.
const ahead = 64

// equalPairs tells whether all pairs are of equal rows, and forgets them.
func (k *rowKeys) equalPairs(p *rowPairs) bool {
	addresses := p.addresses[:len(p.rows)]
	k.locate.addresses(p.rows, addresses)
	p.rows = p.rows[:0]
	equal := true
	for from := 0; from < len(addresses); from += 2 * ahead {
		some := addresses[from:min(from+2*ahead, len(addresses))]
		for key := range k.columns[0] {
			if k.columns[0][key].Kind == column.String {
				k.touch(key, some)
			}
			for i := 0; i < len(some); i += 2 {
				a, b := some[i], some[i+1]
				equal = equalCells(k.columns[a>>32][key], int(uint32(a)), k.columns[b>>32][key], int(uint32(b))) && equal
			}
		}
	}
	return equal
}

// touch reads a byte of each string, so that all of them are on their way to the cache at once.
func (k *rowKeys) touch(key int, addresses []uint64) (sum byte) {
	for _, a := range addresses {
		c, row := k.columns[a>>32][key], int(uint32(a))
		if v := &c.Views[row]; !v.IsInline() && !c.IsNull(row) {
			sum ^= c.Heaps[v.Heap][v.Start]
		}
	}
	return sum
}
