package dist

import (
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/fileio"
	"github.com/pycylon/pycylon/gocore/plan"
)

// write writes this rank's rows to a file. There are no rows behind it.
func (l *lowerer) write(step *plan.Step, op *plan.WriteOp, in stream) (stream, error) {
	var sink exec.Sink = fileio.NewIPCWriter(op.Path, step.Schema)
	if op.Format == "csv" {
		options := fileio.DefaultCSVWriteOptions()
		if err := plan.DecodeOptions(op.Options, &options); err != nil {
			return stream{}, err
		}
		csv, err := fileio.NewCSVWriter(op.Path, step.Schema, options)
		if err != nil {
			return stream{}, err
		}
		sink = csv
	}
	if _, err := l.into(in, sink, step.Schema); err != nil {
		return stream{}, err
	}
	return scan(nil, step.Schema), nil
}
