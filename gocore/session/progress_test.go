package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/events"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/session"
)

// told returns the events of env, by kind.
func told(t *testing.T, env *session.Env) map[events.Kind][]events.Event {
	t.Helper()
	lines, _, lost := env.Events(0)
	require.Zero(t, lost)
	all := map[events.Kind][]events.Event{}
	for _, line := range bytes.Split(bytes.TrimSpace(lines), []byte("\n")) {
		var e events.Event
		require.NoError(t, json.Unmarshal(line, &e))
		all[e.Kind] = append(all[e.Kind], e)
	}
	return all
}

// selfJoin has as many results as its input has pairs of rows.
const selfJoin = `{"nodes":[{"op":"table","table":0},{"op":"table","table":0},
	{"op":"join","inputs":[0,1],"how":"inner","left_on":["k"],"right_on":["k"],"suffixes":["_x","_y"]},
	{"op":"group","inputs":[2],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"v_x"}]}],"root":3}`

func sameKeys(t *testing.T, n int) *table.Table {
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{1, i}
	}
	return tableOf(t, "k int64, v int64", rows...)
}

func TestASlowPlanTellsItsProgress(t *testing.T) {
	leak.Check(t)
	env := openLocal(t)
	arg := sameKeys(t, 150_000) // minutes of work
	defer arg.Release()
	ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := env.Run(ctx, []byte(selfJoin), []*table.Table{arg}, "here")
	took := time.Since(start)
	require.Equal(t, status.Timeout, status.CodeOf(err))

	all := told(t, env)
	progress := all[events.Progress]
	require.NotEmpty(t, progress)
	require.LessOrEqual(t, len(progress), 1+int((took-500*time.Millisecond)/(200*time.Millisecond)))
	require.GreaterOrEqual(t, progress[0].Time.Sub(start), 500*time.Millisecond)
	for i, e := range progress {
		require.Equal(t, "groupby", e.Op)
		require.EqualValues(t, 1, e.Run)
		if i > 0 {
			require.GreaterOrEqual(t, e.Time.Sub(progress[i-1].Time), 200*time.Millisecond)
			require.GreaterOrEqual(t, e.Seconds, progress[i-1].Seconds)
		}
	}
	last := progress[len(progress)-1]
	require.Equal(t, "group", last.Step)
	require.Positive(t, last.Rows)
	require.Zero(t, last.RowsTotal, "nobody knows how many rows a join makes")
	require.Empty(t, all[events.Span])
	require.Len(t, all[events.Log], 1)
	require.EqualValues(t, 1, all[events.Log][0].Run)
}

// On several ranks progress tells what went over the wire so far, and how many of a rank's own rows it has read.
func TestASlowPlanOfSeveralRanksTellsItsBytes(t *testing.T) {
	leak.Check(t)
	envs := world(t, 2, session.Config{})
	arg := sameKeys(t, 100_000)
	defer arg.Release()
	text := []byte(strings.ReplaceAll(selfJoin, `"table":0`, `"table":0,"placement":{"kind":"partitioned"}`))
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
		defer cancel()
		_, err := env.Run(ctx, text, []*table.Table{arg}, "here")
		return err
	})
	var sent, received int64
	for rank, env := range envs {
		require.Error(t, errs[rank])
		progress := told(t, env)[events.Progress]
		require.NotEmpty(t, progress)
		last := progress[len(progress)-1]
		require.Equal(t, rank, last.Rank)
		sent += last.BytesSent
		received += last.BytesReceived
	}
	require.Greater(t, sent, int64(100_000), "all rows of one rank, twice")
	require.Positive(t, received)
}

// A quick plan tells only its end: the operators', in order, and its own.
func TestAQuickPlanTellsItsTimeline(t *testing.T) {
	leak.Check(t)
	env := openLocal(t)
	arg := sameKeys(t, 10)
	defer arg.Release()
	before := time.Now()
	for range 2 {
		result, err := env.Run(context.Background(), []byte(selfJoin), []*table.Table{arg}, "here")
		require.NoError(t, err)
		result.Table.Release()
	}
	all := told(t, env)
	require.Empty(t, all[events.Progress])
	spans := all[events.Span]
	steps := []string{"source", "source", "project", "join", "group", "sort", ""}
	rows := []int64{10, 10, 10, 100, 1, 1, 1}
	require.Len(t, spans, 2*len(steps))
	for i, e := range spans {
		require.EqualValues(t, 1+i/len(steps), e.Run)
		require.Equal(t, "groupby", e.Op)
		require.Equal(t, steps[i%len(steps)], e.Step)
		require.Equal(t, rows[i%len(steps)], e.Rows)
		require.Positive(t, e.Seconds)
		began := e.Time.Add(-time.Duration(e.Seconds * float64(time.Second)))
		require.WithinRange(t, began, before.Add(-time.Millisecond), e.Time)
		require.False(t, e.Time.After(spans[i/len(steps)*len(steps)+len(steps)-1].Time), "the whole ends last")
	}
}

// A rank whose peers are late tells that it waits, and afterwards what went over the wire.
func TestWaitingForOtherRanksIsTold(t *testing.T) {
	leak.Check(t)
	envs := world(t, 2, session.Config{})
	arg := sameKeys(t, 1000)
	defer arg.Release()
	text := []byte(`{"nodes":[{"op":"table","table":0,"placement":{"kind":"partitioned"}},
		{"op":"replicate","inputs":[0]}],"root":1}`)
	errs := each(envs, func(ctx context.Context, env *session.Env) error {
		if env.Rank() == 1 {
			time.Sleep(800 * time.Millisecond)
		}
		result, err := env.Run(ctx, text, []*table.Table{arg}, "here")
		if err == nil {
			result.Table.Release()
		}
		return err
	})
	require.Equal(t, make([]error, 2), errs)
	all := told(t, envs[0])
	require.NotEmpty(t, all[events.Progress])
	require.Equal(t, "waiting for other ranks", all[events.Progress][0].Step)
	require.Zero(t, all[events.Progress][0].Rows)
	whole := all[events.Span][len(all[events.Span])-1]
	require.Equal(t, "replicate", whole.Op)
	require.EqualValues(t, 2000, whole.Rows)
	require.Positive(t, whole.BytesSent)
	require.Positive(t, whole.BytesReceived)
	require.Equal(t, 1, told(t, envs[1])[events.Span][0].Rank)
}
