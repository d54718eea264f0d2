package plan

import (
	"encoding/json"
)

// WriteCSV writes this rank's rows to a CSV file.
type WriteCSV struct {
	Path    string          `json:"path"`
	Options json.RawMessage `json:"options"`
}

// WriteIPC writes this rank's rows to an Arrow IPC file.
type WriteIPC struct {
	Path string `json:"path"`
}

// WriteOp writes this rank's rows to a file.
type WriteOp struct {
	Format  string // "csv" or "ipc"
	Path    string
	Options json.RawMessage
}

// Name is "write".
func (*WriteOp) Name() string { return "write" }

func (*WriteCSV) check() error { return nil }

func (*WriteIPC) check() error { return nil }

func (spec *WriteCSV) bind(b *binder, s *Step) error {
	s.Op, s.Schema = &WriteOp{Format: "csv", Path: spec.Path, Options: spec.Options}, b.in(s, 0)
	return nil
}

func (spec *WriteIPC) bind(b *binder, s *Step) error {
	s.Op, s.Schema = &WriteOp{Format: "ipc", Path: spec.Path}, b.in(s, 0)
	return nil
}

func (*WriteOp) place(pl *placer, _ int, s Step) (int, error) { return pl.out.add(s), nil }
