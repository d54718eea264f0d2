package function_test

import (
	"testing"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// greek is longer than a view and not ASCII; its letters have both cases.
const (
	greek      = "Ωμέγα και άλφα"
	greekUpper = "ΩΜΈΓΑ ΚΑΙ ΆΛΦΑ"
)

func TestTextCase(t *testing.T) {
	s := col("utf8", "aBc", nil, "", "Hello, World! It's 3PM in ZÜRICH", greek, "@[`{AZaz")
	run(t,
		example{fn: "str_lower", args: []arg{s}, typ: "utf8", want: []any{"abc", nil, "", "hello, world! it's 3pm in zürich", "ωμέγα και άλφα", "@[`{azaz"}},
		example{fn: "str_upper", args: []arg{s}, typ: "utf8", want: []any{"ABC", nil, "", "HELLO, WORLD! IT'S 3PM IN ZÜRICH", greekUpper, "@[`{AZAZ"}},
		example{fn: "str_swapcase", args: []arg{s}, typ: "utf8", want: []any{"AbC", nil, "", "hELLO, wORLD! iT'S 3pm IN zürich", "ωΜΈΓΑ ΚΑΙ ΆΛΦΑ", "@[`{azAZ"}},
		example{fn: "str_title", args: []arg{s}, typ: "utf8", want: []any{"Abc", nil, "", "Hello, World! It'S 3Pm In Zürich", "Ωμέγα Και Άλφα", "@[`{Azaz"}},
		example{fn: "str_capitalize", args: []arg{s}, typ: "utf8", want: []any{"Abc", nil, "", "Hello, world! it's 3pm in zürich", "Ωμέγα και άλφα", "@[`{azaz"}},
		example{fn: "str_upper", args: []arg{col("large_utf8", "straße", "ﬁne")}, typ: "large_utf8", want: []any{"STRASSE", "FINE"}},
		example{fn: "str_title", args: []arg{col("utf8", "ßa ﬁne")}, typ: "utf8", want: []any{"Ssa Fine"}},
		example{fn: "str_upper", args: []arg{col("utf8", "a\xffb")}, typ: "utf8", want: []any{"A\xffB"}},
		example{fn: "str_lower", args: []arg{col("int64", 1)}, err: "str_lower takes strings, and argument 0 is int64", code: status.TypeMismatch},
		example{fn: "str_len", args: []arg{s}, typ: "int64", want: []any{3, nil, 0, 32, 14, 8}},
		example{fn: "str_isalpha", args: []arg{col("utf8", "ab", "a1", "", "ß", nil)}, typ: "bool", want: []any{true, false, false, true, nil}},
		example{fn: "str_isdigit", args: []arg{col("utf8", "12", "1a", "", "٣")}, typ: "bool", want: []any{true, false, false, true}},
		example{fn: "str_isalnum", args: []arg{col("utf8", "1a", "a b")}, typ: "bool", want: []any{true, false}},
		example{fn: "str_isspace", args: []arg{col("utf8", " \t\x1c", " a", "")}, typ: "bool", want: []any{true, false, false}},
		example{fn: "str_islower", args: []arg{col("utf8", "ab1", "aB", "1")}, typ: "bool", want: []any{true, false, false}},
		example{fn: "str_isupper", args: []arg{col("utf8", "AB1", "aB", "1")}, typ: "bool", want: []any{true, false, false}},
		example{fn: "str_istitle", args: []arg{col("utf8", "Ab Cd", "Ab cd", "AB", "1")}, typ: "bool", want: []any{true, false, false, false}},
		example{fn: "str_isascii", args: []arg{col("utf8", "Ab", "ß", "")}, typ: "bool", want: []any{true, false, true}},
	)
}

func TestTextPieces(t *testing.T) {
	spaced := col("utf8", "  x\t", nil, "", " \n ", "  more than twelve characters\x1f")
	run(t,
		example{fn: "str_strip", args: []arg{spaced}, typ: "utf8", want: []any{"x", nil, "", "", "more than twelve characters"}},
		example{fn: "str_strip", options: `{"side":"left"}`, args: []arg{spaced}, typ: "utf8", want: []any{"x\t", nil, "", "", "more than twelve characters\x1f"}},
		example{fn: "str_strip", options: `{"side":"right"}`, args: []arg{spaced}, typ: "utf8", want: []any{"  x", nil, "", "", "  more than twelve characters"}},
		example{fn: "str_strip", options: `{"cut":"äx"}`, args: []arg{col("utf8", "äxaxä", "xx")}, typ: "utf8", want: []any{"a", ""}},
		example{fn: "str_strip", options: `{"side":"top"}`, args: []arg{spaced}, err: "give one of both, left, right", code: status.Invalid},
		example{fn: "str_slice", options: `{"start":1,"stop":3}`, args: []arg{col("utf8", "abcd", "a", "", nil, greek)}, typ: "utf8", want: []any{"bc", "", "", nil, "μέ"}},
		example{fn: "str_slice", options: `{"start":-3}`, args: []arg{col("utf8", "abcd", "a", long, greek)}, typ: "utf8", want: []any{"bcd", "a", "iew", "λφα"}},
		example{fn: "str_slice", options: `{"stop":-1}`, args: []arg{col("utf8", "abcd", "a", long, greek)}, typ: "utf8", want: []any{"abc", "", long[:len(long)-1], "Ωμέγα και άλφ"}},
		example{fn: "str_slice", options: `{"step":-1}`, args: []arg{col("utf8", "abc", "", "Ωμέ")}, typ: "utf8", want: []any{"cba", "", "έμΩ"}},
		example{fn: "str_slice", options: `{"start":5,"stop":0,"step":-2}`, args: []arg{col("utf8", "abcdef", "abc")}, typ: "utf8", want: []any{"fdb", "c"}},
		example{fn: "str_slice", options: `{"start":-2,"step":2}`, args: []arg{col("utf8", "abcdef")}, typ: "utf8", want: []any{"e"}},
		example{fn: "str_slice", options: `{"step":0}`, args: []arg{col("utf8", "a")}, err: "a step of 0", code: status.Invalid},
		example{fn: "str_slice", options: `{"start":9223372036854775807}`, args: []arg{col("utf8", "a")}, err: "too far", code: status.Invalid},
		example{fn: "str_get", options: `{"at":1}`, args: []arg{col("utf8", "abc", "a", nil, "aΩ")}, typ: "utf8", want: []any{"b", nil, nil, "Ω"}},
		example{fn: "str_get", options: `{"at":-1}`, args: []arg{col("utf8", "abc", "", "Ω")}, typ: "utf8", want: []any{"c", nil, "Ω"}},
		example{fn: "str_remove_prefix", options: `{"text":"a t"}`, args: []arg{col("utf8", long, "x", nil)}, typ: "utf8", want: []any{long[3:], "x", nil}},
		example{fn: "str_remove_suffix", options: `{"text":"view"}`, args: []arg{col("utf8", long, "x", nil)}, typ: "utf8", want: []any{long[:len(long)-4], "x", nil}},
		example{fn: "str_split_part", options: `{"separator":",","at":1}`, args: []arg{col("utf8", "a,b,c", "a", "a,", nil, long+","+long)}, typ: "utf8", want: []any{"b", nil, "", nil, long}},
		example{fn: "str_split_part", options: `{"separator":",","at":-1,"limit":1}`, args: []arg{col("utf8", "a,b,c", "a")}, typ: "utf8", want: []any{"b,c", "a"}},
		example{fn: "str_split_part", options: `{"separator":",","at":0,"limit":1,"side":"right"}`, args: []arg{col("utf8", "a,b,c")}, typ: "utf8", want: []any{"a,b"}},
		example{fn: "str_split_part", options: `{"at":1,"limit":1}`, args: []arg{col("utf8", " a  b c ", "a", "")}, typ: "utf8", want: []any{"b c ", nil, nil}},
		example{fn: "str_split_part", options: `{"at":0,"limit":1,"side":"right"}`, args: []arg{col("utf8", " a  b c ", "a")}, typ: "utf8", want: []any{" a  b", "a"}},
		example{fn: "str_extract", options: `{"pattern":"([a-z]+)-(\\d+)","group":2}`, args: []arg{col("utf8", "ab-12", "12", nil, "the long text of item-4711 there")}, typ: "utf8", want: []any{"12", nil, nil, "4711"}},
		example{fn: "str_extract", options: `{"pattern":"(a)|b"}`, args: []arg{col("utf8", "a", "b")}, typ: "utf8", want: []any{"a", nil}},
		example{fn: "str_extract", options: `{"pattern":"a"}`, args: []arg{col("utf8", "a")}, err: "there is no group 1", code: status.Invalid},
	)
}

func TestTextMaking(t *testing.T) {
	run(t,
		example{fn: "str_pad", options: `{"width":3}`, args: []arg{col("utf8", "a", "abcd", nil, "Ω")}, typ: "utf8", want: []any{"  a", "abcd", nil, "  Ω"}},
		example{fn: "str_pad", options: `{"width":4,"side":"right","fill":"ä"}`, args: []arg{col("utf8", "a", "")}, typ: "utf8", want: []any{"aäää", "ääää"}},
		example{fn: "str_pad", options: `{"width":5,"side":"both","fill":"-"}`, args: []arg{col("utf8", "ab", "abc")}, typ: "utf8", want: []any{"--ab-", "-abc-"}},
		example{fn: "str_pad", options: `{"width":4,"side":"both"}`, args: []arg{col("utf8", "a")}, typ: "utf8", want: []any{" a  "}},
		example{fn: "str_pad", options: `{"width":5,"fill":"ab"}`, args: []arg{col("utf8", "a")}, err: "not one character", code: status.Invalid},
		example{fn: "str_pad", options: `{"width":50000000}`, args: []arg{col("utf8", "a")}, err: "0 to 16777216 are possible", code: status.Invalid},
		example{fn: "str_zfill", options: `{"width":4}`, args: []arg{col("utf8", "7", "-7", "+7", "", "12345", nil)}, typ: "utf8", want: []any{"0007", "-007", "+007", "0000", "12345", nil}},
		example{fn: "str_repeat", options: `{"times":3}`, args: []arg{col("utf8", "ab", "", nil, long)}, typ: "utf8", want: []any{"ababab", "", nil, long + long + long}},
		example{fn: "str_repeat", options: `{"times":-3}`, args: []arg{col("utf8", "ab")}, typ: "utf8", want: []any{""}},
		example{fn: "str_repeat", options: `{"times":10000000}`, args: []arg{col("utf8", "ab")}, err: "at most 16.0 MiB are made", code: status.Unsupported},
		example{fn: "add", args: []arg{col("utf8", "a", nil, long), lit("utf8", "!")}, typ: "utf8", want: []any{"a!", nil, long + "!"}},
		example{fn: "add", args: []arg{lit("utf8", "x"), col("large_utf8", "a", nil)}, typ: "large_utf8", want: []any{"xa", nil}},
		example{fn: "add", args: []arg{col("utf8", "a"), lit("null", nil)}, typ: "utf8", want: []any{nil}},
		example{fn: "str_concat", options: `{"separator":", "}`, args: []arg{col("utf8", "a", nil), col("utf8", "b", "c"), lit("utf8", "d")}, typ: "utf8", want: []any{"a, b, d", nil}},
		example{fn: "str_concat", args: []arg{col("utf8", "a"), col("int8", 1)}, err: "str_concat takes strings, and argument 1 is int8", code: status.TypeMismatch},
		example{fn: "str_replace", options: `{"pattern":"b","with":"BB"}`, args: []arg{col("utf8", "abcb", "x", nil, "bbb")}, typ: "utf8", want: []any{"aBBcBB", "x", nil, "BBBBBB"}},
		example{fn: "str_replace", options: `{"pattern":"b","with":"","limit":1}`, args: []arg{col("utf8", "abcb")}, typ: "utf8", want: []any{"acb"}},
		example{fn: "str_replace", options: `{"pattern":"","with":"-"}`, args: []arg{col("utf8", "ab", "")}, typ: "utf8", want: []any{"-a-b-", "-"}},
		example{fn: "str_replace", options: `{"pattern":"a.","with":"$1"}`, args: []arg{col("utf8", "a.ab")}, typ: "utf8", want: []any{"$1ab"}},
		example{fn: "str_replace", options: `{"pattern":"(\\w)(\\d)","with":"\\2$\\g<1>\\\\\\n","regex":true}`, args: []arg{col("utf8", "a1 b2", "x")}, typ: "utf8", want: []any{"1$a\\\n 2$b\\\n", "x"}},
		example{fn: "str_replace", options: `{"pattern":"(?P<w>\\w+)","with":"<\\g<w>>","regex":true,"limit":1}`, args: []arg{col("utf8", "ab cd")}, typ: "utf8", want: []any{"<ab> cd"}},
		example{fn: "str_replace", options: `{"pattern":"B","with":"x","ignore_case":true}`, args: []arg{col("utf8", "abB")}, typ: "utf8", want: []any{"axx"}},
	)
}

func TestTextSearch(t *testing.T) {
	s := col("utf8", "abc", "xabcx", "", nil, "a\nbc", "the special long requests", "requests special", greek)
	contains := func(options string, want ...any) example {
		return example{fn: "str_contains", options: options, args: []arg{s}, typ: "bool", want: want}
	}
	run(t,
		contains(`{"pattern":"bc"}`, true, true, false, nil, true, false, false, false),
		contains(`{"pattern":"b.","regex":false}`, false, false, false, nil, false, false, false, false),
		contains(`{"pattern":""}`, true, true, true, nil, true, true, true, true),
		contains(`{"pattern":"b.","regex":true}`, true, true, false, nil, true, false, false, false),
		contains(`{"pattern":"^abc$","regex":true}`, true, false, false, nil, false, false, false, false),
		contains(`{"pattern":"^$","regex":true}`, false, false, true, nil, false, false, false, false),
		contains(`{"pattern":"a.*c","regex":true}`, true, true, false, nil, false, false, false, false),
		contains(`{"pattern":"(?s)a.*c","regex":true}`, true, true, false, nil, true, false, false, false),
		contains(`{"pattern":"special.*requests","regex":true}`, false, false, false, nil, false, true, false, false),
		contains(`{"pattern":"^the.*special.*requests$","regex":true}`, false, false, false, nil, false, true, false, false),
		contains(`{"pattern":"^.*bc$","regex":true}`, true, false, false, nil, false, false, false, false),
		contains(`{"pattern":"ABC","ignore_case":true}`, true, true, false, nil, false, false, false, false),
		contains(`{"pattern":"a(b)c|ὦ","regex":true}`, true, true, false, nil, false, false, false, false),
		contains(`{"pattern":"^a(b)c","regex":true}`, true, false, false, nil, false, false, false, false),
		contains(`{"pattern":"\\bspecial\\b","regex":true}`, false, false, false, nil, false, true, true, false),
		contains(`{"pattern":"μ.+ α?","regex":true}`, false, false, false, nil, false, false, false, true),
		example{fn: "str_match", options: `{"pattern":"a|x","regex":true}`, args: []arg{s}, typ: "bool", want: []any{true, true, false, nil, true, false, false, false}},
		example{fn: "str_fullmatch", options: `{"pattern":"a|abc","regex":true}`, args: []arg{s}, typ: "bool", want: []any{true, false, false, nil, false, false, false, false}},
		example{fn: "str_fullmatch", options: `{"pattern":"a.c"}`, args: []arg{col("utf8", "abc", "a.c")}, typ: "bool", want: []any{false, true}},
		example{fn: "str_match", options: `{"pattern":"a)|(b","regex":true}`, args: []arg{s}, err: "unexpected )", code: status.Invalid},
		example{fn: "str_contains", options: `{"pattern":"(?=a)","regex":true}`, args: []arg{s}, err: "no look-around", code: status.Invalid},
		example{fn: "str_startswith", options: `{"text":"ab"}`, args: []arg{s}, typ: "bool", want: []any{true, false, false, nil, false, false, false, false}},
		example{fn: "str_endswith", options: `{"text":"requests"}`, args: []arg{s}, typ: "bool", want: []any{false, false, false, nil, false, true, false, false}},
		example{fn: "str_find", options: `{"text":"","start":2}`, args: []arg{col("utf8", "abc", "ab", "a", "", nil)}, typ: "int64", want: []any{2, 2, -1, -1, nil}},
		example{fn: "str_find", options: `{"text":"α"}`, args: []arg{col("utf8", greek, "x", nil)}, typ: "int64", want: []any{4, -1, nil}},
		example{fn: "str_rfind", options: `{"text":"α"}`, args: []arg{col("utf8", greek)}, typ: "int64", want: []any{13}},
		example{fn: "str_find", options: `{"text":"b","start":2,"stop":-1}`, args: []arg{col("utf8", "abab", "ababx")}, typ: "int64", want: []any{-1, 3}},
		example{fn: "str_count", options: `{"pattern":"ab"}`, args: []arg{col("utf8", "abab", "", nil)}, typ: "int64", want: []any{2, 0, nil}},
		example{fn: "str_count", options: `{"pattern":"a.*","regex":true}`, args: []arg{col("utf8", "abab", "x")}, typ: "int64", want: []any{1, 0}},
		example{fn: "str_count", options: `{"pattern":""}`, args: []arg{col("utf8", "ab")}, typ: "int64", want: []any{3}},
	)
}

func TestSplitMakesLists(t *testing.T) {
	list := func(options string, s string, want string) example {
		return example{fn: "str_split", options: options, args: []arg{col("utf8", s)}, typ: "list<item: utf8, nullable>", text: []string{want}}
	}
	run(t,
		list(`{"separator":","}`, "a,b,,c", `["a", "b", "", "c"]`),
		list(`{"separator":",","limit":1}`, "a,b,c", `["a", "b,c"]`),
		list(`{"separator":",","limit":1,"side":"right"}`, "a,b,c", `["a,b", "c"]`),
		list(`{"separator":","}`, "", `[""]`),
		list(``, " a  b\t"+long, `["a", "b", "a", "text", "that", "is", "longer", "than", "its", "view"]`),
		list(``, "", `[]`),
		example{fn: "str_split", options: `{"separator":"::"}`, args: []arg{col("utf8", "a::b", nil, long+"::"+long)}, typ: "list<item: utf8, nullable>",
			text: []string{`["a", "b"]`, "null", `["` + long + `", "` + long + `"]`}},
		example{fn: "list_len", args: []arg{col("utf8", "a")}, err: "list_len takes lists", code: status.TypeMismatch},
	)
}
