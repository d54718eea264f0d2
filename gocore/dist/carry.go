package dist

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/plan"
)

// nested returns the columns of lists and structs of which a group-by takes the first or last value.
func nested(op *plan.GroupOp) []int {
	var columns []int
	for _, a := range op.Aggs {
		if a.Column < 0 || a.Fn == "count" || slices.Contains(columns, a.Column) {
			continue
		}
		if kind, _ := column.KindOf(op.Input.Field(a.Column).Type); column.IsNested(kind) {
			columns = append(columns, a.Column)
		}
	}
	return columns
}

// groupNested runs a group-by with a Carrier around it, in any of the phases: states have the rows themselves.
func (l *lowerer) groupNested(q *exec.Query, spec operator.GroupSpec, columns []int, in stream) (stream, error) {
	spec.Rows = operator.Addressed(spec.Rows, columns)
	input := spec.Rows
	if spec.Mode == operator.Final {
		var err error
		if input, err = spec.StateSchema(spec.Rows); err != nil {
			return stream{}, err
		}
		columns = nil
		for i, f := range input.Fields() {
			if _, ok := f.Type.(*operator.Address); ok {
				columns = append(columns, i)
			}
		}
	}
	output, err := spec.OutputSchema(input)
	if err != nil {
		return stream{}, err
	}
	g, err := operator.NewSpillingGroup(spec, input)
	if err != nil {
		return stream{}, err
	}
	carrier := operator.NewCarrier(columns)
	out, err := into(q, in.through(carrier.In(), input), g, output)
	if err != nil {
		return out, err
	}
	return out.through(carrier.Out(output), operator.Restored(output)), nil
}
