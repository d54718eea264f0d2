package plan

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func TestJoinNamesItsOutputAsPandas(t *testing.T) {
	for name, test := range map[string]struct{ left, right, on, want string }{
		"same key":             {"k int64, v int64", "k int64, w utf8", `"left_on":["k"],"right_on":["k"]`, "k int64, v int64, w utf8"},
		"key in the middle":    {"v int64, k int64", "w utf8, k int64", `"left_on":["k"],"right_on":["k"]`, "v int64, k int64, w utf8"},
		"different keys":       {"a int64, v int64", "b int64, w utf8", `"left_on":["a"],"right_on":["b"]`, "a int64, v int64, b int64, w utf8"},
		"overlap":              {"k int64, v int64", "k int64, v utf8", `"left_on":["k"],"right_on":["k"]`, "k int64, v_x int64, v_y utf8"},
		"own suffixes":         {"k int64, v int64", "k int64, v utf8", `"left_on":["k"],"right_on":["k"],"suffixes":["","_r"]`, "k int64, v int64, v_r utf8"},
		"key meets a column":   {"a int64, v int64", "b int64, a utf8", `"left_on":["a"],"right_on":["b"]`, "a_x int64, v int64, b int64, a_y utf8"},
		"widths promote":       {"k int32, v int64", "k int64, w utf8", `"left_on":["k"],"right_on":["k"]`, "k int64, v int64, w utf8"},
		"int with float":       {"k int32, v int64", "k double, w utf8", `"left_on":["k"],"right_on":["k"]`, "k double, v int64, w utf8"},
		"keys keep their type": {"a int32, v int64", "b int64, w utf8", `"left_on":["a"],"right_on":["b"]`, "a int32, v int64, b int64, w utf8"},
		"string layouts":       {"k utf8, v int64", "k large_utf8, w utf8", `"left_on":["k"],"right_on":["k"]`, "k large_utf8, v int64, w utf8"},
		"two keys, crossed":    {"a int64, b int64", "a int64, b int64", `"left_on":["a","b"],"right_on":["b","a"]`, "a_x int64, b_x int64, a_y int64, b_y int64"},
		"all-null key":         {"k null, v int64", "k utf8, w utf8", `"left_on":["k"],"right_on":["k"]`, "k utf8, v int64, w utf8"},
	} {
		t.Run(name, func(t *testing.T) {
			text := nodes(2, here, `{"op":"join","inputs":[0,1],"how":"outer",`+test.on+`}`)
			program, err := bind(t, text, schema(t, test.left), schema(t, test.right))
			require.NoError(t, err)
			root := program.Steps[program.Root]
			require.Equal(t, test.want, columnsOf(root.Schema))
			op := root.Op.(*JoinOp)
			require.Len(t, op.Output, root.Schema.NumFields())
			for k := range op.LeftKeys {
				left := program.Steps[root.Inputs[0]].Schema.Field(op.LeftKeys[k]).Type
				right := program.Steps[root.Inputs[1]].Schema.Field(op.RightKeys[k]).Type
				require.True(t, arrow.TypeEqual(left, right), "key %d is %s and %s", k, left, right)
			}
		})
	}
}

