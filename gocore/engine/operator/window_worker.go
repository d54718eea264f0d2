package operator

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// windowBlock is how many rows of results a worker computes before it writes them to their places.
const windowBlock = 4096

// windowWorker computes units, one after the other.
type windowWorker struct {
	worker  *exec.Worker
	order   *windowOrder
	unit    span
	columns []*windowColumn // what the functions read of the unit's rows
	flags   []byte          // of each of the unit's rows
	starts  []uint32        // of the unit's partitions, and its end
	owners  []*memory.Buffer
	outputs []*windowOutput
	ranks   bool         // whether a function looks at peers
	sorter  *rangeSorter // of partitions that aren't in order

	low, high []uint32
	words     []uint64
	valid     []byte
	indices   []int64
	address   []uint64 // of the rows of a block
	found     []uint64 // of the rows that a function finds
}

// The flags of a row.
const (
	newPeers     = 1 << iota // it is the first of its peers
	dropped                  // it is the first of a partition without results
	newPartition             // it is the first of a partition; only in a stream
)

// windowOutput is a function at work.
type windowOutput struct {
	function WindowFunction
	kernel   windowKernel
	frames   bool // whether the kernel wants to know them
	bounds   frameBounds
	result   *windowResult
	own      *windowColumn // with SkipNull: the function's column
	ranges   *windowColumn // of a frame by range: the order key
}

func newWindowWorker(s *Window, order *windowOrder, results []*windowResult) *windowWorker {
	w := &windowWorker{order: order, low: make([]uint32, windowBlock), high: make([]uint32, windowBlock), words: make([]uint64, windowBlock),
		valid: make([]byte, windowBlock), indices: make([]int64, windowBlock), address: make([]uint64, windowBlock), found: make([]uint64, windowBlock)}
	for i, f := range s.spec.Functions {
		o := &windowOutput{function: f, result: results[i], bounds: frameBounds{frame: f.Frame}}
		o.kernel, o.frames = w.kernel(s, f)
		w.ranks = w.ranks || f.Fn >= WindowRank && f.Fn <= WindowCumeDist
		if f.SkipNull {
			o.own = w.column(s, f.Column, onlyPresent)
		}
		if f.Frame.Range {
			o.ranges = w.column(s, s.spec.Order[0].Column, asInts)
		}
		w.outputs = append(w.outputs, o)
	}
	return w
}

// column returns the values of a column in the given form, shared by the functions that read them alike.
func (w *windowWorker) column(s *Window, i int, form windowForm) *windowColumn {
	if i < 0 {
		return nil
	}
	for _, c := range w.columns {
		if c.column == i && c.form == form {
			return c
		}
	}
	c := &windowColumn{column: i, form: form, pieces: piecesOf(w.order.batches, i, s.schema.Field(i).Type)}
	w.columns = append(w.columns, c)
	return c
}

// run computes all functions over the rows of a unit.
func (w *windowWorker) run(unit span) error {
	w.unit = unit
	if err := w.makeRoom(); err != nil {
		return err
	}
	if err := w.markPartitions(); err != nil {
		return err
	}
	if w.order.inner != nil {
		if err := w.sortPartitions(); err != nil {
			return err
		}
	}
	if w.ranks {
		if err := w.markPeers(); err != nil {
			return err
		}
	}
	for _, c := range w.columns {
		if err := w.load(c); err != nil {
			return err
		}
	}
	part := 0
	for from := 0; from < unit.rows(); from += windowBlock {
		to := min(from+windowBlock, unit.rows())
		if w.order.entries != nil {
			w.blockAddresses(from, w.address[:to-from])
		}
		next := part
		for _, o := range w.outputs {
			var err error
			if next, err = w.block(o, part, from, to); err != nil {
				return err
			}
			if err := w.write(o, from, to); err != nil {
				return err
			}
			if err := w.worker.Yield(); err != nil {
				return err
			}
		}
		part = next
	}
	return nil
}

