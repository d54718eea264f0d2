package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// distinctRule is which rows of an input stay, going by how often their key comes.
type distinctRule uint8

// The rules. Those with Other go by the keys of another input, whose rows come first and never stay.
const (
	firstOfKey    distinctRule = iota // the first row of each key
	lastOfKey                         // the last row of each key
	onlyOfKey                         // rows whose key no other row has
	firstInOther                      // the first row of each key that the other input has, too
	firstNotOther                     // the first row of each key that the other input doesn't have
	eachInOther                       // of each key as many rows as the other input has, from the first on
	eachNotOther                      // of each key the rows beyond as many as the other input has
)

// once tells whether further rows of one key, in one input, change nothing.
func (r distinctRule) once() bool {
	return r == firstOfKey || r == lastOfKey || r == firstInOther || r == firstNotOther
}

// distinct finds out which rows stay: Unique and SetOp are a rule each.
//
//	codes      of each row's key: 64 bits, exact where the keys' ranges fit, else a hash (distinct_keys.go)
//	dense      exact codes of few bits: a bitmap of the codes seen, no table (distinct_dense.go)
//	partition  else (code, row number) are spread over 512 partitions by a hash of the code, in their order
//	           (distinct_feed.go)
//	match      and each partition's rows go through a table that fits the cache (distinct_table.go)
//	kept       a bitmap over all rows: the result is in their order (distinct_source.go)
type distinct struct {
	query   *exec.Query
	rule    distinctRule
	keys    *rowKeys
	batches []*table.Batch // the other input's first
	other   int            // how many of them are the other input's
	starts  []int          // number of each batch's first row, a multiple of 64, and the end
	kept    []uint64       // bitmap by row number
	owner   *memory.Buffer
}

// newDistinct prepares to look at batches, which are in order and of rows with keys in ranges; without ranges the keys
// are told apart by their hashes.
func newDistinct(q *exec.Query, rule distinctRule, keys []int, ranges []keyRange, other, own []*table.Batch) (*distinct, error) {
	d := &distinct{query: q, rule: rule, starts: []int{0}}
	d.add(other)
	d.other = len(d.batches)
	d.add(own)
	if d.rows() >= math.MaxUint32 {
		return nil, status.Errorf(status.Unsupported, "%d rows can't be compared with each other on one rank: at most %d", d.rows(), uint32(math.MaxUint32)-1)
	}
	d.keys = newRowKeys(keys, ranges, d.batches, d.starts)
	return d, nil
}

// add numbers the rows of batches.
func (d *distinct) add(batches []*table.Batch) {
	for _, b := range batches {
		if b.Len > 0 {
			d.batches = append(d.batches, b)
			d.starts = append(d.starts, d.rows()+(b.Len+63)/64*64)
		}
	}
}

// rows returns the number behind the last row's.
func (d *distinct) rows() int { return d.starts[len(d.starts)-1] }

// otherRows returns how many rows are the other input's.
func (d *distinct) otherRows() int { return d.starts[d.other] }

// run fills in kept.
func (d *distinct) run() error {
	if d.other == len(d.batches) {
		return nil
	}
	if d.keys.dense(d.rows()) && d.rule != eachInOther && d.rule != eachNotOther {
		return d.matchDense()
	}
	return d.matchPartitions()
}

// bitmap returns n cleared bits.
func (d *distinct) bitmap(n int) ([]uint64, *memory.Buffer, error) {
	b, err := d.query.Scope.Zeroed((n + 63) / 64 * 8)
	if err != nil {
		return nil, nil, err
	}
	return memory.As[uint64](b.Bytes()), b, nil
}

// orWords is how many words of bitmaps are a worker's unit.
const orWords = 1 << 14

// union makes the first of several bitmaps their union. Those that are nil are empty.
func (d *distinct) union(all [][]uint64) error {
	n := len(all[0])
	return d.query.For((n+orWords-1)/orWords, func(_ *exec.Worker, i int) error {
		from, to := i*orWords, min((i+1)*orWords, n)
		for _, other := range all[1:] {
			if other == nil {
				continue
			}
			into := all[0][from:to]
			for j, word := range other[from:to] {
				into[j] |= word
			}
		}
		return nil
	})
}
