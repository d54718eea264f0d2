package dist_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/channel/local"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
	"github.com/pycylon/pycylon/gocore/plan"
	"github.com/pycylon/pycylon/gocore/session"
)

// patience bounds a test's operations: a hang fails rather than lasts.
const patience = 30 * time.Second

// openWorld opens an environment per channel and closes them when the test ends.
func openWorld(t testing.TB, channels []channel.Channel) []*session.Env {
	t.Helper()
	envs := make([]*session.Env, len(channels))
	for r, ch := range channels {
		env, err := session.OpenOver(context.Background(), ch, session.Config{})
		require.NoError(t, err)
		envs[r] = env
	}
	t.Cleanup(func() {
		each(envs, func(ctx context.Context, env *session.Env) error { return env.Close(ctx, nil) })
	})
	return envs
}

// each runs f as every rank and returns their errors.
func each(envs []*session.Env, f func(ctx context.Context, env *session.Env) error) []error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	errs := make([]error, len(envs))
	g := task.NewGroup(ctx)
	for r, env := range envs {
		g.Go(func(ctx context.Context) error {
			errs[r] = task.Recovered(func() error { return f(ctx, env) })
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		errs[0] = err
	}
	return errs
}

// part is one rank's rows of one table.
type part struct {
	columns string
	rows    [][]any
}

func (p part) table(t testing.TB) *table.Table {
	b := optest.Batch(t, p.columns, p.rows...)
	var batches []*table.Batch
	for from := 0; from < b.Len; from += 3 { // several small batches
		piece := b.Slice(from, min(3, b.Len-from))
		piece.Retain()
		batches = append(batches, piece)
	}
	b.Release()
	return table.New(optest.Schema(t, p.columns), batches)
}

// outcome is what a plan returned on one rank.
type outcome struct {
	schema *arrow.Schema
	rows   []string
	info   info
}

// info is the part of a result's JSON that tests read.
type info struct {
	Placement plan.Placement `json:"placement"`
	Stats     struct {
		RowsMoved  int64 `json:"rows_moved"`
		BytesMoved int64 `json:"bytes_moved"`
	} `json:"stats"`
}

func infoOf(t testing.TB, text []byte) (i info) {
	require.NoError(t, json.Unmarshal(text, &i))
	return i
}

func read(t *table.Table) []string {
	var rows []string
	for _, b := range t.Batches {
		for i := range b.Len {
			cells := make([]string, len(b.Cols))
			for k := range b.Cols {
				cells[k] = compute.Format(&b.Cols[k], i)
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
	return rows
}

// run runs a plan on every rank; parts[r] are rank r's tables.
func run(t testing.TB, envs []*session.Env, text string, parts [][]part) ([]outcome, []error) {
	outcomes := make([]outcome, len(envs))
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		var args []*table.Table
		for _, p := range parts[env.Rank()] {
			args = append(args, p.table(t))
		}
		defer func() {
			for _, a := range args {
				a.Release()
			}
		}()
		result, err := env.Run(ctx, []byte(text), args, fmt.Sprintf("rank%d.py:1", env.Rank()))
		if err != nil {
			return err
		}
		outcomes[env.Rank()] = outcome{result.Table.Schema, read(result.Table), infoOf(t, result.Info)}
		result.Table.Release()
		return nil
	})
	return outcomes, errs
}

// concatenated is all ranks' rows as one part.
func concatenated(parts [][]part) [][]part {
	whole := make([]part, len(parts[0]))
	for i := range whole {
		whole[i].columns = parts[0][i].columns
		for r := range parts {
			whole[i].rows = append(whole[i].rows, parts[r][i].rows...)
		}
	}
	return [][]part{whole}
}

// requireLaw checks that the concatenation of the ranks' results is the local result on the concatenated input.
func requireLaw(t *testing.T, text string, ordered bool, parts [][]part) {
	t.Helper()
	requireSame(t, text, ordered, concatenated(parts), parts)
}

// requireSame checks that the concatenation of the ranks' results is the result of one rank on other parts.
func requireSame(t *testing.T, text string, ordered bool, whole, parts [][]part) {
	t.Helper()
	requireSameIn(t, openWorld(t, local.NewWorld(1)), openWorld(t, local.NewWorld(len(parts))), text, ordered, whole, parts)
}

// requireSameIn is requireSame in worlds that are open.
func requireSameIn(t *testing.T, alone, envs []*session.Env, text string, ordered bool, whole, parts [][]part) {
	t.Helper()
	want, errs := run(t, alone, text, whole)
	requireNone(t, errs)
	got, errs := run(t, envs, text, parts)
	requireNone(t, errs)
	var rows []string
	for r := range got {
		require.True(t, want[0].schema.Equal(got[r].schema), "rank %d has %s instead of %s", r, got[r].schema, want[0].schema)
		rows = append(rows, got[r].rows...)
	}
	expected := want[0].rows
	if !ordered {
		slices.Sort(rows)
		slices.Sort(expected)
	}
	requireRows(t, expected, rows)
}

func requireNone(t testing.TB, errs []error) {
	t.Helper()
	for r, err := range errs {
		require.NoError(t, err, "rank %d", r)
	}
}

func requireRows(t testing.TB, want, got []string) {
	t.Helper()
	require.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"))
}

const (
	tableA = `{"op":"table","table":0,"placement":{"kind":"partitioned"}}`
	tableB = `{"op":"table","table":1,"placement":{"kind":"partitioned"}}`
)

func nodes(list ...string) string { return `{"nodes":[` + strings.Join(list, ",") + `]}` }
