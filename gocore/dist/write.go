package dist

import (
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/fileio"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// writer is a sink of fileio: it keeps batches until it writes them all.
type writer interface {
	exec.Sink
	Batches() []*table.Batch
}

// writing is a writer that is asked to write at most once, and gives its batches back where it isn't.
type writing struct {
	writer
	finished bool
}

// Finish writes the file.
func (w *writing) Finish(q *exec.Query) (exec.Source, error) {
	w.finished = true // the writer releases what it kept
	return w.writer.Finish(q)
}

// release gives back what a failed pipeline left.
func (w *writing) release() {
	if w.finished {
		return
	}
	for _, b := range w.Batches() {
		b.Release()
	}
}

// write writes this rank's rows to a file. There are no rows behind it.
func (l *lowerer) write(step *plan.Step, op *plan.WriteOp, in stream) (stream, error) {
	sink := &writing{writer: fileio.NewIPCWriter(op.Path, step.Schema, l.q.Threads)}
	if op.Format == "csv" {
		options := fileio.DefaultCSVWriteOptions()
		if err := plan.DecodeOptions(op.Options, &options); err != nil {
			return stream{}, err
		}
		csv, err := fileio.NewCSVWriter(op.Path, step.Schema, options, l.q.Threads)
		if err != nil {
			return stream{}, err
		}
		sink.writer = csv
	}
	l.q.Scope.OnClose(sink.release)
	if _, err := l.into(in, sink, step.Schema); err != nil {
		return stream{}, err
	}
	return scan(nil, step.Schema), nil
}
