package dist_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel/local"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/plan"
	"github.com/pycylon/pycylon/gocore/session"
)

// requireUsable checks that the environments still work together.
func requireUsable(t *testing.T, envs []*session.Env) {
	t.Helper()
	parts := make([][]part, len(envs))
	for r := range parts {
		parts[r] = []part{{"k int64", [][]any{{r}, {r + 1}}}}
	}
	_, errs := run(t, envs, nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`), parts)
	requireNone(t, errs)
}

// TestAFailureReachesAllRanks lets rank 1 fail in each kind of place, with many rows on their way.
func TestAFailureReachesAllRanks(t *testing.T) {
	narrow := `{"op":"project","inputs":[0],"columns":[{"name":"k","expr":{"fn":"cast","args":[{"col":"k"}],"type":"int8"}}]}`
	for name, test := range map[string]struct {
		plan string
		code status.Code
	}{
		"before a shuffle":  {nodes(tableA, narrow, `{"op":"shuffle","inputs":[1],"keys":["k"]}`), status.Overflow},
		"before a sort":     {nodes(tableA, narrow, `{"op":"sort","inputs":[1],"keys":[{"column":"k","ascending":true}]}`), status.Overflow},
		"before a join":     {nodes(tableA, narrow, `{"op":"join","inputs":[0,1],"left_on":["k"],"right_on":["k"]}`), status.Overflow},
		"before replicate":  {nodes(tableA, narrow, `{"op":"replicate","inputs":[1]}`), status.Overflow},
		"after a shuffle":   {nodes(tableA, `{"op":"group","inputs":[0],"keys":["g"],"aggs":[{"name":"s","fn":"sum","column":"k"}],"sort":false}`), status.Overflow},
		"without exchanges": {nodes(tableA, narrow), status.Overflow},
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			envs := openWorld(t, local.NewWorld(3))
			parts := make([][]part, 3)
			for r := range parts {
				p := part{columns: "k int64, g int64"}
				for i := range 5000 {
					p.rows = append(p.rows, []any{i % 100, 0})
				}
				if r == 1 {
					p.rows[4000][0] = 1 << 62
					p.rows[4001][0] = 1 << 62
				}
				parts[r] = []part{p}
			}
			_, errs := run(t, envs, test.plan, parts)
			failed, others := -1, 0
			for r, err := range errs {
				switch status.CodeOf(err) {
				case test.code:
					require.Equal(t, -1, failed, "two ranks failed by themselves: %v", errs)
					failed = r
				case status.Remote:
					others++
				}
			}
			if name == "without exchanges" {
				require.Equal(t, 1, failed) // the others may have ended before
			} else {
				require.NotEqual(t, -1, failed, "%v", errs)
				require.Equal(t, 2, others, "%v", errs)
				for r, err := range errs {
					if r != failed {
						require.Equal(t, failed, status.From(err).Rank, "%v", err)
					}
				}
			}
			requireUsable(t, envs)
		})
	}
}

func TestCancellingOneRankEndsAll(t *testing.T) {
	leak.Check(t)
	envs := openWorld(t, local.NewWorld(3))
	text := []byte(nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["k"]}`))
	cancelled, cancel := context.WithCancel(context.Background())
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		arg := part{"k int64", [][]any{{1}, {2}}}.table(t)
		defer arg.Release()
		switch env.Rank() {
		case 0:
			ctx = cancelled
		case 2: // enters only after rank 0 has given up
			time.Sleep(20 * time.Millisecond)
			cancel()
			time.Sleep(20 * time.Millisecond)
		}
		_, err := env.Run(ctx, text, []*table.Table{arg}, "here")
		return err
	})
	require.Equal(t, status.Cancelled, status.CodeOf(errs[0]), "%v", errs[0])
	for _, r := range []int{1, 2} {
		require.Equal(t, status.Remote, status.CodeOf(errs[r]), "%v", errs[r])
	}
	requireUsable(t, envs)
}

