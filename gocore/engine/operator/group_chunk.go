package operator

import (
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/table"
)

// groupChunkRows is how many rows are worked on at a time: their words stay in the L1 cache.
const groupChunkRows = 1024

// groupVec is a word of each row of a chunk: in a column of the input, in scratch memory or in a block of records.
type groupVec struct {
	p      unsafe.Pointer
	stride uintptr // 0: a constant
}

func (v groupVec) at(i int) uint64 { return *(*uint64)(unsafe.Add(v.p, uintptr(i)*v.stride)) }

// from returns the words from row i on.
func (v groupVec) from(i int) groupVec {
	return groupVec{unsafe.Add(v.p, uintptr(i)*v.stride), v.stride}
}

func (v groupVec) float(i int) float64 { return *(*float64)(unsafe.Add(v.p, uintptr(i)*v.stride)) }

// slice returns the words of rows [from, to), which lie one after the other.
func (v groupVec) slice(from, to int) []uint64 {
	return unsafe.Slice((*uint64)(v.p), to)[from:]
}

func vecOf(words []uint64) groupVec { return groupVec{unsafe.Pointer(unsafe.SliceData(words)), 8} }

// groupChunk is up to groupChunkRows rows as words.
type groupChunk struct {
	n      int
	hash   groupVec
	keys   []groupVec // groupLayout.keyWords
	values []groupVec // groupLayout.rowWords; of partial groups, the words of their states
	masks  []groupVec // groupLayout.maskWords, bit 1 = null; valid if masked
	masked bool
	rows   []uint32   // where values lie is read by these numbers; nil: all are in values
	lying  []groupVec // the values that are still in the input's columns; those without an address are in values
	long   bool       // some string may be longer than its words
}

// word returns the values of a word of rows from row from on, as they are in values.
func (c *groupChunk) word(word, from int) groupVec {
	v := c.values[word]
	if c.rows != nil && c.lying[word].p != nil {
		for i, row := range c.rows {
			*(*uint64)(unsafe.Add(v.p, 8*i)) = c.lying[word].at(int(row))
		}
		c.lying[word].p = nil
	}
	return v.from(from)
}

// groupRows is rows of a batch that become a chunk: the n from row from on, or, of these and others, the n in rows,
// counted from there.
type groupRows struct {
	batch   *table.Batch
	from, n int
	rows    []uint32 // nil: all
}

// slice returns those from number from up to number to.
func (r groupRows) slice(from, to int) groupRows {
	if r.rows == nil {
		return groupRows{r.batch, r.from + from, to - from, nil}
	}
	return groupRows{r.batch, r.from, to - from, r.rows[from:to]}
}
