package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/local"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
	"github.com/pycylon/pycylon/gocore/session"
)

func openLocal(t testing.TB) *session.Env {
	t.Helper()
	env, err := session.Open(context.Background(), session.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, env.Close(context.Background(), nil)) })
	return env
}

// world opens n environments in one process.
func world(t testing.TB, n int, c session.Config) []*session.Env {
	t.Helper()
	envs := make([]*session.Env, n)
	for r, ch := range local.NewWorld(n) {
		env, err := session.OpenOver(context.Background(), ch, c)
		require.NoError(t, err)
		envs[r] = env
	}
	t.Cleanup(func() {
		each(envs, func(ctx context.Context, env *session.Env) error { return env.Close(ctx, nil) })
	})
	return envs
}

func each(envs []*session.Env, f func(ctx context.Context, env *session.Env) error) []error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	errs := make([]error, len(envs))
	g := task.NewGroup(ctx)
	for r, env := range envs {
		g.Go(func(ctx context.Context) error {
			errs[r] = f(ctx, env)
			return nil
		})
	}
	_ = g.Wait()
	return errs
}

// collective runs a collective and returns copies of what it received.
func collective(ctx context.Context, env *session.Env, kind, site string, args json.RawMessage, data []byte) ([][]byte, error) {
	received, err := env.Call(ctx, session.CommCall{Kind: kind, Site: site, Blocking: true, Args: args, Data: data})
	if err != nil {
		return nil, err
	}
	defer received.Release()
	var messages [][]byte
	for _, m := range received.Messages {
		messages = append(messages, bytes.Clone(m))
	}
	return messages, nil
}

func tableOf(t testing.TB, columns string, rows ...[]any) *table.Table {
	return table.New(optest.Schema(t, columns), []*table.Batch{optest.Batch(t, columns, rows...)})
}

func TestConfigureRefuses(t *testing.T) {
	for _, s := range []session.Settings{{Threads: -1}, {Threads: 1 << 20}, {MemoryLimit: -1}, {DiskLimit: -1}, {TempDir: "/no/such/folder"}} {
		require.Equal(t, status.Invalid, status.CodeOf(session.Configure(s)))
	}
}

func TestOpenRefuses(t *testing.T) {
	leak.Check(t)
	one := 1
	for _, c := range []session.Config{{WorldSize: 4}, {Rank: &one}} {
		_, err := session.Open(context.Background(), c)
		require.Equal(t, status.Invalid, status.CodeOf(err))
		require.ErrorContains(t, err, "PYCYLON_TOKEN")
	}
	_, err := session.Open(context.Background(), session.Config{Token: "no token"})
	require.Error(t, err)
}

func TestRunTellsWhatItMade(t *testing.T) {
	leak.Check(t)
	env := openLocal(t)
	arg := tableOf(t, "k int64, v float64", []any{2, 0.5}, []any{1, nil}, []any{2, 1.5})
	defer arg.Release()
	text := `{"nodes":[{"op":"table","table":0},{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"v"}]}]}`
	result, err := env.Run(context.Background(), []byte(text), []*table.Table{arg}, "here")
	require.NoError(t, err)
	defer result.Table.Release()
	var info map[string]any
	require.NoError(t, json.Unmarshal(result.Info, &info))
	require.Equal(t, []any{
		map[string]any{"name": "k", "type": "int64", "nullable": true},
		map[string]any{"name": "n", "type": "int64", "nullable": false},
	}, info["schema"])
	require.EqualValues(t, 2, info["rows"])
	require.Equal(t, map[string]any{"kind": "local"}, info["placement"])
	operators := info["stats"].(map[string]any)["operators"].([]any)
	require.Len(t, operators, 3)
	require.Equal(t, "sort", operators[2].(map[string]any)["op"])
	require.EqualValues(t, 2, operators[2].(map[string]any)["rows"])

	lines, next, lost := env.Events(0)
	require.Zero(t, lost)
	require.Contains(t, string(lines), `"op":"groupby"`)
	lines, _, _ = env.Events(next)
	require.Empty(t, lines)
}