func TestDifferentPlansAreRefusedOnAllRanks(t *testing.T) {
	leak.Check(t)
	envs := openWorld(t, local.NewWorld(2))
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		arg := part{"k int64, j int64", [][]any{{1, 2}}}.table(t)
		defer arg.Release()
		text := nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"`+[]string{"k", "j"}[env.Rank()]+`","ascending":true}]}`)
		_, err := env.Run(ctx, []byte(text), []*table.Table{arg}, fmt.Sprintf("script.py:%d", 10+env.Rank()))
		return err
	})
	for _, err := range errs {
		require.Equal(t, status.CollectiveMismatch, status.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "script.py:10")
		require.ErrorContains(t, err, "script.py:11")
	}
	requireUsable(t, envs)
}

func TestSchemasAreAgreedBeforeDataMoves(t *testing.T) {
	leak.Check(t)
	group := nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"s","fn":"sum","column":"v"}]}`)
	parts := [][]part{
		{{"k int64, v int64", [][]any{{1, 10}, {2, 20}}}},
		{{"k int64, v int64", [][]any{{1, 1}, {3, 3}}}},
		{{"k null, v null", [][]any{{nil, nil}, {nil, nil}}}},
		{{"k int32, v float64", [][]any{{2, 0.5}, {3, 0.25}}}},
	}
	whole := [][]part{{{"k int64, v float64", [][]any{{1, 10}, {2, 20}, {1, 1}, {3, 3}, {nil, nil}, {nil, nil}, {2, 0.5}, {3, 0.25}}}}}
	requireSame(t, group, true, whole, parts)
	requireSame(t, nodes(tableA), true, whole, parts)
	requireSame(t, nodes(tableA, `{"op":"join","inputs":[0,0],"how":"outer","left_on":["v"],"right_on":["k"]}`), false, whole, parts)

	envs := openWorld(t, local.NewWorld(2))
	for other, want := range map[string]string{"k utf8, v int64": `column "k" is int64 in one and utf8 in the other`, "k int64": "one has 2 columns"} {
		_, errs := run(t, envs, group, [][]part{{{"k int64, v int64", nil}}, {{other, nil}}})
		for _, err := range errs {
			require.Equal(t, status.TypeMismatch, status.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "on rank 1")
		}
	}
}

// Values in expressions are each rank's own: what their types make of the plan is the same on all ranks, or refused on all.
func TestTypesOfValuesAreAgreedBeforeDataMoves(t *testing.T) {
	leak.Check(t)
	envs := openWorld(t, local.NewWorld(2))
	lit := `{"lit":[1,"value"]}`
	project := `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"add","args":[{"col":"k"},` + lit + `]}}]}`
	filter := `{"op":"filter","inputs":[0],"predicate":{"fn":"gt","args":[{"col":"k"},` + lit + `]}}`
	shuffle := func(by string) string { return `{"op":"shuffle","inputs":[1],"keys":["` + by + `"]}` }
	rows := part{"k int64", [][]any{{1}, {2}}}
	integer, float, text := part{"value int64", [][]any{{1}}}, part{"value float64", [][]any{{1}}}, part{"value utf8", [][]any{{"a"}}}
	for name, test := range map[string]struct {
		plan string
		one  part
		code status.Code
	}{
		"moved rows of other types": {nodes(tableA, project, shuffle("x")), float, status.CollectiveMismatch},
		"one rank can't":            {nodes(tableA, project, shuffle("x")), text, status.TypeMismatch},
		"one rank can't filter":     {nodes(tableA, filter, shuffle("k")), text, status.TypeMismatch},
		"rows of the same types":    {nodes(tableA, filter, shuffle("k")), float, status.OK},
		"the same types":            {nodes(tableA, project, shuffle("x")), integer, status.OK},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := run(t, envs, test.plan, [][]part{{rows, integer}, {rows, test.one}})
			for _, err := range errs {
				require.Equal(t, test.code, status.CodeOf(err), "%v", err)
			}
		})
	}
	requireUsable(t, envs)
}