func TestBindRefuses(t *testing.T) {
	left, right := schema(t, "carrier utf8, delay int64, f double, when timestamp[us]"), schema(t, "carrier int64, delay int64")
	for name, test := range map[string]struct {
		node string
		code status.Code
		want string
	}{
		"unknown column":    {`{"op":"sort","inputs":[0],"keys":[{"column":"carier","ascending":true}]}`, status.NotFound, `sort_values: there is no column "carier": the columns are [carrier, delay, f, when]. Did you mean "carrier"?`},
		"unknown key":       {`{"op":"join","inputs":[0,1],"left_on":["delay"],"right_on":["f"]}`, status.NotFound, `merge: there is no column "f" in the right frame`},
		"key types":         {`{"op":"join","inputs":[0,1],"left_on":["carrier"],"right_on":["carrier"]}`, status.TypeMismatch, `key "carrier" is utf8 on the left and key "carrier" is int64 on the right`},
		"no suffixes":       {`{"op":"join","inputs":[0,0],"left_on":["delay"],"right_on":["delay"],"suffixes":["",""]}`, status.Invalid, `both frames have a column "carrier"`},
		"equal suffixes":    {`{"op":"join","inputs":[0,0],"left_on":["delay"],"right_on":["delay"],"suffixes":["_","_"]}`, status.Invalid, `two columns called "carrier_"`},
		"sum of strings":    {`{"op":"group","inputs":[0],"keys":["delay"],"aggs":[{"name":"s","fn":"sum","column":"carrier"}]}`, status.TypeMismatch, `sum of column "carrier", which is utf8`},
		"variance of times": {`{"op":"group","inputs":[0],"keys":["delay"],"aggs":[{"name":"s","fn":"var","column":"when"}]}`, status.TypeMismatch, `var of column "when"`},
		"key twice":         {`{"op":"group","inputs":[0],"keys":["delay","delay"],"aggs":[]}`, status.Invalid, `key "delay" is given twice`},
		"name twice":        {`{"op":"group","inputs":[0],"keys":["delay"],"aggs":[{"name":"delay","fn":"sum","column":"f"}]}`, status.Invalid, `two columns are called "delay"`},
		"filter by int":     {`{"op":"filter","inputs":[0],"predicate":{"col":"delay"}}`, status.TypeMismatch, `column "delay" is int64`},
		"incomparable":      {`{"op":"filter","inputs":[0],"predicate":{"fn":"lt","args":[{"col":"delay"},{"col":"carrier"}]}}`, status.TypeMismatch, `column "delay" (int64) can't be compared with column "carrier" (utf8)`},
		"and of ints":       {`{"op":"filter","inputs":[0],"predicate":{"fn":"and","args":[{"col":"delay"},{"col":"delay"}]}}`, status.TypeMismatch, `and takes bool`},
		"unknown cast":      {`{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"cast","args":[{"col":"delay"}],"type":"int65"}}]}`, status.Unsupported, `type "int65"`},
		"impossible cast":   {`{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"cast","args":[{"col":"carrier"}],"type":"date32"}}]}`, status.TypeMismatch, `can't be cast to date32`},
		"literal":           {`{"op":"filter","inputs":[0],"predicate":{"fn":"eq","args":[{"col":"delay"},{"lit":[7,"x"]}]}}`, status.Invalid, `argument 7 of 2`},
		"concat":            {`{"op":"concat","inputs":[0,1]}`, status.TypeMismatch, `column "carrier" is int64 in input 1 and utf8 before`},
		"take":              {`{"op":"take","inputs":[0],"indices":0}`, status.Invalid, `a column of integers`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bind(t, nodes(2, here, test.node), left, right)
			require.ErrorContains(t, err, test.want)
			require.Equal(t, test.code, status.CodeOf(err))
		})
	}
	_, err := bind(t, nodes(1, here), arrow.NewSchema([]arrow.Field{{Name: "d", Type: arrow.FixedWidthTypes.MonthInterval}}, nil))
	require.ErrorContains(t, err, `column "d" has type month_interval, which isn't supported`)
	_, err = bind(t, nodes(1, here), schema(t, "a int64, a int64"))
	require.ErrorContains(t, err, `two columns are called "a"`)
}