// makeRoom makes the worker's arrays as long as the unit.
func (w *windowWorker) makeRoom() error {
	rows := w.unit.rows()
	if rows <= len(w.flags) {
		return nil
	}
	w.release()
	w.flags = nil
	rows = max(rows, 2*windowUnitRows)
	scope := w.worker.Scope()
	flags, err := scope.Alloc(rows)
	if err != nil {
		return err
	}
	w.owners = append(w.owners, flags)
	starts, owner, err := memory.Make[uint32](scope, rows+1)
	if err != nil {
		return err
	}
	w.owners = append(w.owners, owner)
	if w.order.inner != nil {
		scratch, owner, err := memory.Make[entry](scope, rows)
		if err != nil {
			return err
		}
		w.owners = append(w.owners, owner)
		w.sorter = &rangeSorter{words: w.order.inner, scratch: scratch}
	}
	if err := w.makeColumns(scope, rows); err != nil {
		return err
	}
	w.flags, w.starts = flags.Bytes(), starts
	return nil
}

// makeColumns makes the arrays of the columns and of the frames' stacks.
func (w *windowWorker) makeColumns(scope *memory.Scope, rows int) error {
	for _, c := range w.columns {
		owners, err := c.makeRoom(scope, rows)
		w.owners = append(w.owners, owners...)
		if err != nil {
			return err
		}
	}
	for _, o := range w.outputs {
		stacked, ok := o.kernel.(interface {
			makeRoom(scope *memory.Scope, rows int) (*memory.Buffer, error)
		})
		if !ok || o.function.Frame.Start == FromFirst && !o.function.Frame.Range {
			continue // nothing ever leaves the frame: there is no front
		}
		owner, err := stacked.makeRoom(scope, o.function.Frame.length(rows))
		if err != nil {
			return err
		}
		w.owners = append(w.owners, owner)
	}
	return nil
}

// release gives the worker's arrays back.
func (w *windowWorker) release() {
	for _, owner := range w.owners {
		owner.Release()
	}
	w.owners = nil
}

// markPartitions finds the partitions.
func (w *windowWorker) markPartitions() error {
	w.starts = w.starts[:0]
	for i := range w.unit.rows() {
		w.flags[i] = 0
		if row := w.unit.from + i; i == 0 || !w.order.samePartition(row) {
			w.flags[i] = newPeers
			if w.order.isDropped(row) {
				w.flags[i] = newPeers | dropped
			}
			w.starts = append(w.starts, uint32(i))
		}
		if i%windowUnitRows == windowUnitRows-1 {
			if err := w.worker.Yield(); err != nil {
				return err
			}
		}
	}
	w.starts = append(w.starts, uint32(w.unit.rows()))
	return nil
}

// sortPartitions puts the rows of each partition in order.
func (w *windowWorker) sortPartitions() error {
	w.sorter.worker = w.worker
	for i, from := range w.starts[:len(w.starts)-1] {
		part := w.order.entries[w.unit.from+int(from) : w.unit.from+int(w.starts[i+1])]
		if len(part) == 1 || len(w.order.inner.levels) == 0 {
			continue
		}
		if err := w.sorter.refill(position{}, part); err != nil {
			return err
		}
		if err := w.sorter.sort(part, position{}); err != nil {
			return err
		}
	}
	return w.worker.Yield()
}

