package plan

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// pruned is an Op that can do with fewer columns than its inputs have. One that isn't reads all.
type pruned interface {
	Op
	// needs says which columns of each of n inputs it takes to make the wanted output columns. All lists ascend.
	needs(wanted []int, n int) [][]int
	// narrow returns the op over inputs that have only those columns, and which of its output columns that makes: the
	// wanted ones, and others only where it can't help it.
	narrow(wanted []int, in []narrowed) (Op, []int)
}

// narrowed is an input some of whose columns are gone.
type narrowed struct {
	left   []int // the columns that are there, by their old positions, ascending
	schema *arrow.Schema
}

// at returns where a column is now.
func (n narrowed) at(old int) int {
	i, found := slices.BinarySearch(n.left, old)
	if !found {
		panic(fmt.Sprintf("plan: column %d of an input was pruned, but is read", old))
	}
	return i
}

func (n narrowed) all(old []int) []int {
	out := make([]int, len(old))
	for i, c := range old {
		out[i] = n.at(c)
	}
	return out
}

func (n narrowed) keys(old []BoundSortKey) []BoundSortKey {
	out := slices.Clone(old)
	for i := range out {
		out[i].Column = n.at(out[i].Column)
	}
	return out
}

// prune drops columns that nobody reads: backwards it collects what each step's readers want of it, forwards it narrows
// each step to that. Where a step makes more than a reader takes (a source, a step with several readers) a projection
// stands between, which copies nothing.
func prune(p *Program) *Program {
	uses := p.uses()
	wanted, needs := make([][]int, len(p.Steps)), make([][][]int, len(p.Steps))
	wanted[p.Root] = upTo(p.Steps[p.Root].Schema.NumFields())
	for i := p.Root; i >= 0; i-- {
		if uses[i] == 0 {
			continue
		}
		s := &p.Steps[i]
		wanted[i] = atLeastOne(wanted[i], s.Schema)
		needs[i] = p.needs(s, wanted[i])
		for k, in := range s.Inputs {
			needs[i][k] = atLeastOne(needs[i][k], p.Steps[in].Schema)
			wanted[in] = union(wanted[in], needs[i][k])
		}
	}
	out := &Program{}
	step, makes := make([]int, len(p.Steps)), make([][]int, len(p.Steps))
	picked := map[string]int{} // two readers of the same columns share one projection
	for i := 0; i <= p.Root; i++ {
		if uses[i] == 0 {
			continue
		}
		s := p.Steps[i]
		in := make([]narrowed, len(s.Inputs))
		inputs := make([]int, len(s.Inputs))
		for k, from := range s.Inputs {
			columns := narrowed{left: makes[from]}.all(needs[i][k])
			key := fmt.Sprint(from, columns)
			at, ok := picked[key]
			if !ok {
				at = out.pick(s.Node, step[from], columns)
				picked[key] = at
			}
			inputs[k], in[k] = at, narrowed{needs[i][k], out.Steps[at].Schema}
		}
		s.Inputs, makes[i] = inputs, upTo(s.Schema.NumFields())
		if op, ok := s.Op.(pruned); ok {
			s.Op, makes[i] = op.narrow(wanted[i], in)
			s.Schema = fieldsAt(s.Schema, makes[i])
		}
		step[i] = out.add(s)
	}
	out.Root = step[p.Root]
	return out
}

// needs returns what a step reads of each input to make the wanted columns.
func (p *Program) needs(s *Step, wanted []int) [][]int {
	if op, ok := s.Op.(pruned); ok {
		return op.needs(wanted, len(s.Inputs))
	}
	all := make([][]int, len(s.Inputs))
	for k, in := range s.Inputs {
		all[k] = upTo(p.Steps[in].Schema.NumFields())
	}
	return all
}

// atLeastOne keeps a column where there are any: rows without columns have no batches to be counted in.
func atLeastOne(columns []int, schema *arrow.Schema) []int {
	if len(columns) == 0 && schema.NumFields() > 0 {
		return []int{0}
	}
	return columns
}

func fieldsAt(schema *arrow.Schema, columns []int) *arrow.Schema {
	if len(columns) == schema.NumFields() {
		return schema
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = schema.Field(c)
	}
	return arrow.NewSchema(fields, nil)
}

// same is needs of an op whose inputs have its output's columns, and which reads more of them itself.
func same(wanted, own []int, n int) [][]int {
	all := make([][]int, n)
	for k := range all {
		all[k] = union(wanted, own)
	}
	return all
}

func sortColumns(keys []BoundSortKey) []int {
	columns := make([]int, len(keys))
	for i, k := range keys {
		columns[i] = k.Column
	}
	return columns
}