// A filter of no column drops all rows or none, wherever it is done.
func TestFilterOfNoColumn(t *testing.T) {
	filter := `{"op":"filter","inputs":[1],"predicate":{"fn":"gt","args":[{"lit":[1,"value"]},{"lit":[2,"value"]}]}}`
	rows := part{"k int64", [][]any{{2}, {1}}}
	one, two := part{"value int64", [][]any{{1}}}, part{"value int64", [][]any{{2}}}
	for _, node := range []string{`{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`, `{"op":"unique","inputs":[0],"keys":["k"]}`,
		`{"op":"concat","inputs":[0,0]}`, `{"op":"shuffle","inputs":[0],"keys":["k"]}`} {
		for _, values := range [][]part{{one, two}, {two, one}} {
			outcomes, errs := run(t, openWorld(t, local.NewWorld(1)), nodes(tableA, node, filter), [][]part{append([]part{rows}, values...)})
			requireNone(t, errs)
			require.Equal(t, values[0].rows[0][0] == 2, len(outcomes[0].rows) > 0, node)
		}
	}
}

// More rows than there is memory for the places of are refused before they are drawn.
func TestDrawsBeyondMemoryAreRefused(t *testing.T) {
	rows := [][]part{{{"k int64", [][]any{{2}, {1}}}}, {{"k int64", [][]any{{3}}}}}
	envs := openWorld(t, local.NewWorld(2))
	for _, n := range []int64{1 << 50, 1<<63 - 1} {
		_, errs := run(t, envs, nodes(tableA, fmt.Sprintf(`{"op":"sample","inputs":[0],"n":%d,"replace":true}`, n)), rows)
		require.Contains(t, []status.Code{status.CodeOf(errs[0]), status.CodeOf(errs[1])}, status.OutOfMemory, "%v", errs)
	}
	requireUsable(t, envs)
}

// A window whose functions nobody reads leaves the rows.
func TestWindowThatNobodyReads(t *testing.T) {
	text := nodes(tableA, `{"op":"window","inputs":[0],"partition":["k"],"functions":[{"name":"r","fn":"row_number"}]}`,
		`{"op":"project","inputs":[1],"columns":[{"name":"k","expr":{"col":"k"}}]}`)
	requireLaw(t, text, true, [][]part{{{"k int64", [][]any{{2}, {1}, {2}}}}, {{"k int64", [][]any{{3}, {2}}}}})
}

func TestALocalPlanDoesNotCommunicate(t *testing.T) {
	leak.Check(t)
	envs := openWorld(t, local.NewWorld(2))
	arg := part{"k int64", [][]any{{2}, {1}}}.table(t)
	defer arg.Release()
	for _, kind := range []string{"local", "replicated"} {
		text := fmt.Sprintf(`{"nodes":[{"op":"table","table":0,"placement":{"kind":%q}},{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}]}`, kind)
		result, err := envs[0].Run(context.Background(), []byte(text), []*table.Table{arg}, "here") // rank 1 does nothing
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2"}, read(result.Table))
		result.Table.Release()
	}
}

func TestOneThreadIsEnough(t *testing.T) {
	leak.Check(t)
	require.NoError(t, session.Configure(session.Settings{Threads: 1}))
	defer func() { require.NoError(t, session.Configure(session.Settings{})) }()
	parts := randomParts(3, []int{120, 0, 90, 5})
	for _, p := range plans {
		t.Run(p.name, func(t *testing.T) { requireLaw(t, p.plan, p.ordered, parts) })
	}
}

// limitedWorld opens two ranks within limits, and makes rows that exceed a memory of 1 MiB.
func limitedWorld(t *testing.T, limits session.Settings) ([]*session.Env, [][]part) {
	require.NoError(t, session.Configure(limits))
	envs := openWorld(t, local.NewWorld(2))
	require.NoError(t, session.Configure(session.Settings{}))
	parts := make([][]part, 2)
	for r := range parts {
		p := part{columns: "k int64, s utf8"}
		for i := range 20000 {
			p.rows = append(p.rows, []any{(i*7919 + r) % 20011, "a string that is over twelve bytes long"})
		}
		parts[r] = []part{p}
	}
	return envs, parts
}

