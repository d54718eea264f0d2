package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
)

// schema parses "a int64, b utf8".
func schema(t testing.TB, text string) *arrow.Schema {
	t.Helper()
	var fields []arrow.Field
	for _, part := range strings.Split(text, ", ") {
		name, typ, _ := strings.Cut(part, " ")
		dt, err := ParseType(typ)
		require.NoError(t, err)
		fields = append(fields, arrow.Field{Name: name, Type: dt, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

func columnsOf(s *arrow.Schema) string {
	var parts []string
	for _, f := range s.Fields() {
		parts = append(parts, f.Name+" "+TypeName(f.Type))
	}
	return strings.Join(parts, ", ")
}

// nodes is the JSON of a plan with a table per schema in front.
func nodes(tables int, placement string, rest ...string) string {
	var list []string
	for i := range tables {
		list = append(list, fmt.Sprintf(`{"op":"table","table":%d,"placement":%s}`, i, placement))
	}
	return `{"nodes":[` + strings.Join(append(list, rest...), ",") + `]}`
}

// bind parses and binds a plan whose tables have the given schemas.
func bind(t testing.TB, text string, schemas ...*arrow.Schema) (*Program, error) {
	t.Helper()
	p, err := Parse([]byte(text))
	require.NoError(t, err)
	sources := map[int]*arrow.Schema{}
	for i, n := range p.Nodes {
		if s, ok := n.Spec.(*Table); ok {
			sources[i] = schemas[s.Arg]
		}
	}
	return Bind(p, sources, schemas)
}

const (
	here   = `{"kind":"local"}`
	spread = `{"kind":"partitioned"}`
)

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                     "can't be read",
		`{}`:                   "0 nodes",
		`{"nodes":[]}`:         "0 nodes",
		`{"nodes":[{}],"x":1}`: "unknown field",
		`{"nodes":[{}]}`:       `no "op"`,
		`{"nodes":[{"op":"table","table":0}]} trailing`:                                                                                              "after the end",
		`{"nodes":[{"op":"table","table":0}],"root":1}`:                                                                                              "root is node 1 of 1",
		`{"nodes":[{"op":"teleport"}]}`:                                                                                                              `operation "teleport" isn't known`,
		`{"nodes":[{"op":"table","table":0,"colour":1}]}`:                                                                                            `unknown field "colour"`,
		`{"nodes":[{"op":"table","table":0,"placement":{"kind":"nowhere"}}]}`:                                                                        `placement is "nowhere"`,
		`{"nodes":[{"op":"sort","inputs":[0],"keys":[{"column":"a"}]}]}`:                                                                             "isn't an earlier node",
		nodes(1, here, `{"op":"join","inputs":[0],"left_on":["a"],"right_on":["a"]}`):                                                                "join has 1 inputs",
		nodes(1, here, `{"op":"concat","inputs":[]}`):                                                                                                "concat has 0 inputs",
		nodes(1, here, `{"op":"join","inputs":[0,0],"how":"diagonal","left_on":["a"],"right_on":["a"]}`):                                             `how is "diagonal"`,
		nodes(1, here, `{"op":"join","inputs":[0,0],"left_on":["a"],"right_on":[]}`):                                                                 "1 keys on the left and 0 on the right",
		nodes(1, here, `{"op":"group","inputs":[0],"keys":[],"aggs":[]}`):                                                                            "neither keys nor aggregates",
		nodes(1, here, `{"op":"group","inputs":[0],"keys":["a"],"aggs":[{"name":"x","fn":"mode","column":"b"}]}`):                                    `aggregate "mode" isn't known`,
		nodes(1, here, `{"op":"group","inputs":[0],"keys":["a"],"aggs":[{"name":"x","fn":"quantile","column":"b","q":1.5}]}`):                        "quantile 1.5 isn't",
		nodes(1, here, `{"op":"group","inputs":[0],"keys":["a"],"aggs":[{"name":"x","fn":"quantile","column":"b","interpolation":"cubic"}]}`):        `interpolation is "cubic"`,
		nodes(1, here, `{"op":"group","inputs":[0],"keys":["a"],"aggs":[{"name":"x","fn":"std","column":"b","ddof":-1}]}`):                           "ddof is -1",
		nodes(1, here, `{"op":"group","inputs":[0],"keys":["a"],"aggs":[{"name":"x","fn":"nlargest","column":"b","n":2},{"name":"n","fn":"size"}]}`): "can't be beside other aggregates",
		nodes(1, here, `{"op":"filter","inputs":[0]}`):                                                                                               "an expression is missing",
		nodes(1, here, `{"op":"filter","inputs":[0],"predicate":{"fn":"median","args":[]}}`):                                                         `function "median" isn't known`,
		nodes(1, here, `{"op":"filter","inputs":[0],"predicate":{"fn":"lt","args":[{"col":"a"}]}}`):                                                  "lt takes 2 arguments, not 1",
		nodes(1, here, `{"op":"filter","inputs":[0],"predicate":{"col":"a","fn":"not","args":[{"col":"a"}]}}`):                                       "one of col, lit, set and fn",
		nodes(1, here, `{"op":"filter","inputs":[0],"predicate":{"lit":[0]}}`):                                                                       "a literal is [argument, column]",
		nodes(1, here, `{"op":"sort","inputs":[0],"keys":[{"column":"a","ascending":true}],"na_position":"where"}`):                                  `na_position is "where"`,
		nodes(1, here, `{"op":"slice","inputs":[0],"length":-2}`):                                                                                    "length -2",
	} {
		_, err := Parse([]byte(text))
		require.ErrorContains(t, err, want, text)
		require.Equal(t, status.Invalid, status.CodeOf(err), text)
	}
	deep := strings.Repeat(`{"fn":"not","args":[`, maxDepth+2) + `{"col":"a"}` + strings.Repeat(`]}`, maxDepth+2)
	_, err := Parse([]byte(nodes(1, here, `{"op":"filter","inputs":[0],"predicate":`+deep+`}`)))
	require.ErrorContains(t, err, "nested")
}

func FuzzParse(f *testing.F) {
	f.Add(nodes(2, spread, `{"op":"join","inputs":[0,1],"how":"inner","left_on":["a"],"right_on":["b"],"suffixes":["_x","_y"]}`))
	f.Add(nodes(1, here, `{"op":"filter","inputs":[0],"predicate":{"fn":"lt","args":[{"col":"a"},{"lit":[0,"a"]}]}}`))
	f.Add(nodes(1, spread, `{"op":"group","inputs":[0],"keys":["a"],"aggs":[{"name":"s","fn":"sum","column":"b"}]}`))
	f.Add(nodes(1, spread, `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"cast","args":[{"col":"a"}],"type":"int8"}}]}`))
	f.Add(nodes(1, here, `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"str_replace","args":[{"col":"c"}],"options":{"pattern":"(a)","with":"\\\\1","regex":true}}}]}`))
	f.Add(nodes(1, here, `{"op":"filter","inputs":[0],"predicate":{"fn":"is_in","args":[{"fn":"add","args":[{"col":"a"},{"lit":[0,"a"]}]},{"set":[0,"a"]}]}}`))
	s := schema(f, "a int64, b double, c utf8")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse([]byte(text))
		if err != nil {
			return
		}
		sources := map[int]*arrow.Schema{}
		for i, n := range p.Nodes {
			if len(n.Inputs) == 0 {
				sources[i] = s
			}
		}
		_ = p.Signature()
		program, err := Bind(p, sources, []*arrow.Schema{s})
		if err != nil {
			return
		}
		for world := 1; world < 4; world++ {
			placed, err := Place(program, world)
			if err != nil {
				continue
			}
			for i, step := range placed.Steps {
				for _, in := range step.Inputs {
					require.Less(t, in, i)
				}
			}
		}
	})
}

