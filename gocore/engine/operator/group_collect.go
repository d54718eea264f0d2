package operator

import (
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// groupCollected is an aggregate that needs all values of a group in one place. No state is made of its rows: they are
// spread to partitions, a unit's groups are found, the values of each are put side by side, and the result goes to the
// group's record, where results of other aggregates are, too.
//
//	record       | ... | held (2 words) | ...
//	quantile     the result, and whether there is one
//	nunique      the number
//	nlargest     the address of the results, and how many there are: of more than mostTop (see group_top.go)
//	list         where the values begin in groupColumn.order, and how many there are
type groupCollected struct {
	agg   Agg
	value int // of groupLayout.values
	state int // of groupLayout.states
}

// addCollected adds an aggregate that needs all values.
func (c *groupCompiler) addCollected(a Agg, field arrow.Field) error {
	if c.mode != Complete {
		return status.Errorf(status.Internal, "%s has no partial results", a.Fn)
	}
	in := groupOperand{a.Column, plainForm}
	t, nullable := a.Fn.result(field.Type, a.Interpolation)
	if a.Fn == Quantile && t.ID() == arrow.FLOAT64 {
		in.form = floatForm
	}
	at := c.state(groupState{op: opHeld})
	if a.Fn == List {
		c.value(opHeld, groupOperand{-1, placeForm})
	}
	c.collected = append(c.collected, groupCollected{agg: a, value: c.value(opHeld, in), state: at})
	c.ragged = c.ragged || a.Fn == Largest || a.Fn == Smallest
	c.results = append(c.results, groupResult{agg: a, source: field.Name, states: []int{at}, part: -1,
		field: arrow.Field{Name: aggName(a.Fn, field.Name), Type: t, Nullable: nullable}})
	return nil
}

// groupColumn is the values of a unit's rows in one column.
type groupColumn struct {
	value  *groupValue
	groups []uint32 // of the rows: record number, 0 where the value is missing
	first  []uint64
	second []uint64 // of strings
	list   *groupList
}

// groupCollector keeps a unit's rows.
type groupCollector struct {
	layout  *groupLayout
	worker  *exec.Worker
	columns []groupColumn
	at      []int // the column of each of groupLayout.collected
	rows    int
	buffers []*memory.Buffer
}

// newGroupCollector makes room for the rows of a unit, whose numbers are kept in 32 bits.
func newGroupCollector(l *groupLayout, w *exec.Worker, rows int) (*groupCollector, error) {
	c := &groupCollector{layout: l, worker: w}
	if rows >= math.MaxUint32 {
		return c, status.Errorf(status.Unsupported, "%s of %d rows: all values of a group are needed at once, and at most %d fit",
			l.collected[0].agg.Fn, rows, uint32(math.MaxUint32-1))
	}
	for _, agg := range l.collected {
		v, isList := &l.values[agg.value], agg.agg.Fn == List
		i := slices.IndexFunc(c.columns, func(have groupColumn) bool { return have.value == v && (have.list != nil) == isList })
		if i < 0 {
			i = len(c.columns)
			if err := c.addColumn(v, isList, rows); err != nil {
				return c, err
			}
		}
		c.at = append(c.at, i)
	}
	return c, nil
}

func (c *groupCollector) addColumn(v *groupValue, isList bool, rows int) (err error) {
	col := groupColumn{value: v}
	if col.groups, err = collectorMake[uint32](c, rows); err == nil {
		col.first, err = collectorMake[uint64](c, rows)
	}
	if err == nil && v.kind == column.String {
		col.second, err = collectorMake[uint64](c, rows)
	}
	if err == nil && isList {
		col.list, err = newGroupList(c, rows)
	}
	c.columns = append(c.columns, col)
	return err
}

func collectorMake[T any](c *groupCollector, n int) ([]T, error) {
	values, b, err := memory.Make[T](c.worker.Scope(), max(n, 1))
	if err != nil {
		return nil, err
	}
	c.buffers = append(c.buffers, b)
	return values[:n], nil
}

// free gives the memory back.
func (c *groupCollector) free() {
	for _, b := range c.buffers {
		b.Release()
	}
	c.buffers = nil
}

// lists tells whether decoding needs the values.
func (c *groupCollector) lists() bool {
	return slices.ContainsFunc(c.columns, func(col groupColumn) bool { return col.list != nil })
}

// take keeps the values of rows [from, to) of a chunk, whose groups are known.
func (c *groupCollector) take(u groupUpdate) {
	words := uint32(c.layout.recWords)
	n := u.to - u.from
	for i := range c.columns {
		col := &c.columns[i]
		v := col.value
		groups, first := col.groups[c.rows:c.rows+n], col.first[c.rows:c.rows+n]
		values := u.chunk.values[v.word].from(u.from)
		for j := range first {
			first[j] = values.at(j)
			groups[j] = u.ids[u.from+j] / words
		}
		if v.kind == column.String {
			values := u.chunk.values[v.word+1].from(u.from)
			for j := range first {
				col.second[c.rows+j] = values.at(j)
			}
		}
		if col.list != nil {
			col.list.take(c, u, v)
			continue
		}
		if u.chunk.masked && v.mask >= 0 {
			mask := u.chunk.masks[v.mask/64].from(u.from)
			for j := range groups {
				groups[j] &= uint32(mask.at(j)>>(v.mask%64)&1) - 1
			}
		}
		switch {
		case v.kind.IsFloat():
			for j, w := range first {
				if f := math.Float64frombits(w); f != f {
					groups[j] = 0
				}
				first[j] = orderFloat(w)
			}
		case !isUnsigned(v.kind) && v.kind != column.String:
			for j := range first {
				first[j] ^= 1 << 63
			}
		}
	}
	c.rows += n
}

// orderFloat turns a float64 into a word that sorts like it, and all NaN past the numbers; -0.0 is 0.0.
func orderFloat(w uint64) uint64 {
	if w == 1<<63 {
		w = 0
	}
	return w ^ (uint64(int64(w)>>63) | 1<<63)
}

// raw turns a word that sorts like a value of kind back.
func raw(kind column.Kind, w uint64) uint64 {
	switch {
	case kind.IsFloat():
		if w>>63 == 0 {
			return ^w
		}
		return w ^ 1<<63
	case isUnsigned(kind):
		return w
	}
	return w ^ 1<<63
}

// finish computes the results of all groups of t.
func (c *groupCollector) finish(t *groupTable) error {
	for i := range c.columns {
		col := &c.columns[i]
		var sorted []uint64
		var starts []uint32
		for k, agg := range c.layout.collected {
			if c.at[k] != i {
				continue
			}
			word := c.layout.states[agg.state].word
			if agg.agg.Fn == NUnique || agg.agg.Fn == List {
				compute := c.countDistinct
				if agg.agg.Fn == List {
					compute = c.listValues
				}
				if err := compute(t, col, word); err != nil {
					return err
				}
				continue
			}
			if sorted == nil {
				var err error
				if sorted, starts, err = c.sideBySide(t, col); err != nil {
					return err
				}
			}
			done := 0
			for g := 1; g < t.n; g++ {
				values := sorted[starts[g]:starts[g+1]]
				held := (*[2]uint64)(t.record(uint32(g * c.layout.recWords))[word:])
				var err error
				if agg.agg.Fn == Quantile {
					*held, err = c.quantile(values, agg.agg, col.value.kind)
				} else {
					*held, err = c.extremes(values, agg.agg, col.value.kind)
				}
				if done += len(values) + 1; err == nil && done > collectorUnit {
					done, err = 0, c.worker.Yield()
				}
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// collectorUnit is how many rows are worked on between two yields.
const collectorUnit = 64 << 10

// sideBySide returns the values by groups: those of group g from starts[g] to starts[g+1].
func (c *groupCollector) sideBySide(t *groupTable, col *groupColumn) (sorted []uint64, starts []uint32, err error) {
	if sorted, err = collectorMake[uint64](c, c.rows); err != nil {
		return nil, nil, err
	}
	starts, err = c.byGroups(t, col.groups, func(place uint32, row int) { sorted[place] = col.first[row] })
	return sorted, starts, err
}

// byGroups calls put with a place for each row, so that those of group g have places from starts[g] to starts[g+1], in
// the order of the rows.
func (c *groupCollector) byGroups(t *groupTable, groups []uint32, put func(place uint32, row int)) (starts []uint32, err error) {
	if starts, err = collectorMake[uint32](c, t.n+2); err != nil {
		return nil, err
	}
	clear(starts)
	groups, next := groups[:c.rows], starts[1:] // next[g] is where group g's next row goes
	err = c.pieces(func(from, to int) {
		for _, g := range groups[from:to] {
			next[g+1]++
		}
	})
	for g := 1; g < len(next); g++ {
		next[g] += next[g-1]
	}
	if err == nil {
		err = c.pieces(func(from, to int) {
			for i, g := range groups[from:to] {
				put(next[g], from+i)
				next[g]++
			}
		})
	}
	return starts, err
}

// pieces calls f with ranges of the rows and yields between them.
func (c *groupCollector) pieces(f func(from, to int)) error {
	for from := 0; from < c.rows; from += collectorUnit {
		f(from, min(from+collectorUnit, c.rows))
		if err := c.worker.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// countDistinct counts the different values of each group into word of its record: a row that a hash table of groups and
// values doesn't hold yet is one more.
func (c *groupCollector) countDistinct(t *groupTable, col *groupColumn, word int) error {
	size := 1 << bits.Len(uint(2*c.rows))
	slots, err := collectorMake[uint32](c, size) // row + 1; 0 is none
	if err != nil {
		return err
	}
	clear(slots)
	mask := uint64(size - 1)
	return c.pieces(func(from, to int) {
		for i := from; i < to; i++ {
			g := col.groups[i]
			if g == 0 {
				continue
			}
			h := scramble(uint64(g))
			if col.second != nil {
				h = hashString(h, col.first[i], col.second[i])
			} else {
				h = hashStep(h, col.first[i])
			}
			at := h & mask
			for slots[at] != 0 && !col.same(int(slots[at]-1), i) {
				at = (at + 1) & mask
			}
			if slots[at] == 0 {
				slots[at] = uint32(i + 1)
				t.record(g * uint32(c.layout.recWords))[word]++
			}
		}
	})
}

// same tells whether two rows have the same group and value.
func (col *groupColumn) same(i, j int) bool {
	switch {
	case col.groups[i] != col.groups[j]:
		return false
	case col.second != nil:
		return equalStrings(col.first[i], col.second[i], col.first[j], col.second[j])
	}
	return col.first[i] == col.first[j]
}
