package operator

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// SpillingRows is an operator within a budget whose result is rows of its first input, in their order, with or without
// columns of its own behind: Unique, SetOp and Window. See spill.go. What it reads of the rows, and their numbers, are
// divided by the hash of the keys, and each part tells the numbers of the rows that stay, with their results:
//
//	input   in order, in memory or on disk            | k v w |           (spill_numbered.go)
//	parts   what is read of it, by hash               | k number |
//	found   what the parts found, by ranges of rows   | number result |
//	result  each range's rows, joined with that       | k v w result |    (spill_found.go)
//
// So a row is moved as a whole only once, and its order is never lost.
type SpillingRows struct {
	inputs  []*spillInput
	keys    []int // among columns
	columns []int // of the input, that are read
	read    *arrow.Schema
	results []arrow.Field // columns of the operator's own, behind the number
	mark    bool          // all rows stay, with a column more: true for those that weren't found
	need    int64         // bytes that the operator takes per row in memory
	// direct returns the result of what the inputs passed on, where the query doesn't spill.
	direct func(q *exec.Query) (exec.Source, error)
	// run runs the operator in memory over whole rows.
	run func(q *exec.Query, in []exec.Source) (exec.Source, error)
	// find pushes what it finds of a part to a sink: numbers and results. The part's rows have their number behind.
	find func(q *exec.Query, files []*spillFile, to exec.Sink) error
	// stream is find for a part that is too large because of one key: nil where find is that.
	stream func(q *exec.Query, file *spillFile, to exec.Sink) error
	// partNeed is about how many bytes find takes for a row of a part, beside the row's own.
	partNeed int64
}

// NewSpillingUnique returns a Unique of rows of schema in.
func NewSpillingUnique(spec UniqueSpec, in *arrow.Schema) *SpillingRows {
	unique := NewUnique(spec, in)
	s := newSpillingRows(in, spec.Keys, spec.Keys)
	s.mark, s.need = spec.Mark, 32
	s.matches(keepRules[spec.Keep])
	s.inputs = []*spillInput{inOrder(unique, in)}
	s.run = func(q *exec.Query, from []exec.Source) (exec.Source, error) {
		return q.Run(from[0], nil, NewUnique(spec, in))
	}
	return s
}

// NewSpillingSetOp returns a SetOp of rows of schema.
func NewSpillingSetOp(spec SetOpSpec, schema *arrow.Schema) *SpillingRows {
	op := NewSetOp(spec, schema)
	s := newSpillingRows(schema, op.keys, op.keys)
	s.need, s.direct = 32, op.Source
	s.matches(spec.rule())
	s.inputs = []*spillInput{inOrder(op.Left(), schema), inOrder(op.Right(), schema)}
	s.run = func(q *exec.Query, from []exec.Source) (exec.Source, error) {
		op := NewSetOp(spec, schema)
		for i, sink := range []exec.Sink{op.Left(), op.Right()} {
			if _, err := q.Run(from[i], nil, sink); err != nil {
				return nil, err
			}
		}
		return op.Source(q)
	}
	return s
}

// NewSpillingWindow returns a Window over rows of schema in.
func NewSpillingWindow(spec WindowSpec, in *arrow.Schema) (*SpillingRows, error) {
	window, err := NewWindow(spec, in)
	if err != nil {
		return nil, err
	}
	columns := slices.Clone(spec.Partition)
	for _, key := range spec.Order {
		columns = append(columns, key.Column)
	}
	for _, f := range spec.Functions {
		if f.Column >= 0 {
			columns = append(columns, f.Column)
		}
	}
	s := newSpillingRows(in, distinctInts(columns), spec.Partition)
	s.need = int64(48 + 12*len(spec.Functions))
	s.partNeed = s.need
	for _, f := range spec.Functions {
		s.results = append(s.results, arrow.Field{Type: window.ResultType(f)})
	}
	s.inputs = []*spillInput{inOrder(window, in)}
	s.run = func(q *exec.Query, from []exec.Source) (exec.Source, error) {
		window, err := NewWindow(spec, in)
		if err != nil {
			return nil, err
		}
		return q.Run(from[0], nil, window)
	}
	narrow := spec.over(s.columns)
	s.find = func(q *exec.Query, files []*spillFile, to exec.Sink) error {
		window, err := NewWindow(narrow, files[0].schema)
		if err != nil {
			return err
		}
		source, err := q.Run(files[0].all(), nil, window)
		if err == nil {
			_, err = q.Run(&lastColumns{source, len(s.columns)}, nil, to)
		}
		return err
	}
	s.stream = func(q *exec.Query, file *spillFile, to exec.Sink) error {
		window, err := NewWindow(narrow, file.schema)
		if err != nil {
			return err
		}
		stream, err := newWindowStream(q, window, len(s.columns), to)
		if err != nil {
			return err
		}
		sorted := newSpillSource(q, NewSpillingSort(window.sort.spec, file.schema).parts([]*spillFile{file}, 1))
		one := *q
		one.Threads = 1
		_, err = one.Run(sorted, nil, stream)
		return err
	}
	return s, nil
}

