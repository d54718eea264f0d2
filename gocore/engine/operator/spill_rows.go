package operator

import (
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// SpillingRows is an operator within a budget whose result is rows of its input, in their order, with or without columns
// of its own behind: Unique, SetOp and Window. See spill.go. Rows are divided by the hash of their keys; on disk, two
// columns more tell a row's place. The operator carries them through each part, and in the end a SpillingSort puts the
// rows in order by them.
type SpillingRows struct {
	inputs []*spillInput
	keys   []int
	in     *arrow.Schema // of the inputs
	out    *arrow.Schema
	// direct returns the result of what the inputs passed on, where the query doesn't spill.
	direct func(q *exec.Query) (exec.Source, error)
	// run runs the operator in memory, over rows of in or of placedSchema(in).
	run  func(q *exec.Query, schema *arrow.Schema, in []exec.Source) (exec.Source, error)
	need int64 // bytes that run takes per row
	// again tells that the operator may be run over pieces of a part and then over what is left of them.
	again bool
}

// NewSpillingUnique returns a Unique of rows of schema in.
func NewSpillingUnique(spec UniqueSpec, in *arrow.Schema) *SpillingRows {
	out := in
	if spec.Mark {
		out = arrow.NewSchema(append(slices.Clone(in.Fields()), arrow.Field{Type: arrow.FixedWidthTypes.Boolean}), nil)
	}
	unique := NewUnique(spec, in)
	s := &SpillingRows{keys: spec.Keys, in: in, out: out, need: 32, again: !spec.Mark && spec.Keep != KeepNone}
	s.inputs = []*spillInput{s.input(unique)}
	s.run = func(q *exec.Query, schema *arrow.Schema, in []exec.Source) (exec.Source, error) {
		return q.Run(in[0], nil, NewUnique(UniqueSpec{Keys: s.keys, Keep: spec.Keep, Mark: spec.Mark}, schema))
	}
	return s
}

// NewSpillingWindow returns a Window over rows of schema in.
func NewSpillingWindow(spec WindowSpec, in *arrow.Schema) (*SpillingRows, error) {
	window, err := NewWindow(spec, in)
	if err != nil {
		return nil, err
	}
	fields := slices.Clone(in.Fields())
	for _, f := range spec.Functions {
		fields = append(fields, arrow.Field{Type: window.ResultType(f)})
	}
	s := &SpillingRows{keys: spec.Partition, in: in, out: arrow.NewSchema(fields, nil), need: int64(48 + 12*len(spec.Functions))}
	s.inputs = []*spillInput{s.input(window)}
	s.run = func(q *exec.Query, schema *arrow.Schema, in []exec.Source) (exec.Source, error) {
		window, err := NewWindow(spec, schema)
		if err != nil {
			return nil, err
		}
		return q.Run(in[0], nil, window)
	}
	return s, nil
}

// NewSpillingSetOp returns a SetOp of rows of schema.
func NewSpillingSetOp(spec SetOpSpec, schema *arrow.Schema) *SpillingRows {
	op := NewSetOp(spec, schema)
	s := &SpillingRows{keys: op.keys, in: schema, out: schema, need: 32, direct: op.Source}
	s.inputs = []*spillInput{s.input(op.Left()), s.input(op.Right())}
	s.run = func(q *exec.Query, schema *arrow.Schema, in []exec.Source) (exec.Source, error) {
		op := NewSetOp(spec, schema)
		op.compare(s.keys)
		for i, sink := range []exec.Sink{op.Left(), op.Right()} {
			if _, err := q.Run(in[i], nil, sink); err != nil {
				return nil, err
			}
		}
		return op.Source(q)
	}
	return s
}

func (s *SpillingRows) input(direct exec.Sink) *spillInput {
	in := newSpillInput(direct, s.in, firstColumns(s.in.NumFields()), byHash(s.keys))
	in.placed = true
	return in
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
			return s.run(part, s.in, sources)
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
	files := make([][]*spillFile, len(s.inputs))
	for i, in := range s.inputs {
		var err error
		if files[i], err = in.files(q); err != nil {
			return nil, err
		}
	}
	return s.inOrder(q, newSpillSource(q, s.parts(files, 1, math.MaxInt64)))
}

// parts returns the phases for parts of each input, into which so many rows have been divided for the level-th time.
func (s *SpillingRows) parts(files [][]*spillFile, level int, rows int64) []spillPhase {
	phases := make([]spillPhase, len(files[0]))
	for i := range phases {
		level, size := level, int64(0)
		part := make([]*spillFile, len(files))
		for k := range files {
			part[k] = files[k][i]
			size += part[k].Rows()
		}
		if undivided(size, rows) {
			level = spillLevels
		}
		phases[i] = func(q *exec.Query) (*spillRun, []spillPhase, error) { return s.part(q, part, level) }
	}
	return phases
}

// part runs the operator over a part in memory, or divides it further.
func (s *SpillingRows) part(q *exec.Query, files []*spillFile, level int) (*spillRun, []spillPhase, error) {
	var bytes, rows int64
	for _, f := range files {
		bytes, rows = bytes+f.Bytes(), rows+f.Rows()
	}
	var err error
	if last := level == spillLevels || len(s.keys) == 0; last || fits(q, 2*bytes+s.need*rows) {
		var run *spillRun
		run, err = attempt(q, func(part *exec.Query) (exec.Source, error) {
			sources := make([]exec.Source, len(files))
			for i, f := range files {
				sources[i] = f.all()
			}
			return s.run(part, placedSchema(s.in, s.in.NumFields()), sources)
		})
		if err == nil {
			for _, f := range files {
				f.Close()
			}
			return run, nil, nil
		}
		if !refused(err) {
			return nil, nil, err
		}
		if last && s.again {
			return s.repeat(q, files[0])
		}
		if last {
			return nil, nil, status.Errorf(status.OutOfMemory, "%d rows of equal keys can't be worked on in parts: %w", rows, err)
		}
	}
	divided := make([][]*spillFile, len(files))
	for i, f := range files {
		if divided[i], err = f.divide(q, &hashDivider{s.keys, level}); err != nil {
			return nil, nil, err
		}
	}
	return nil, s.parts(divided, level+1, rows), nil
}

// repeat runs the operator over pieces of a part, and then over what is left of them: few rows, where the part is large
// because of one key.
func (s *SpillingRows) repeat(q *exec.Query, file *spillFile) (*spillRun, []spillPhase, error) {
	left := newSpillParts(q, file.schema, &hashDivider{})
	for i, piece := range file.pieces(q.Scope.Budget().Room() / pieceShare) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) {
			return s.run(part, file.schema, []exec.Source{file.scan(piece[0], piece[1])})
		})
		if err != nil {
			return nil, nil, err
		}
		_, err = run.query.Run(run.source, nil, &afterSink{left, uint64(i) << seqShift})
		run.query.Scope.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	file.Close()
	run, err := attempt(q, func(part *exec.Query) (exec.Source, error) {
		return s.run(part, file.schema, []exec.Source{left.files[0].all()})
	})
	return run, nil, err
}

