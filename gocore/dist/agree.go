package dist

import (
	"encoding/json"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// field is a column as ranks tell it each other.
type field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
}

func schemasOf(args []*table.Table) []*arrow.Schema {
	schemas := make([]*arrow.Schema, len(args))
	for i, a := range args {
		schemas[i] = a.Schema
	}
	return schemas
}

// tellSchemas returns every rank's schemas of the sources, given this rank's; nil for a plan that isn't collective.
func (l *lowerer) tellSchemas(own map[int]*arrow.Schema) ([][]byte, error) {
	if l.world.Op == nil {
		return nil, nil
	}
	told := map[int][]field{}
	for node, schema := range own {
		fields := []field{}
		for _, f := range schema.Fields() {
			fields = append(fields, field{f.Name, plan.TypeName(f.Type), f.Nullable})
		}
		told[node] = fields
	}
	text, err := json.Marshal(told)
	if err != nil {
		return nil, fmt.Errorf("schemas that JSON can't hold: %w", err)
	}
	return l.world.Op.Allgather(l.q.Context(), text)
}

// unify returns the schemas of the sources that hold every rank's rows: one rank's column of nulls or integers may be
// another's of floats. Parts of a CSV file are unified as texts. Where no rank told any, own ones stay.
func unify(p *plan.Plan, own map[int]*arrow.Schema, told [][]byte) (map[int]*arrow.Schema, error) {
	if told == nil {
		return own, nil
	}
	agreed := map[int]*arrow.Schema{}
	for rank, text := range told {
		schemas, err := readSchemas(text)
		if err != nil {
			return nil, status.AtRank(status.CodeOf(err), rank, "its schemas can't be read: %w", err)
		}
		for node := range own {
			theirs, ok := schemas[node]
			if !ok {
				return nil, status.AtRank(status.Malformed, rank, "it told no schema of source %d", node)
			}
			if rank == 0 {
				agreed[node] = theirs
				continue
			}
			both := plan.UnifySchemas
			if _, ok := p.Nodes[node].Spec.(*plan.ScanCSV); ok {
				both = plan.UnifyTexts
			}
			if agreed[node], err = both(agreed[node], theirs); err != nil {
				return nil, status.Errorf(status.CodeOf(err), "the frame's parts on the ranks before rank %d and on rank %d don't go together: %w", rank, rank, err)
			}
		}
	}
	return agreed, nil
}

func readSchemas(text []byte) (map[int]*arrow.Schema, error) {
	var told map[int][]field
	if err := json.Unmarshal(text, &told); err != nil {
		return nil, status.Errorf(status.Malformed, "%w", err)
	}
	schemas := map[int]*arrow.Schema{}
	for node, fields := range told {
		list := make([]arrow.Field, len(fields))
		for i, f := range fields {
			t, err := plan.ParseType(f.Type)
			if err != nil {
				return nil, err
			}
			list[i] = arrow.Field{Name: f.Name, Type: t, Nullable: f.Nullable}
		}
		schemas[node] = arrow.NewSchema(list, nil)
	}
	return schemas, nil
}