// markPeers finds the rows whose order keys differ from those of the row before.
func (w *windowWorker) markPeers() error {
	for i := range w.unit.rows() {
		if w.flags[i] == 0 && !w.order.samePeers(w.unit.from+i) {
			w.flags[i] = newPeers
		}
		if i%windowUnitRows == windowUnitRows-1 {
			if err := w.worker.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}

// blockAddresses writes the addresses of the unit's rows from row from on.
func (w *windowWorker) blockAddresses(from int, out []uint64) {
	for i := range out {
		w.indices[i] = int64(w.unit.from + from + i)
	}
	w.order.addresses(w.indices[:len(out)], out)
}

// block computes a function for rows [from, to), which begin in partition number part of the unit, and returns the
// partition in which row to is.
func (w *windowWorker) block(o *windowOutput, part, from, to int) (int, error) {
	if o.ranges != nil {
		o.bounds.keys = o.ranges.words
	}
	for at := from; at < to; {
		p := span{from: int(w.starts[part]), to: int(w.starts[part+1])}
		end := min(p.to, to)
		out, valid := w.words[at-from:end-from], w.valid[at-from:end-from]
		if w.flags[p.from]&dropped != 0 {
			for i := range out {
				out[i], valid[i] = windowNone, 0
			}
		} else if err := w.rows(o, p, at, end, out, valid); err != nil {
			return 0, err
		}
		at = end
		if at == p.to {
			part++
		}
	}
	return part, nil
}

// rows computes a function for rows [from, to) of partition p.
func (w *windowWorker) rows(o *windowOutput, p span, from, to int, out []uint64, valid []byte) error {
	if from == p.from {
		o.kernel.begin(p)
		o.bounds.begin(p)
	}
	if o.frames {
		o.bounds.rows(p, from, to, w.low, w.high)
	}
	if err := o.kernel.rows(from, to, w.low, w.high, out, valid); err != nil {
		return err
	}
	if o.own != nil {
		skip(o, out, valid, o.own.present[from:to])
	}
	return nil
}

// skip makes the results of rows whose own value is missing null.
func skip(o *windowOutput, out []uint64, valid, present []byte) {
	for i, p := range present {
		if p == 0 {
			valid[i] = 0
			if o.result.pieces != nil {
				out[i] = windowNone
			}
		}
	}
}

// write puts the results of rows [from, to) where those rows lie in the input.
func (w *windowWorker) write(o *windowOutput, from, to int) error {
	n := to - from
	words := w.words[:n]
	if o.result.pieces != nil {
		for i, row := range words {
			w.indices[i] = -1
			if row != windowNone {
				w.indices[i] = int64(w.unit.from) + int64(row)
			}
		}
		w.order.addresses(w.indices[:n], w.found)
		words = w.found[:n]
	}
	if w.order.entries == nil {
		valid := w.valid[:n]
		return w.order.runs(w.unit.from+from, w.unit.from+to, func(batch, row, n int) error {
			words = words[copy(o.result.words[batch][row:], words[:n]):]
			if o.result.valid != nil {
				valid = valid[copy(o.result.valid[batch][row:], valid[:n]):]
			}
			return nil
		})
	}
	scatterRows(o.result.words, w.address[:n], words)
	if o.result.valid != nil {
		scatterRows(o.result.valid, w.address[:n], w.valid[:n])
	}
	return nil
}

// scatterRows writes each value to the row at its address.
func scatterRows[T uint64 | byte](dst [][]T, addresses []uint64, values []T) {
	values = values[:len(addresses)]
	for i, a := range addresses {
		dst[a>>32][uint32(a)] = values[i]
	}
}

// load gathers the unit's values of a column.
func (w *windowWorker) load(c *windowColumn) error {
	if w.order.entries == nil && c.form != asTexts {
		return w.loadRuns(c)
	}
	for from := 0; from < w.unit.rows(); from += windowBlock {
		n := min(windowBlock, w.unit.rows()-from)
		w.blockAddresses(from, w.address[:n])
		values, err := c.pieces.Gather(w.worker.Scope(), w.address[:n])
		if err != nil {
			return err
		}
		err = c.set(w.worker.Scope(), from, &values)
		values.Release()
		if err != nil {
			return err
		}
		if err := w.worker.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// loadRuns takes the unit's values of a column as they lie in the batches.
func (w *windowWorker) loadRuns(c *windowColumn) error {
	for from := 0; from < w.unit.rows(); from += windowUnitRows {
		at := from
		to := min(from+windowUnitRows, w.unit.rows())
		err := w.order.runs(w.unit.from+from, w.unit.from+to, func(batch, row, n int) error {
			values := w.order.batches[batch].Cols[c.column].Slice(row, n)
			at += n
			return c.set(w.worker.Scope(), at-n, &values)
		})
		if err != nil {
			return err
		}
		if err := w.worker.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// inSteps calls f for parts of rows [from, to), with a Yield after each, where that is more than a unit of work.
func (w *windowWorker) inSteps(from, to int, f func(from, to int)) error {
	for ; to-from > windowUnitRows; from += windowUnitRows {
		f(from, from+windowUnitRows)
		if err := w.worker.Yield(); err != nil {
			return err
		}
	}
	f(from, to)
	return nil
}