// afterSink numbers what it passes to parts from seq on.
type afterSink struct {
	*spillParts
	seq uint64
}

// Push writes the rows of b.
func (a *afterSink) Push(w *exec.Worker, b *table.Batch) error {
	after := *b
	after.Seq += a.seq
	return a.spillParts.Push(w, &after)
}

// inOrder returns rows with places in the order of these, without them. They are written as they come: what is kept of
// them would be missing where they come from.
func (s *SpillingRows) inOrder(q *exec.Query, source exec.Source) (exec.Source, error) {
	at := s.in.NumFields()
	writing := *q
	writing.Spill = q.Spill.Within()
	writing.Spill.When = spill.AtOnce
	sort := NewSpillingSort(SortSpec{Keys: []SortKey{{Column: at}, {Column: at + 1}}}, placedSchema(s.out, at))
	ordered, err := writing.Run(source, nil, sort)
	return &unplaced{ordered, at}, err
}

// placedSchema returns a schema with two columns more from position at on, which tell a row's place.
func placedSchema(schema *arrow.Schema, at int) *arrow.Schema {
	return arrow.NewSchema(slices.Insert(slices.Clone(schema.Fields()), at,
		arrow.Field{Name: "seq", Type: arrow.PrimitiveTypes.Uint64}, arrow.Field{Name: "row", Type: arrow.PrimitiveTypes.Uint64}), nil)
}

// rowShift is where a place's second column holds its Sub: below it is the row's number in the batch.
const rowShift = 20

// withPlaces returns b with its rows' places behind; first is that of the first row. The caller releases it.
func withPlaces(scope *memory.Scope, b *table.Batch, first rowPlace) (*table.Batch, error) {
	placed := &table.Batch{Cols: slices.Clip(b.Cols), Len: b.Len, Seq: b.Seq}
	places := &table.Batch{}
	for range 2 {
		c, err := compute.New(scope, arrow.PrimitiveTypes.Uint64, b.Len)
		if err != nil {
			places.Release()
			return nil, err
		}
		places.Cols = append(places.Cols, c)
	}
	seqs, rows := column.Of[uint64](&places.Cols[0]), column.Of[uint64](&places.Cols[1])
	for i := range seqs {
		seqs[i], rows[i] = first.Seq, first.Sub<<rowShift|uint64(first.row+i)
	}
	b.Retain()
	placed.Cols = append(placed.Cols, places.Cols...)
	return placed, nil
}

// unplaced is a source without the two columns from position at on.
type unplaced struct {
	source exec.Source
	at     int
}

// Next returns the next batch.
func (u *unplaced) Next(w *exec.Worker) (*table.Batch, error) {
	b, err := u.source.Next(w)
	if b == nil || err != nil {
		return nil, err
	}
	places := &table.Batch{Cols: b.Cols[u.at : u.at+2]}
	out := &table.Batch{Cols: slices.Concat(b.Cols[:u.at], b.Cols[u.at+2:]), Len: b.Len, Seq: b.Seq}
	places.Release()
	return out, nil
}
