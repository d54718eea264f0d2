package operator

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// operators is the table of operators and the types of their keys.
var operators = optest.Coverage{
	Types: append([]string{"null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double", "utf8"},
		otherTypeNames()...),
	Operators: []optest.CoveredOperator{
		{Name: "join", Python: "merge, join"},
		{Name: "group", Python: "groupby, value_counts, pivot_table"},
		{Name: "sort", Python: "sort_values, nlargest"},
		{Name: "top k", Python: "head, nlargest, nsmallest", Reasons: map[string]string{"spill": "keeps k rows per worker"}},
		{Name: "unique", Python: "drop_duplicates, duplicated, unique"},
		{Name: "set operation", Python: "intersect, subtract, union"},
		{Name: "window", Python: "rank, shift, cumsum, rolling"},
	},
}

// otherTypeNames are the types of otherKeyTypes.
func otherTypeNames() []string {
	var names []string
	for _, c := range otherKeyTypes {
		names = append(names, c.typ)
	}
	return names
}

// TestMain holds the table against what all tests together have covered.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" {
		if err := operators.Check("testdata/operators.md"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
