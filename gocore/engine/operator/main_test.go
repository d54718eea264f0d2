package operator

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const (
	asSorted = "partitions and orders are Sort's: tested there"
	asIs     = "the integer that it is: TestJoinKeepsTypes"
)

// operators is the table of operators and the types of their keys. Wider types are keys through compute.AsKey.
var operators = optest.Coverage{
	Types: []string{"null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double",
		"utf8", "date32", "timestamp[us, tz=UTC]"},
	Operators: []optest.CoveredOperator{
		{Name: "join", Python: "merge, join", Reasons: map[string]string{"date32": asIs, "timestamp[us, tz=UTC]": asIs}},
		{Name: "group", Python: "groupby, value_counts, pivot_table"},
		{Name: "sort", Python: "sort_values, nlargest"},
		{Name: "top k", Python: "head, nlargest, nsmallest", Reasons: map[string]string{"spill": "keeps k rows per worker"}},
		{Name: "unique", Python: "drop_duplicates, duplicated, unique"},
		{Name: "set operation", Python: "intersect, subtract, union"},
		{Name: "window", Python: "rank, shift, cumsum, rolling", Reasons: map[string]string{"null": asSorted, "int16": asSorted, "int64": asSorted,
			"uint8": asSorted, "uint16": asSorted, "uint32": asSorted, "uint64": asSorted, "float": asSorted, "utf8": asSorted,
			"date32": asSorted, "timestamp[us, tz=UTC]": asSorted}},
	},
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
