package dist

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/fileio"
	"github.com/pycylon/pycylon/gocore/plan"
)

// file is an open file that a scan reads, a CSV or an IPC file.
type file struct {
	csv *fileio.CSV
	ipc *fileio.IPC
}

// openSources opens the plan's files and returns the schemas of all its sources, as this rank sees them.
func (l *lowerer) openSources() (map[int]*arrow.Schema, error) {
	l.files = map[int]file{}
	schemas := map[int]*arrow.Schema{}
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		var err error
		switch spec := n.Spec.(type) {
		case *plan.Table:
			if spec.Arg < 0 || spec.Arg >= len(l.args) {
				err = status.Errorf(status.Invalid, "the plan refers to table %d of %d", spec.Arg, len(l.args))
				break
			}
			schemas[i] = l.args[spec.Arg].Schema
		case *plan.ScanCSV:
			schemas[i], err = l.openCSV(i, spec)
		case *plan.ScanIPC:
			schemas[i], err = l.openIPC(i, spec)
		}
		if err != nil {
			return nil, status.In(plan.UserName(n.Op), err)
		}
	}
	return schemas, nil
}

func (l *lowerer) openCSV(node int, spec *plan.ScanCSV) (*arrow.Schema, error) {
	options := fileio.DefaultCSVOptions()
	if err := plan.DecodeOptions(spec.Options, &options); err != nil {
		return nil, err
	}
	part, parts := 0, 1
	if spec.Share == plan.ShareSlice {
		part, parts = l.world.Rank, l.world.Size
	}
	csv, err := fileio.OpenCSV(l.q.Context(), spec.Path, options, part, parts)
	if err != nil {
		return nil, err
	}
	l.files[node] = file{csv: csv}
	return csv.Schema(l.q)
}

func (l *lowerer) openIPC(node int, spec *plan.ScanIPC) (*arrow.Schema, error) {
	ipc, err := fileio.OpenIPC(spec.Path, l.q.Scope)
	if err != nil {
		return nil, err
	}
	l.files[node] = file{ipc: ipc}
	return ipc.Schema(), nil
}

// closeFiles closes what openSources opened.
func (l *lowerer) closeFiles() {
	for _, f := range l.files {
		if f.csv != nil {
			_ = f.csv.Close() // it was only read
		}
		if f.ipc != nil {
			_ = f.ipc.Close()
		}
	}
}

// source returns the rows of a table or a file, cast to the types on which the ranks agreed.
func (l *lowerer) source(step *plan.Step, op *plan.SourceOp) (stream, error) {
	var s stream
	switch {
	case op.Arg >= 0:
		t := l.args[op.Arg]
		s = scan(t.Batches, t.Schema)
	case op.Format == "csv":
		source, err := l.files[step.Node].csv.Source(step.Schema)
		return stream{source: source, schema: step.Schema}, err
	default:
		f := l.files[step.Node].ipc
		source, err := f.Source()
		if err != nil {
			return stream{}, err
		}
		s = stream{source: source, schema: f.Schema()}
	}
	if !sameTypes(s.schema, step.Schema) {
		s = s.through(&align{step.Schema}, step.Schema)
	}
	s.schema = step.Schema
	return s, nil
}

func sameTypes(a, b *arrow.Schema) bool {
	for i, f := range a.Fields() {
		if !arrow.TypeEqual(f.Type, b.Field(i).Type) {
			return false
		}
	}
	return true
}