func TestSignature(t *testing.T) {
	signature := func(text string) uint64 {
		p, err := Parse([]byte(text))
		require.NoError(t, err)
		return p.Signature()
	}
	csv := func(path, share string) string {
		return fmt.Sprintf(`{"nodes":[{"op":"scan_csv","path":%q,"share":%q,"options":{}}]}`, path, share)
	}
	require.Equal(t, signature(csv("a.csv", "slice")), signature(csv("b.csv", "slice")), "paths are each rank's own")
	require.NotEqual(t, signature(csv("a.csv", "slice")), signature(csv("a.csv", "all")))
	sort := func(column, ascending string) string {
		return nodes(1, spread, `{"op":"sort","inputs":[0],"keys":[{"column":"`+column+`","ascending":`+ascending+`}]}`)
	}
	all := []uint64{signature(sort("a", "true")), signature(sort("b", "true")), signature(sort("a", "false"))}
	slices.Sort(all)
	require.Len(t, slices.Compact(all), 3)
}

func TestTypeNames(t *testing.T) {
	for _, name := range []string{"null", "bool", "int8", "uint64", "float", "double", "utf8", "large_utf8", "utf8_view", "date32",
		"date64", "timestamp[s]", "timestamp[us, tz=Europe/Berlin]", "timestamp[ns, tz=+05:30]"} {
		parsed, err := ParseType(name)
		require.NoError(t, err)
		require.Equal(t, name, TypeName(parsed))
	}
	for _, name := range []string{"", "int128", "timestamp[]", "timestamp[us, tz=]", "timestamp[us", "decimal(3, 2)"} {
		_, err := ParseType(name)
		require.Equal(t, status.Unsupported, status.CodeOf(err), name)
	}
}