// over returns s for rows of which only some columns are there.
func (s WindowSpec) over(columns []int) WindowSpec {
	s.Partition = within(columns, s.Partition)
	s.Order, s.Functions = slices.Clone(s.Order), slices.Clone(s.Functions)
	for i := range s.Order {
		s.Order[i].Column = slices.Index(columns, s.Order[i].Column)
	}
	for i := range s.Functions {
		s.Functions[i].Column = slices.Index(columns, s.Functions[i].Column) // none stays -1
	}
	return s
}

// newSpillingRows prepares an operator that reads columns of rows of schema, among them the keys.
func newSpillingRows(schema *arrow.Schema, columns, keys []int) *SpillingRows {
	columns = distinctInts(slices.Clone(columns))
	s := &SpillingRows{columns: columns, keys: within(columns, keys)}
	fields := make([]arrow.Field, 0, len(columns)+1)
	for _, c := range columns {
		fields = append(fields, schema.Field(c))
	}
	s.read = arrow.NewSchema(append(fields, numberField), nil)
	return s
}

// matches has a rule tell which rows stay.
func (s *SpillingRows) matches(rule distinctRule) {
	s.partNeed = matchBytes
	s.find = func(q *exec.Query, files []*spillFile, to exec.Sink) error {
		return q.For(1, func(w *exec.Worker, _ int) error { return matchFiles(w, rule, s.keys, files, to) })
	}
}

// inOrder keeps whole rows of schema in one part.
func inOrder(direct exec.Sink, schema *arrow.Schema) *spillInput {
	return newSpillInput(direct, schema, firstColumns(schema.NumFields()), byHash(nil))
}

// Left returns the Sink of the first input, or the only one.
func (s *SpillingRows) Left() exec.Sink { return s.inputs[0] }

// Right returns the Sink of the second input.
func (s *SpillingRows) Right() exec.Sink { return s.inputs[1] }

// Push takes b into the only input.
func (s *SpillingRows) Push(w *exec.Worker, b *table.Batch) error { return s.inputs[0].Push(w, b) }

// Combine ends a worker's part of the only input.
func (s *SpillingRows) Combine(w *exec.Worker) error { return s.inputs[0].Combine(w) }

// Finish returns the result of the only input.
func (s *SpillingRows) Finish(q *exec.Query) (exec.Source, error) {
	source, err := s.inputs[0].Finish(q)
	if err != nil || !spills(q) {
		return source, err
	}
	return s.Source(q)
}

// Source returns the result, after the inputs have finished.
func (s *SpillingRows) Source(q *exec.Query) (exec.Source, error) {
	if !spills(q) {
		return s.direct(q)
	}
	var need int64
	spilled := false
	for _, in := range s.inputs {
		_, rows := in.width()
		need += s.need * rows
		spilled = spilled || in.spilled()
	}
	if !spilled && fitsWhole(q, need) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) {
			sources := make([]exec.Source, len(s.inputs))
			for i, in := range s.inputs {
				sources[i] = exec.NewScan(in.batches())
			}
			return s.run(part, sources)
		})
		if err == nil {
			for _, in := range s.inputs {
				in.release()
			}
			return run.source, nil
		}
		if !refused(err) {
			return nil, err
		}
	}
	return s.divided(q)
}

// divided returns the result by way of the disk.
func (s *SpillingRows) divided(q *exec.Query) (exec.Source, error) {
	inputs, need := make([]*numberedRows, len(s.inputs)), int64(0)
	for i, in := range s.inputs {
		rows, err := newNumberedRows(q, in)
		if err != nil {
			return nil, err
		}
		bytes, err := rows.rowBytes(q, s.columns)
		if err != nil {
			return nil, err
		}
		inputs[i], need = rows, need+s.needs(rows.rows(), (bytes+8)*rows.rows())
	}
	ways := s.ways(q, need)
	files := make([][]*spillFile, len(s.inputs))
	for i := len(inputs) - 1; i >= 0; i-- { // the first input's rows are those that are needed in the end
		parts := newSpillParts(q, s.read, &hashDivider{keys: s.keys, parts: ways})
		if _, err := q.Run(inputs[i].scan(q, s.columns), nil, parts); err != nil {
			return nil, err
		}
		if files[i] = parts.files; i > 0 {
			inputs[i].release()
		}
	}
	found, err := newFoundRows(q, inputs[0], s.results)
	if err != nil {
		return nil, err
	}
	if err := s.findAll(q, files, 1, found); err != nil {
		return nil, err
	}
	return found.source(s.mark), nil
}

// needs is about how many bytes it takes to find what there is in rows of so many bytes.
func (s *SpillingRows) needs(rows, bytes int64) int64 { return bytes/4*5 + s.partNeed*rows }

