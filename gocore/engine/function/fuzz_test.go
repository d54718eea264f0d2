package function_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/function"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

var fuzzedTypes = []string{"null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
	"float64", "utf8", "large_utf8", "utf8_view", "binary", "date32", "date64", "time32[s]", "time64[ns]", "timestamp[s]", "timestamp[ns]",
	"timestamp[us, tz=Europe/Berlin]", "timestamp[ms, tz=+05:30]", "duration[ms]", "duration[ns]", "decimal128(15, 2)", "decimal256(60, 5)",
	"list<utf8>", "list<int64>", "struct<a: int64>", "dictionary<utf8, int32>"}

// options are what some functions need to be more than refused.
var options = []string{``, `{}`, `{"decimals":2}`, `{"decimals":-3}`, `{"text":"a"}`, `{"start":1,"stop":-1}`, `{"start":-2,"step":-1}`, `{"at":-1}`,
	`{"width":9}`, `{"times":3}`, `{"separator":","}`, `{"separator":"x","at":1,"limit":2,"side":"right"}`, `{"pattern":"x.*1","regex":true}`,
	`{"pattern":"X","ignore_case":true}`, `{"pattern":"(x)(\\d)","regex":true,"group":2}`, `{"pattern":"x","with":"<>"}`,
	`{"pattern":"(x)","with":"\\1$\\g<1>","regex":true}`, `{"side":"left","cut":"x"}`, `{"step":"15min"}`, `{"step":"M"}`, `{"step":"D"}`,
	`{"zone":"Europe/Berlin","ambiguous":"NaT","nonexistent":"NaT"}`, `{"zone":"America/New_York"}`, `{"format":"%Y-%m-%d %H:%M:%S %z %j %U"}`,
	`{"format":"%d/%m/%y","errors":"coerce"}`, `{"errors":"coerce","unit":"D"}`, `{"errors":"coerce"}`}

// extremes are numbers at the borders of types and of arithmetic.
var extremes = []any{nil, 0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt32, math.MinInt32, 127, -128, 255, 1 << 53, nan, inf, -inf, 0.5, math.Copysign(0, -1), 1e300, 1e-300}

// randomArg returns an argument of a type with a few values, usual and unusual ones.
func randomArg(t testing.TB, rng *rand.Rand, rows int) arg {
	a := arg{typ: fuzzedTypes[rng.IntN(len(fuzzedTypes))], literal: rng.IntN(4) == 0}
	if a.literal {
		rows = 1
	}
	for _, row := range optest.RandomRows(t, rng.Uint64(), "x "+a.typ, rows, 9) {
		v := row[0]
		switch v.(type) {
		case int, float64:
			if rng.IntN(3) == 0 {
				v = extremes[rng.IntN(len(extremes))]
			}
		}
		if rng.IntN(6) == 0 {
			v = nil
		}
		a.values = append(a.values, v)
	}
	return a
}

// call binds and computes a random call of a function: it may refuse, but neither panic nor keep memory.
func call(t *testing.T, name, options string, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	e := example{fn: name, options: options}
	rows := 1 + rng.IntN(5)
	for range 1 + rng.IntN(4) {
		e.args = append(e.args, randomArg(t, rng, rows))
	}
	sets := map[string]int{"is_in": 1, "lookup": 2}[name]
	for i := max(len(e.args)-sets, 0); i < len(e.args); i++ {
		e.args[i].set, e.args[i].literal = true, true
	}
	f, err := e.bind(t)
	if err != nil {
		return
	}
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	_, err = e.eval(t, scope, f, rng.IntN(4), false)
	if f.NeverFails() && castsNeverFail(t, e, f) {
		require.NoError(t, err, e.name())
	}
	require.Zero(t, scope.Held(), e.name())
}

// castsNeverFail tells whether the arguments have the types that f takes.
func castsNeverFail(t *testing.T, e example, f *function.Bound) bool {
	for i, a := range e.args {
		if !arrow.TypeEqual(optest.Schema(t, "x "+a.typ).Field(0).Type, f.Args[i]) {
			return false
		}
	}
	return true
}

func FuzzCall(f *testing.F) {
	for i := range function.Names() {
		f.Add(i, options[i%len(options)], uint64(i))
	}
	f.Fuzz(func(t *testing.T, index int, options string, seed uint64) {
		names := function.Names()
		if !json.Valid([]byte(options)) && options != "" {
			return // the plan is JSON as a whole
		}
		call(t, names[uint(index)%uint(len(names))], options, seed)
	})
}

func TestRandomCalls(t *testing.T) {
	leak.Check(t)
	seeds := 12
	if testing.Short() {
		seeds = 2
	}
	for _, name := range function.Names() {
		t.Run(name, func(t *testing.T) {
			for i, o := range options {
				for seed := range seeds {
					call(t, name, o, uint64(i*seeds+seed))
				}
			}
		})
	}
}