func TestGroupTypes(t *testing.T) {
	in := schema(t, "k utf8, i int8, u uint16, f float, b bool, d date32, s utf8")
	for _, test := range []struct{ fn, column, want string }{
		{"sum", "i", "int64"}, {"sum", "u", "uint64"}, {"sum", "f", "double"}, {"sum", "b", "int64"},
		{"min", "i", "int8"}, {"max", "s", "utf8"}, {"min", "d", "date32"}, {"count", "s", "int64"}, {"mean", "u", "double"}, {"mean", "b", "double"},
	} {
		program, err := bind(t, nodes(1, here, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"x","fn":"`+test.fn+`","column":"`+test.column+`"}]}`), in)
		require.NoError(t, err)
		require.Equal(t, "k utf8, x "+test.want, columnsOf(program.Steps[program.Root].Schema), "%s of %s", test.fn, test.column)
	}
}

func TestConcatUnifies(t *testing.T) {
	program, err := bind(t, nodes(2, here, `{"op":"concat","inputs":[0,1]}`), schema(t, "a int64, b null"), schema(t, "a double, b utf8"))
	require.NoError(t, err)
	require.Equal(t, "a double, b utf8", columnsOf(program.Steps[program.Root].Schema))
	for join, want := range map[string]string{"outer": "a double, b utf8, c bool", "inner": "b utf8"} {
		program, err = bind(t, nodes(2, here, `{"op":"concat","inputs":[0,1],"join":"`+join+`"}`), schema(t, "a double, b null"), schema(t, "b utf8, c bool"))
		require.NoError(t, err)
		require.Equal(t, want, columnsOf(program.Steps[program.Root].Schema))
	}
}

func TestConditionsInOrder(t *testing.T) {
	const cheap, dear, fails = `{"fn":"lt","args":[{"col":"i"},{"col":"j"}]}`, `{"fn":"eq","args":[{"col":"s"},{"col":"s"}]}`,
		`{"fn":"eq","args":[{"fn":"cast","args":[{"col":"s"}],"type":"int64"},{"col":"i"}]}`
	both := func(a, b string) string { return `{"fn":"and","args":[` + a + `,` + b + `]}` }
	for predicate, want := range map[string][]string{
		cheap:                           {"lt(i, j)"},
		both(dear, cheap):               {"lt(i, j)", "eq(s, s)"},
		both(cheap, both(dear, cheap)):  {"lt(i, j)", "lt(i, j)", "eq(s, s)"},
		both(cheap, fails):              {"eq(cast(s), i)", "lt(i, j)"},
		both(fails, both(cheap, fails)): {"and(eq(cast(s), i), eq(cast(s), i))", "lt(i, j)"},
	} {
		program, err := bind(t, nodes(1, here, `{"op":"filter","inputs":[0],"predicate":`+predicate+`}`), schema(t, "i int64, j int64, s utf8"))
		require.NoError(t, err)
		var got []string
		for _, c := range program.Steps[program.Root].Op.(*FilterOp).Conditions() {
			got = append(got, spelled(c, []string{"i", "j", "s"}))
		}
		require.Equal(t, want, got, predicate)
	}
}

func TestConditionsBetween(t *testing.T) {
	compare := func(fn, a, b string) string { return `{"fn":"` + fn + `","args":[` + a + `,` + b + `]}` }
	both := func(a, b string) string { return compare("and", a, b) }
	const i, j, f, one, two = `{"col":"i"}`, `{"col":"j"}`, `{"col":"f"}`, `{"lit":[0,"one"]}`, `{"lit":[0,"two"]}`
	for predicate, want := range map[string][]string{
		both(compare("ge", i, one), compare("lt", i, two)):                            {`between(i, one, two) {"with_low":true,"with_high":false}`},
		both(compare("gt", one, i), compare("lt", two, i)):                            {`between(i, two, one) {"with_low":false,"with_high":false}`},
		both(compare("le", i, one), compare("le", two, i)):                            {`between(i, two, one) {"with_low":true,"with_high":true}`},
		both(compare("ge", i, one), compare("gt", i, two)):                            {"ge(i, one)", "gt(i, two)"},
		both(compare("ge", i, one), compare("lt", j, two)):                            {"ge(i, one)", "lt(j, two)"},
		both(compare("ge", f, one), compare("lt", f, two)):                            {"ge(f, one)", "lt(f, two)"},
		both(compare("ge", i, j), compare("lt", i, two)):                              {"ge(i, j)", "lt(i, two)"},
		both(compare("ge", i, one), both(compare("lt", i, two), compare("lt", i, j))): {`between(i, one, two) {"with_low":true,"with_high":false}`, "lt(i, j)"},
	} {
		program, err := bind(t, nodes(2, here, `{"op":"filter","inputs":[1],"predicate":`+predicate+`}`),
			schema(t, "one int64, two int64"), schema(t, "i int32, j int32, f double"))
		require.NoError(t, err)
		var got []string
		for _, c := range program.Steps[program.Root].Op.(*FilterOp).Conditions() {
			text := spelled(c, []string{"i", "j", "f"}, "one", "two")
			if _, options, ok := strings.Cut(c.Fn.Key, "{"); ok {
				text += " {" + options
			}
			got = append(got, text)
		}
		require.Equal(t, want, got, predicate)
	}
}

// spelled returns an expression as functions of names, those of columns and of literals.
func spelled(e *BoundExpr, names []string, literals ...string) string {
	switch {
	case e.Column >= 0:
		return names[e.Column]
	case e.Arg >= 0:
		return literals[e.ArgCol]
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = spelled(a, names, literals...)
	}
	return e.Fn.Name + "(" + strings.Join(args, ", ") + ")"
}