// ways returns into how many parts rows are divided that need so many bytes: so many that each worker may have one in
// memory. More would have shorter frames.
func (s *SpillingRows) ways(q *exec.Query, need int64) int {
	ways := spillWays / 2
	for ways < 4*spillWays && !fits(q, need/int64(ways)*int64(q.Threads)*5/4) { // parts aren't even
		ways *= 2
	}
	return ways
}

// findAll finds what there is in parts of each input: in many at once, as many as workers and memory allow, and then in
// those that are too large for that one by one.
func (s *SpillingRows) findAll(q *exec.Query, files [][]*spillFile, level int, to exec.Sink) error {
	var small, large []*rowsPart
	most := int64(1)
	average := int64(0)
	for i := range files[0] {
		part := &rowsPart{}
		for k := range files {
			f := files[k][i]
			part.files = append(part.files, f)
			part.rows += f.Rows()
			part.need += s.needs(f.Rows(), f.Bytes())
		}
		average += part.rows / int64(len(files[0]))
		if part.rows > 0 && fits(q, part.need) {
			small, most = append(small, part), max(most, part.need)
		} else if part.rows > 0 {
			large = append(large, part)
		}
	}
	refused, err := s.findSmall(q, small, q.Scope.Budget().Room()/4*3/most, to)
	if err != nil {
		return err
	}
	for _, part := range append(large, refused...) {
		// A part of many more rows than others has a key in many of its rows.
		hot := len(s.keys) == 0 || level == spillLevels || part.rows > 3*average
		if err := s.findLarge(q, part, level, hot, to); err != nil {
			return err
		}
	}
	return nil
}

// rowsPart is a part of each input.
type rowsPart struct {
	files []*spillFile
	rows  int64
	need  int64 // about how many bytes it takes
}

func (p *rowsPart) close() {
	for _, f := range p.files {
		f.Close()
	}
}

// findSmall finds what there is in parts, of which so many are worked on at once, one by each worker: so none waits for
// another. It returns those that were refused the memory.
func (s *SpillingRows) findSmall(q *exec.Query, parts []*rowsPart, atOnce int64, to exec.Sink) ([]*rowsPart, error) {
	refusals := make([]bool, len(parts))
	workers, each := *q, *q
	each.Threads = 1
	if workers.Threads = int(min(int64(q.Threads), atOnce)); workers.Threads <= 1 {
		workers.Threads, each.Threads = 1, q.Threads
	}
	err := workers.For(len(parts), func(w *exec.Worker, i int) error {
		err := w.Block(func() error { return s.findPart(&each, parts[i], to) })
		if refusals[i] = refused(err); refusals[i] {
			err = nil
		}
		return err
	})
	var left []*rowsPart
	for i, r := range refusals {
		if r {
			left = append(left, parts[i])
		}
	}
	return left, err
}

// findPart finds what there is in a part, in a scope of its own, and closes it. Where it fails, nothing was found.
func (s *SpillingRows) findPart(q *exec.Query, part *rowsPart, to exec.Sink) error {
	alone := q.Within(q.Scope.Within())
	defer alone.Scope.Close()
	err := s.find(alone, part.files, to)
	if err == nil {
		part.close()
	}
	return err
}

// findLarge finds what there is in a part that hasn't been tried, or was refused the memory.
func (s *SpillingRows) findLarge(q *exec.Query, part *rowsPart, level int, hot bool, to exec.Sink) error {
	if hot {
		err := s.findHot(q, part, to)
		if !refused(err) {
			return err
		}
		if s.stream != nil || len(s.keys) == 0 || level == spillLevels {
			return status.Errorf(status.OutOfMemory, "%d rows of equal keys can't be worked on in parts: %w", part.rows, err)
		}
	}
	files := make([][]*spillFile, len(part.files))
	for i, f := range part.files {
		var err error
		if files[i], err = f.divide(q, &hashDivider{keys: s.keys, level: level, parts: s.ways(q, part.need)}); err != nil {
			return err
		}
	}
	return s.findAll(q, files, level+1, to)
}

// findHot finds what there is in a part with a key in many of its rows.
func (s *SpillingRows) findHot(q *exec.Query, part *rowsPart, to exec.Sink) error {
	if s.stream == nil {
		return s.findPart(q, part, to)
	}
	if fits(q, part.need) {
		if err := s.findPart(q, part, to); !refused(err) {
			return err
		}
	}
	alone := q.Within(q.Scope.Within())
	defer alone.Scope.Close()
	return s.stream(alone, part.files[0], to)
}

// lastColumns is a source without the first columns of another.
type lastColumns struct {
	source exec.Source
	from   int
}

// Next returns the next batch.
func (l *lastColumns) Next(w *exec.Worker) (*table.Batch, error) {
	b, err := l.source.Next(w)
	if b == nil || err != nil {
		return nil, err
	}
	rest := &table.Batch{Cols: b.Cols[:l.from]}
	rest.Release()
	return &table.Batch{Cols: b.Cols[l.from:], Len: b.Len, Seq: b.Seq}, nil
}
