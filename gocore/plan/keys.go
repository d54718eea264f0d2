package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/function"
)

// comparing is an Op that compares values of its inputs: joins, groups, sorts by them.
type comparing interface {
	Op
	// compares returns the columns of each input whose values are compared.
	compares() [][]int
	// asKeys returns the operation on inputs and an output whose types are those of keys.
	asKeys(in []*arrow.Schema) Op
}

// withKeys returns the program in which operators compare numbers, bools and strings only: where they would compare
// decimals, half floats or fixed-size binaries, a projection before makes keys (compute.AsKey) of all such columns, and
// one behind makes them again what they were.
//
//	a decimal  ─▶  as_key  ─▶  a int64  ─▶  sort by a  ─▶  a int64  ─▶  from_key  ─▶  a decimal
//
// What such an operation makes goes into the next one as keys. Lists and structs aren't compared: their names are in
// the error.
func withKeys(p *Program) (*Program, error) {
	out := &Program{}
	step := make([]int, len(p.Steps))
	keyed := map[int]int{} // steps of out that make values of keys: the step that makes those
	for i, s := range p.Steps {
		s.Inputs = slices.Clone(s.Inputs)
		for k, in := range s.Inputs {
			s.Inputs[k] = step[in]
		}
		op, ok := s.Op.(comparing)
		if ok {
			var err error
			if ok, err = p.comparesWide(&p.Steps[i], op); err != nil {
				return nil, err
			}
		}
		if !ok {
			step[i] = out.add(s)
			continue
		}
		in := make([]*arrow.Schema, len(s.Inputs))
		for k, input := range s.Inputs {
			if keys, ok := keyed[input]; ok {
				s.Inputs[k] = keys
			} else {
				s.Inputs[k] = out.convert(s.Node, input, keySchema(out.Steps[input].Schema), function.AsKey)
			}
			in[k] = out.Steps[s.Inputs[k]].Schema
		}
		schema := s.Schema
		s.Op, s.Schema = op.asKeys(in), keySchema(schema)
		if makes, ok := op.(*GroupOp); ok {
			s.Schema = makes.keyedSchema(schema)
		}
		keys := out.add(s)
		step[i] = out.convert(s.Node, keys, schema, function.FromKey)
		if step[i] != keys && s.Schema.Equal(keySchema(s.Schema)) {
			keyed[step[i]] = keys
		}
	}
	out.Root = step[p.Root]
	return out.reached(), nil
}

// comparesWide tells whether op compares columns of other types than those of keys.
func (p *Program) comparesWide(s *Step, op comparing) (bool, error) {
	wide := false
	for k, columns := range op.compares() {
		for _, c := range columns {
			f := p.Steps[s.Inputs[k]].Schema.Field(c)
			if _, ok := compute.KeyType(f.Type); !ok {
				return false, notComparable(f)
			}
			wide = wide || kindOf(f.Type) > col.String
		}
	}
	return wide, nil
}

// notComparable is the error of a column of lists or structs that an operation would compare.
func notComparable(f arrow.Field) error {
	return status.Errorf(status.Unsupported, "column %q is %s, whose values aren't compared: use another column, or a part of this one", f.Name, TypeName(f.Type))
}

// keySchema returns s with the types that its columns have as keys.
func keySchema(s *arrow.Schema) *arrow.Schema {
	fields := s.Fields()
	for i := range fields {
		if t, ok := compute.KeyType(fields[i].Type); ok && kindOf(fields[i].Type) > col.String {
			fields[i].Type = t
		}
	}
	return arrow.NewSchema(fields, nil)
}

// convert adds a projection that makes each column whose type isn't that of schema one of that type.
func (p *Program) convert(node, input int, schema *arrow.Schema, with func(from, to arrow.DataType) *function.Bound) int {
	op, isSame := &ProjectOp{}, true
	for i, f := range p.Steps[input].Schema.Fields() {
		e := column(i, f.Type)
		if to := schema.Field(i).Type; !arrow.TypeEqual(f.Type, to) {
			e, isSame = &BoundExpr{Column: -1, Arg: -1, Fn: with(f.Type, to), Args: []*BoundExpr{e}, Type: to}, false
		}
		op.Columns = append(op.Columns, e)
	}
	if isSame {
		return input
	}
	return p.add(Step{Node: node, Op: op, Inputs: []int{input}, Schema: schema})
}