func TestCommon(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"int64", "int64", "int64"}, {"null", "utf8", "utf8"}, {"int8", "int32", "int32"}, {"uint8", "uint16", "uint16"},
		{"uint32", "int8", "int64"}, {"uint8", "int8", "int16"}, {"int64", "uint32", "int64"}, {"int64", "uint64", ""},
		{"int8", "float", "double"}, {"float", "double", "double"}, {"utf8", "large_utf8", "large_utf8"}, {"utf8", "utf8_view", "large_utf8"},
		{"int64", "utf8", ""}, {"bool", "int8", ""}, {"bool", "bool", "bool"}, {"date32", "date64", "date64"}, {"date32", "int32", ""},
		{"timestamp[s]", "timestamp[us]", "timestamp[us]"}, {"timestamp[s]", "timestamp[s, tz=UTC]", ""},
		{"timestamp[ms, tz=UTC]", "timestamp[s, tz=Asia/Tokyo]", "timestamp[ms, tz=UTC]"}, {"date32", "timestamp[s]", ""},
		{"time32[s]", "time64[ns]", "time64[ns]"}, {"duration[us]", "duration[ms]", "duration[us]"}, {"duration[s]", "time32[s]", ""},
		{"halffloat", "float", "float"}, {"halffloat", "int8", "double"}, {"double", "halffloat", "double"}, {"halffloat", "bool", ""},
		{"decimal128(5, 2)", "decimal128(5, 2)", "decimal128(5, 2)"}, {"decimal128(5, 2)", "decimal128(6, 4)", "decimal128(7, 4)"},
		{"decimal128(38, 0)", "decimal128(38, 10)", "decimal256(48, 10)"}, {"decimal128(5, 2)", "decimal256(5, 2)", "decimal256(5, 2)"},
		{"decimal256(76, 0)", "decimal128(38, 38)", ""}, {"decimal128(5, 2)", "int8", "decimal128(5, 2)"},
		{"int64", "decimal128(5, 2)", "decimal128(21, 2)"}, {"decimal128(5, -2)", "int8", "decimal128(7, 0)"},
		{"decimal128(5, 2)", "float", "double"}, {"halffloat", "decimal128(5, 2)", "double"}, {"decimal128(5, 2)", "utf8", ""}, {"decimal128(5, 2)", "bool", ""},
		{"binary", "binary_view", "large_binary"}, {"binary", "utf8", ""}, {"fixed_size_binary[2]", "fixed_size_binary[3]", ""}, {"fixed_size_binary[2]", "binary", ""},
		{"dictionary<utf8, int8>", "dictionary<utf8, int32>", "dictionary<utf8, int32>"}, {"dictionary<utf8, int8>", "utf8", "utf8"},
		{"dictionary<int8, int8>", "dictionary<int64, int8>", "int64"}, {"dictionary<utf8, int8>", "int64", ""},
		{"list<int8>", "large_list<int8>", "large_list<int8>"}, {"list<int8>", "list<int16>", ""}, {"list<int8>", "fixed_size_list<int8>[2]", "large_list<int8>"},
		{"struct<a: int8>", "struct<a: int8>", "struct<a: int8>"}, {"struct<a: int8>", "struct<a: int16>", ""}, {"list<int8>", "utf8", ""},
	} {
		a, err := ParseType(test.a)
		require.NoError(t, err)
		b, err := ParseType(test.b)
		require.NoError(t, err)
		got, ok := Common(a, b)
		require.Equal(t, test.want != "", ok, "%s with %s", test.a, test.b)
		if ok {
			require.Equal(t, test.want, TypeName(got), "%s with %s", test.a, test.b)
		}
		other, reversed := Common(b, a)
		require.Equal(t, ok, reversed)
		if ok && kindOf(got) > col.String {
			require.Equal(t, TypeName(got), TypeName(other))
		}
	}
}

func TestUnifySchemas(t *testing.T) {
	unified, err := UnifySchemas(schema(t, "a int64, b null"), schema(t, "a double, b utf8"))
	require.NoError(t, err)
	require.Equal(t, "a double, b utf8", columnsOf(unified))
	for _, other := range []string{"a int64", "a int64, c utf8", "a utf8, b utf8"} {
		_, err := UnifySchemas(schema(t, "a int64, b utf8"), schema(t, other))
		require.Equal(t, status.TypeMismatch, status.CodeOf(err), other)
	}
}

func TestUnifyTexts(t *testing.T) {
	unified, err := UnifyTexts(schema(t, "a int64, b null, c bool"), schema(t, "a utf8, b double, c int64"))
	require.NoError(t, err)
	require.Equal(t, "a utf8, b double, c utf8", columnsOf(unified))
}

func TestModes(t *testing.T) {
	for text, want := range map[string]Mode{`"mode":"describe",`: Describe, `"mode":"explain",`: Explain, `"mode":"analyze",`: Analyze, `"mode":"run",`: Run, ``: Run} {
		p, err := Parse([]byte(`{` + text + `"nodes":[{"op":"table","table":0,"placement":` + spread + `}]}`))
		require.NoError(t, err)
		require.Equal(t, want, p.Mode)
		require.Equal(t, want == Run || want == Analyze, p.Collective(), "what is only described doesn't communicate")
	}
	_, err := Parse([]byte(`{"mode":"guess","nodes":[{"op":"table","table":0}]}`))
	require.ErrorContains(t, err, `mode is "guess"`)
}
