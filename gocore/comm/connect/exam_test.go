package connect_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// Two ranks on one host have loopback, both ways; the token serves again, for an examination and for a job.
func TestExamineOneHost(t *testing.T) {
	leak.Check(t)
	token := issue(t, serve(t), 2)
	for range 2 {
		var found [2]*connect.Examination
		g := task.NewGroup(context.Background())
		for rank := range found {
			g.Go(func(ctx context.Context) (err error) {
				found[rank], err = connect.Examine(ctx, token, connect.Options{Rank: &rank, Timeout: 30 * time.Second})
				return err
			})
		}
		require.NoError(t, g.Wait())
		require.Equal(t, found[0].Ways, found[1].Ways)
		require.Equal(t, "loopback", found[0].Best)
		require.Len(t, found[0].Ways, 2) // the second dials after three seconds: the examination may be over
		require.True(t, found[0].Ways[0].Works)
		require.Greater(t, found[0].Ways[0].MegaBytes[1], 1.0)
	}
	members, errs := joinAll(token, func(i int) connect.Options { return connect.Options{Rank: &i} })
	require.Equal(t, []error{nil, nil}, errs)
	for _, m := range members {
		m.Close()
	}
}

func TestExamineRefuses(t *testing.T) {
	leak.Check(t)
	_, err := connect.Examine(context.Background(), issue(t, serve(t), 1), connect.Options{Timeout: 10 * time.Second})
	require.Equal(t, status.Invalid, status.CodeOf(err))
	require.ErrorContains(t, err, "--world-size 2")
	_, err = connect.Examine(context.Background(), issue(t, serve(t), 2), connect.Options{Timeout: time.Second})
	require.Equal(t, status.Timeout, status.CodeOf(err))
	require.ErrorContains(t, err, "absent: rank")
}
