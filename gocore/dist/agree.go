package dist

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/encoding"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
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

// told is what a rank tells the others before they bind a plan: the schemas of its sources, by node, and those of the
// arguments that aren't sources, but hold values of expressions.
type told struct {
	Formats formats         `json:"formats"`
	Sources map[int][]field `json:"sources"`
	Values  map[int][]field `json:"values"`
}

// formats are the versions of what ranks must do alike: rows go by their hash, encoded.
type formats struct {
	Hash     int `json:"hash"`
	Encoding int `json:"encoding"`
}

var ownFormats = formats{hashing.Version, encoding.Version}

// schemas are what a rank told.
type schemas struct{ sources, values map[int]*arrow.Schema }

// tellSchemas returns every rank's schemas, given this rank's of the sources; nil for a plan that isn't collective.
func (l *lowerer) tellSchemas(sources map[int]*arrow.Schema) ([]schemas, error) {
	if l.world.Op == nil {
		return nil, nil
	}
	values := map[int]*arrow.Schema{}
	for i, a := range l.args {
		values[i] = a.Schema
	}
	for _, n := range l.plan.Nodes {
		if table, ok := n.Spec.(*plan.Table); ok {
			delete(values, table.Arg)
		}
	}
	text, err := json.Marshal(told{ownFormats, fieldsOf(sources), fieldsOf(values)})
	if err != nil {
		return nil, fmt.Errorf("schemas that JSON can't hold: %w", err)
	}
	texts, err := l.world.Op.Allgather(l.q.Context(), text)
	if err != nil {
		return nil, err
	}
	all := make([]schemas, len(texts))
	for rank, text := range texts {
		if all[rank], err = readSchemas(text); err != nil {
			return nil, status.AtRank(status.CodeOf(err), rank, "its schemas can't be read: %w", err)
		}
	}
	return all, nil
}

func fieldsOf(schemas map[int]*arrow.Schema) map[int][]field {
	all := map[int][]field{}
	for i, schema := range schemas {
		fields := []field{}
		for _, f := range schema.Fields() {
			fields = append(fields, field{f.Name, plan.TypeName(f.Type), f.Nullable})
		}
		all[i] = fields
	}
	return all
}

// unify returns the schemas of the sources that hold every rank's rows: one rank's column of nulls or integers may be
// another's of floats. Parts of a CSV file are unified as texts. Where no rank told any, own ones stay.
func unify(p *plan.Plan, own map[int]*arrow.Schema, told []schemas) (map[int]*arrow.Schema, error) {
	if told == nil {
		return own, nil
	}
	agreed := map[int]*arrow.Schema{}
	for rank := range told {
		for _, node := range slices.Sorted(maps.Keys(own)) {
			theirs, ok := told[rank].sources[node]
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
			var err error
			if agreed[node], err = both(agreed[node], theirs); err != nil {
				return nil, status.Errorf(status.CodeOf(err), "the frame's parts on the ranks before rank %d and on rank %d don't go together: %w", rank, rank, err)
			}
		}
	}
	return agreed, nil
}

// agreedProgram makes this rank's program. Where another rank computes with values of other types, it makes that one's, too:
// what one rank can't begin no rank begins, and all move rows of the same types.
func (l *lowerer) agreedProgram(sources map[int]*arrow.Schema, told []schemas) (*plan.Program, error) {
	program, err := l.bind(sources, schemasOf(l.args))
	for rank, theirs := range told {
		own := told[l.world.Rank].values
		if err != nil || maps.EqualFunc(own, theirs.values, (*arrow.Schema).Equal) {
			continue
		}
		if len(own) != len(theirs.values) {
			return nil, status.AtRank(status.Malformed, rank, "it computes with %d values, and rank %d with %d", len(theirs.values), l.world.Rank, len(own))
		}
		args := schemasOf(l.args)
		for i := range own {
			if args[i] = theirs.values[i]; args[i] == nil {
				return nil, status.AtRank(status.Malformed, rank, "it told no type of value %d", i)
			}
		}
		var other *plan.Program
		if other, err = l.bind(sources, args); err != nil {
			return nil, status.AtRank(status.CodeOf(err), rank, "of the values on rank %d: %w", rank, err)
		}
		if program.Shape() != other.Shape() {
			return nil, status.AtRank(status.CollectiveMismatch, rank, "values that it computes with have other types on rank %d than on rank %d: "+
				"give all ranks values of one type", rank, l.world.Rank)
		}
	}
	return program, err
}

// bind makes the program of the plan over sources and arguments.
func (l *lowerer) bind(sources map[int]*arrow.Schema, args []*arrow.Schema) (*plan.Program, error) {
	program, err := plan.Bind(l.plan, sources, args)
	if err != nil {
		return nil, err
	}
	return plan.Place(plan.Optimize(program), l.world.Size)
}

func readSchemas(text []byte) (s schemas, err error) {
	var m told
	if err := json.Unmarshal(text, &m); err != nil {
		return s, status.Errorf(status.Malformed, "%w", err)
	}
	if m.Formats != ownFormats {
		return s, status.Errorf(status.Unsupported, "it hashes and encodes rows by version %v and this rank by %v: install the same pycylon on all ranks", m.Formats, ownFormats)
	}
	if s.sources, err = schemasFrom(m.Sources); err == nil {
		s.values, err = schemasFrom(m.Values)
	}
	return s, err
}

func schemasFrom(told map[int][]field) (map[int]*arrow.Schema, error) {
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