func TestErrorsNameTheOperation(t *testing.T) {
	leak.Check(t)
	env := openLocal(t)
	arg := tableOf(t, "carrier utf8", []any{"AA"})
	defer arg.Release()
	for text, want := range map[string]string{
		`{"nodes":[{"op":"table","table":0},{"op":"sort","inputs":[0],"keys":[{"column":"carier","ascending":true}]}]}`: `sort_values: there is no column "carier"`,
		`{"nodes":[{"op":"table","table":3}]}`:                                                    "table: the plan refers to table 3 of 1",
		`{"nodes":[{"op":"scan_csv","path":"/nowhere/a.csv","share":"all","options":{}}]}`:        "read_csv: ",
		`{"nodes":[{"op":"scan_csv","path":"/nowhere/a.csv","share":"all","options":{"sep":1}}]}`: `unknown field "sep"`,
	} {
		_, err := env.Run(context.Background(), []byte(text), []*table.Table{arg}, "here")
		require.ErrorContains(t, err, want)
	}
}

func TestFilesInAndOut(t *testing.T) {
	leak.Check(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "in.csv")
	var text strings.Builder
	text.WriteString("k,name\n")
	for i := range 100 {
		fmt.Fprintf(&text, "%d,name %d\n", i, i)
	}
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	envs := world(t, 3, session.Config{})
	for share, want := range map[string]int{"slice": 100, "replicate": 300, "all": 300} {
		rows := make([]int, 3)
		errs := each(envs, func(ctx context.Context, env *session.Env) error {
			plan := fmt.Sprintf(`{"nodes":[{"op":"scan_csv","path":%q,"share":%q,"options":{}}]}`, path, share)
			result, err := env.Run(ctx, []byte(plan), nil, "here")
			if err == nil {
				rows[env.Rank()] = result.Table.Rows
				result.Table.Release()
			}
			return err
		})
		require.Equal(t, []error{nil, nil, nil}, errs)
		require.Equal(t, want, rows[0]+rows[1]+rows[2], share)
	}
	env := openLocal(t)
	out, again := filepath.Join(dir, "out.csv"), filepath.Join(dir, "out.arrow")
	for _, plan := range []string{
		fmt.Sprintf(`{"nodes":[{"op":"scan_csv","path":%q,"share":"all","options":{}},{"op":"write_ipc","inputs":[0],"path":%q}]}`, path, again),
		fmt.Sprintf(`{"nodes":[{"op":"scan_ipc","path":%q},{"op":"write_csv","inputs":[0],"path":%q,"options":{}}]}`, again, out),
	} {
		result, err := env.Run(context.Background(), []byte(plan), nil, "here")
		require.NoError(t, err)
		require.Zero(t, result.Table.Rows)
		result.Table.Release()
	}
	written, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, text.String(), string(written))
}

// TestSharesOfAFileHaveTheTypesOfTheWhole gives each rank rows of another type.
func TestSharesOfAFileHaveTheTypesOfTheWhole(t *testing.T) {
	leak.Check(t)
	path := filepath.Join(t.TempDir(), "mixed.csv")
	require.NoError(t, os.WriteFile(path, []byte("a,b,c,d\n1,1,True,\n2,2,False,\n3,1.5,1,\n4,2,2,\n5,x,,\n6,,,x\n"), 0o600))
	schemas := make([]string, 3)
	texts := make([]string, 3)
	read := func(envs []*session.Env, share string) {
		require.Equal(t, make([]error, len(envs)), each(envs, func(ctx context.Context, env *session.Env) error {
			plan := fmt.Sprintf(`{"nodes":[{"op":"scan_csv","path":%q,"share":%q,"options":{}}]}`, path, share)
			result, err := env.Run(ctx, []byte(plan), nil, "here")
			if err != nil {
				return err
			}
			defer result.Table.Release()
			schemas[env.Rank()] = result.Table.Schema.String()
			var rows strings.Builder
			for _, b := range result.Table.Batches {
				for i := range b.Len {
					for k := range b.Cols {
						rows.WriteString(compute.Format(&b.Cols[k], i) + "|")
					}
				}
			}
			texts[env.Rank()] = rows.String()
			return nil
		}))
	}
	read([]*session.Env{openLocal(t)}, "all")
	schema, text := schemas[0], texts[0]
	read(world(t, 3, session.Config{}), "slice")
	require.Equal(t, []string{schema, schema, schema}, schemas)
	require.Equal(t, text, strings.Join(texts, ""))
}

