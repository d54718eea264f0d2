package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Keep is which of the rows with equal keys a Unique keeps.
type Keep uint8

// What to keep.
const (
	KeepFirst Keep = iota
	KeepLast
	KeepNone // none of several: only rows whose key no other row has
)

var keepRules = [...]distinctRule{KeepFirst: firstOfKey, KeepLast: lastOfKey, KeepNone: onlyOfKey}

// UniqueSpec says which columns tell rows apart, and which of equal rows to keep. Missing values are equal.
type UniqueSpec struct {
	Keys []int
	Keep Keep
	// Mark keeps all rows, with a column more: true for those that would go.
	Mark bool
}

// Unique is the Sink that keeps one row of each key, or none of several, in the rows' order: see distinct.
type Unique struct {
	spec   UniqueSpec
	schema *arrow.Schema
	input  rangedInput
}

var _ exec.Sink = (*Unique)(nil)

// NewUnique returns a Unique of rows of schema.
func NewUnique(spec UniqueSpec, schema *arrow.Schema) *Unique {
	return &Unique{spec: spec, schema: schema, input: rangedInput{keys: packedKeys(schema, spec.Keys)}}
}

// packedKeys returns keys if they can have exact codes, so that their ranges are of use.
func packedKeys(schema *arrow.Schema, keys []int) []int {
	for _, key := range keys {
		if kind, _ := column.KindOf(schema.Field(key).Type); kind == column.String {
			return nil
		}
	}
	return keys
}

// Push keeps b, its strings as views.
func (u *Unique) Push(w *exec.Worker, b *table.Batch) error { return u.input.push(w, b) }

// Combine does nothing.
func (u *Unique) Combine(*exec.Worker) error { return nil }

// Finish finds the rows that stay and returns the Source of them.
func (u *Unique) Finish(q *exec.Query) (exec.Source, error) {
	batches, rows := u.input.batches()
	if rows == 0 {
		return exec.NewScan(nil), nil
	}
	d, err := newDistinct(q, keepRules[u.spec.Keep], u.spec.Keys, u.input.merged(), nil, batches)
	if err != nil {
		return nil, err
	}
	if err := d.run(); err != nil {
		return nil, err
	}
	if u.spec.Mark {
		return u.marks(q, d), nil
	}
	return newDistinctSource(d, u.schema, &u.input), nil
}

// marks returns the Source of all rows with a column that is true where a row doesn't stay.
func (u *Unique) marks(q *exec.Query, d *distinct) exec.Source {
	for i := range d.kept {
		d.kept[i] = ^d.kept[i]
	}
	q.Scope.OnClose(d.owner.Release)
	batches := make([]*table.Batch, len(d.batches))
	for i, b := range d.batches {
		mark := column.Column{Type: arrow.FixedWidthTypes.Boolean, Kind: column.Bool, Len: b.Len,
			Values: d.keptOf(i).Bits, Owners: []*memory.Buffer{d.owner}}
		batches[i] = &table.Batch{Len: b.Len, Cols: append(b.Cols[:len(b.Cols):len(b.Cols)], mark)}
	}
	return exec.NewScan(batches)
}
