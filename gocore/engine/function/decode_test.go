package function

import "testing"

func TestDecodeSaysWhatIsExpected(t *testing.T) {
	type bounds struct {
		Start *int `json:"start"`
	}
	type options struct {
		bounds
		Width uint8    `json:"width"`
		Share float64  `json:"share"`
		Keep  bool     `json:"keep"`
		Fill  string   `json:"fill"`
		Names []string `json:"names"`
		Of    bounds   `json:"of"`
	}
	for _, c := range []struct{ text, err string }{
		{`{"start": -3, "width": 255, "share": 1, "keep": true, "fill": "x", "names": ["a"], "of": {"start": 1}}`, ""},
		{`{"start": 1.5}`, "start: expected a whole number of 64 bits, not 1.5"},
		{`{"start": 18446744073709551616}`, "start: expected a whole number of 64 bits, not 18446744073709551616"},
		{`{"width": -1}`, "width: expected a whole number, not negative, of 8 bits, not -1"},
		{`{"share": "x"}`, "share: expected a number, not string"},
		{`{"keep": 1}`, "keep: expected true or false, not number"},
		{`{"fill": 1}`, "fill: expected a text, not number"},
		{`{"names": "a"}`, "names: expected a list, not string"},
		{`{"of": 3}`, "of: expected an object, not number"},
		{`{"of": {"start": "x"}}`, "start: expected a whole number of 64 bits, not string"},
		{`[]`, "it: expected an object, not array"},
		{`{"other": 1}`, `json: unknown field "other"`},
		{`{} {}`, "text after the end of the JSON value"},
	} {
		var into options
		got := ""
		if err := Decode([]byte(c.text), &into); err != nil {
			got = err.Error()
		}
		if got != c.err {
			t.Errorf("%s: %q, not %q", c.text, got, c.err)
		}
	}
}