func TestAFailedWriteLeavesNoFileAndGivesItsInputBack(t *testing.T) {
	leak.Check(t)
	env := openLocal(t)
	path := filepath.Join(t.TempDir(), "out")
	var list [][]any
	for i := range 200 {
		list = append(list, []any{i})
	}
	returned := 0
	var batches []*table.Batch
	for range 20 {
		b := optest.Batch(t, "k int64", list...)
		b.Cols[0].Owners = append(b.Cols[0].Owners, memory.Foreign(nil, func() { returned++ }))
		batches = append(batches, b)
	}
	arg := table.New(optest.Schema(t, "k int64"), batches)
	for _, op := range []string{"write_csv", "write_ipc"} {
		text := fmt.Sprintf(`{"nodes":[{"op":"table","table":0},{"op":"project","inputs":[0],"columns":[{"name":"a","expr":{"col":"k"}},
			{"name":"b","expr":{"fn":"cast","args":[{"col":"k"}],"type":"int8"}}]},{"op":%q,"inputs":[1],"path":%q}]}`, op, path)
		_, err := env.Run(context.Background(), []byte(text), []*table.Table{arg}, "here")
		require.Equal(t, status.Overflow, status.CodeOf(err), "%v", err)
		require.NoFileExists(t, path)
	}
	arg.Release()
	require.Equal(t, 20, returned)
}

func TestTake(t *testing.T) {
	leak.Check(t)
	env := openLocal(t)
	arg := tableOf(t, "k int64", []any{10}, []any{20}, []any{30})
	defer arg.Release()
	indices := tableOf(t, "i int32", []any{2}, []any{0}, []any{-1}, []any{2})
	defer indices.Release()
	text := []byte(`{"nodes":[{"op":"table","table":0},{"op":"take","inputs":[0],"indices":1}]}`)
	result, err := env.Run(context.Background(), text, []*table.Table{arg, indices}, "here")
	require.NoError(t, err)
	b := result.Table.Batches[0]
	require.Equal(t, []int64{30, 10}, column.Of[int64](&b.Cols[0])[:2])
	require.True(t, b.Cols[0].IsNull(2))
	result.Table.Release()
	holes := tableOf(t, "i int32", []any{nil})
	defer holes.Release()
	_, err = env.Run(context.Background(), text, []*table.Table{arg, holes}, "here")
	require.ErrorContains(t, err, "a row position is null")
}

func TestCollective(t *testing.T) {
	leak.Check(t)
	for _, n := range []int{1, 3} {
		envs := world(t, n, session.Config{})
		got := make([][][]byte, n)
		call := func(kind, args string) {
			t.Helper()
			errs := each(envs, func(ctx context.Context, env *session.Env) (err error) {
				got[env.Rank()], err = collective(ctx, env, kind, "here", json.RawMessage(args), []byte{byte(env.Rank() + 1)})
				return err
			})
			require.Equal(t, make([]error, n), errs)
		}
		all := [][]byte{{1}, {2}, {3}}[:n]
		call("barrier", "")
		call("bcast", `{"root":0}`)
		require.Equal(t, [][]byte{{1}}, got[n-1])
		call("gather", `{"root":0}`)
		require.Equal(t, all, got[0])
		call("allgather", `{}`)
		require.Equal(t, all, got[n-1])
		call("allreduce", `{"op":"sum","type":"uint8"}`)
		require.Equal(t, [][]byte{{byte(n * (n + 1) / 2)}}, got[n-1])
		call("reduce", `{"op":"max","type":"uint8","root":0}`)
		require.Equal(t, [][]byte{{byte(n)}}, got[0])
		call("scan", `{"op":"sum","type":"uint8"}`)
		require.Equal(t, [][]byte{{byte(n * (n + 1) / 2)}}, got[n-1])
		call("exscan", `{"op":"sum","type":"uint8"}`)
		require.Empty(t, got[0])
		counts := "1" + strings.Repeat(",0", n-1)
		call("scatter", `{"root":0,"lengths":[`+counts+`]}`)
		require.Equal(t, [][]byte{{1}}, got[0])
		call("alltoallv", `{"lengths":[`+counts+`]}`)
		require.Equal(t, all, got[0])
		call("reduce_scatter", `{"op":"bor","type":"uint8","counts":[`+counts+`]}`)
		require.Equal(t, [][]byte{{byte(min(n*n-n+1, 3))}}, got[0]) // 1, and 1 | 2 | 3
		for kind, args := range map[string]string{"dance": "", "bcast": `{"root":7}`, "allreduce": `{"op":"xor","type":"int8"}`, "gather": `{"rot":1}`,
			"scan": `{"op":"band","type":"text"}`, "scatter": `{"lengths":[1]}`, "alltoall": `{"lengths":[-1]}`} {
			_, err := collective(context.Background(), envs[0], kind, "here", json.RawMessage(args), nil)
			require.Equal(t, status.Invalid, status.CodeOf(err), "%s: %v", kind, err)
		}
	}
}

