package plan

import (
	"encoding/json"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Share is which rows of a file a rank reads.
type Share string

// The shares.
const (
	ShareAll       Share = "all"
	ShareSlice     Share = "slice"
	ShareReplicate Share = "replicate"
)

// Table is a table that the caller holds.
type Table struct {
	Arg       int       `json:"table"`
	Placement Placement `json:"placement"`
}

// ScanCSV reads a CSV file: all of it as this rank's own rows, this rank's slice of it, or all of it on every rank.
type ScanCSV struct {
	Path    string          `json:"path"`
	Share   Share           `json:"share"`
	Options json.RawMessage `json:"options"`
}

// ScanIPC reads an Arrow IPC file as this rank's own rows.
type ScanIPC struct {
	Path string `json:"path"`
}

// SourceOp is rows from outside: an argument or a file.
type SourceOp struct {
	Arg     int    // the argument that holds the table; -1 for files
	Format  string // of a file: "csv" or "ipc"
	Path    string
	Share   Share
	Options json.RawMessage
}

// Name is "source".
func (*SourceOp) Name() string { return "source" }

func (s *Table) check() error {
	return oneOf("placement", s.Placement.Kind, Local, Partitioned, Replicated)
}

func (s *ScanCSV) check() error {
	return oneOf("share", s.Share, ShareAll, ShareSlice, ShareReplicate)
}

func (*ScanIPC) check() error { return nil }

func (s *Table) bind(*binder, *Step) error   { return noSchema(s) }
func (s *ScanCSV) bind(*binder, *Step) error { return noSchema(s) }
func (s *ScanIPC) bind(*binder, *Step) error { return noSchema(s) }

// noSchema is the error of a source whose schema the caller of Bind didn't give.
func noSchema(s Spec) error { return status.Errorf(status.Internal, "no schema was given for a %T", s) }

// source makes the step of a table or a scan. A local source in a collective plan is this rank's share.
func (b *binder) source(s *Step, spec Spec, schema *arrow.Schema) error {
	s.Schema = schema
	source := &SourceOp{Arg: -1}
	s.Op, s.Placement = source, Local
	switch spec := spec.(type) {
	case *Table:
		source.Arg, s.Placement = spec.Arg, spec.Placement.Kind
		if s.Placement == Partitioned && len(spec.Placement.Keys) > 0 {
			keys, err := findAll(schema, spec.Placement.Keys, "the placement")
			if err != nil {
				return err
			}
			s.Keys = sets(keys)
		}
	case *ScanCSV:
		source.Format, source.Path, source.Share, source.Options = "csv", spec.Path, spec.Share, spec.Options
		switch spec.Share {
		case ShareSlice:
			s.Placement = Partitioned
		case ShareReplicate:
			s.Placement = Replicated
		}
	case *ScanIPC:
		source.Format, source.Path, source.Share = "ipc", spec.Path, ShareAll
	}
	if s.Placement == Local && b.plan.spread() {
		s.Placement = Partitioned
	}
	return nil
}

func (*SourceOp) place(pl *placer, _ int, s Step) (int, error) { return pl.out.add(s), nil }

func (op *SourceOp) describe(words) string {
	if op.Arg >= 0 {
		return "table"
	}
	return op.Path
}