// TestReceivedRowsSpill sorts and groups rows that come from other ranks, beyond the memory's limit.
func TestReceivedRowsSpill(t *testing.T) {
	leak.Check(t)
	envs, parts := limitedWorld(t, session.Settings{MemoryLimit: 5 << 20, Threads: 2})
	for _, node := range []string{`{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`,
		`{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"n","fn":"nunique","column":"s"}],"sort":false}`} {
		outcomes, errs := run(t, envs, nodes(tableA, node), parts)
		requireNone(t, errs)
		want, errs := run(t, openWorld(t, local.NewWorld(1)), nodes(tableA, node), concatenated(parts))
		requireNone(t, errs)
		require.ElementsMatch(t, want[0].rows, append(outcomes[0].rows, outcomes[1].rows...))
	}
	requireUsable(t, envs)
}

func TestOutOfMemory(t *testing.T) {
	leak.Check(t)
	envs, parts := limitedWorld(t, session.Settings{MemoryLimit: 1 << 20, DiskLimit: 1 << 10})
	_, errs := run(t, envs, nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`), parts)
	out := 0
	for _, err := range errs {
		code := status.CodeOf(err)
		require.Contains(t, []status.Code{status.OutOfMemory, status.Remote}, code, "%v", err)
		if code == status.OutOfMemory {
			require.ErrorContains(t, err, "memory_limit")
			out++
		}
	}
	require.Positive(t, out)
	requireUsable(t, envs)
}

// TestMergeThenGroupMovesRowsOnce counts what a merge and a group-by on its key move.
func TestMergeThenGroupMovesRowsOnce(t *testing.T) {
	leak.Check(t)
	parts := randomParts(2, []int{300, 200})
	envs := openWorld(t, local.NewWorld(2))
	moved := func(text string) (sum int64) {
		outcomes, errs := run(t, envs, text, parts)
		requireNone(t, errs)
		for _, o := range outcomes {
			sum += o.info.Stats.RowsMoved
		}
		return sum
	}
	merge := moved(nodes(tableA, tableB, join("inner", `"k"`)))
	require.Positive(t, merge)
	require.Equal(t, merge, moved(nodes(tableA, tableB, join("inner", `"k"`),
		`{"op":"group","inputs":[2],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"w"}],"sort":false}`)))
}

// TestPlacementIsRemembered runs a join of shuffled frames: no row moves again.
func TestPlacementIsRemembered(t *testing.T) {
	leak.Check(t)
	envs := openWorld(t, local.NewWorld(2))
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		arg := part{"k int64", [][]any{{1}, {2}, {3}, {env.Rank()}}}.table(t)
		defer arg.Release()
		shuffled, err := env.Run(ctx, []byte(nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["k"]}`)), []*table.Table{arg}, "here")
		if err != nil {
			return err
		}
		defer shuffled.Table.Release()
		placement := infoOf(t, shuffled.Info).Placement
		if placement.Kind != plan.Partitioned || len(placement.Keys) != 1 {
			return fmt.Errorf("the shuffled frame has placement %v", placement)
		}
		text := `{"nodes":[{"op":"table","table":0,"placement":{"kind":"partitioned","keys":["k"]}},{"op":"join","inputs":[0,0],"left_on":["k"],"right_on":["k"]}]}`
		joined, err := env.Run(ctx, []byte(text), []*table.Table{shuffled.Table}, "here")
		if err != nil {
			return err
		}
		defer joined.Table.Release()
		if n := infoOf(t, joined.Info).Stats.RowsMoved; n != 0 {
			return fmt.Errorf("%d rows moved", n)
		}
		return nil
	})
	requireNone(t, errs)
}