func TestClose(t *testing.T) {
	leak.Check(t)
	envs := world(t, 2, session.Config{})
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		if env.Rank() == 1 {
			return env.Close(ctx, fmt.Errorf("ValueError: boom"))
		}
		_, err := collective(ctx, env, "barrier", "script.py:7", nil, nil)
		return err
	})
	require.NoError(t, errs[1])
	require.Equal(t, status.Remote, status.CodeOf(errs[0]))
	require.EqualError(t, errs[0], "barrier: the program failed on rank 1 with Cancelled: it left the job after ValueError: boom (rank 1)")
	_, err := collective(context.Background(), envs[1], "barrier", "", nil, nil)
	require.Equal(t, status.Closed, status.CodeOf(err))
	_, err = envs[1].Run(context.Background(), []byte(`{"nodes":[{"op":"table","table":0}]}`), nil, "")
	require.Equal(t, status.Closed, status.CodeOf(err))
	require.NoError(t, envs[1].Close(context.Background(), nil))
}

// TestCloseEndsWhatRunsWithItsContext closes an environment under a barrier that the other rank never comes to.
func TestCloseEndsWhatRunsWithItsContext(t *testing.T) {
	leak.Check(t)
	envs := world(t, 2, session.Config{})
	g := task.NewGroup(context.Background())
	var waited error
	g.Go(func(ctx context.Context) error {
		_, waited = collective(ctx, envs[0], "barrier", "script.py:7", nil, nil)
		return nil
	})
	require.Eventually(t, func() bool { return strings.Contains(string(envs[0].Describe()), "script.py:7") }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithCancel(context.Background())
	closed := make(chan error, 1)
	g.Go(func(context.Context) error {
		closed <- envs[0].Close(ctx, nil)
		return nil
	})
	select {
	case <-closed:
		require.Fail(t, "it didn't wait for the barrier")
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		require.Fail(t, "it waits for the barrier after the end of its context")
	}
	require.NoError(t, g.Wait())
	require.Equal(t, status.Cancelled, status.CodeOf(waited), "%v", waited)
	require.ErrorContains(t, waited, "the environment was closed")
}

func TestOperationTimeoutNamesTheAbsent(t *testing.T) {
	leak.Check(t)
	envs := world(t, 3, session.Config{OperationTimeout: 100 * time.Millisecond})
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		if env.Rank() == 2 {
			return nil
		}
		_, err := collective(ctx, env, "barrier", "script.py:7", nil, nil)
		return err
	})
	late := slices.IndexFunc(errs, func(err error) bool { return status.CodeOf(err) == status.Timeout })
	require.NotEqual(t, -1, late, "%v", errs)
	require.ErrorContains(t, errs[late], "2")
}

func TestDescribe(t *testing.T) {
	envs := world(t, 2, session.Config{})
	var d struct {
		Rank      int              `json:"rank"`
		WorldSize int              `json:"world_size"`
		Threads   int              `json:"threads"`
		Peers     []map[string]any `json:"peers"`
	}
	require.NoError(t, json.Unmarshal(envs[1].Describe(), &d))
	require.Equal(t, 1, d.Rank)
	require.Equal(t, 2, d.WorldSize)
	require.Positive(t, d.Threads)
	require.Len(t, d.Peers, 1)
	require.EqualValues(t, 0, d.Peers[0]["rank"])
}
