package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// dropped counts what is let go of.
type dropped struct{ n int }

func (d *dropped) drop() { d.n++ }

func TestAShortOperationIsDoneAtOnce(t *testing.T) {
	after := false
	op := start(func(context.Context) (outcome, error) { return outcome{info: []byte("x")}, nil }, func() { after = true })
	require.True(t, op.wait(-1))
	require.True(t, after)
	made, err := op.take()
	require.NoError(t, err)
	require.Equal(t, "x", string(made.info))
	_, err = op.take()
	require.Equal(t, status.Invalid, status.CodeOf(err), "a result is taken once")
}

func TestALongOperationIsWaitedForAndCancelled(t *testing.T) {
	op := start(func(ctx context.Context) (outcome, error) {
		<-ctx.Done()
		return outcome{}, context.Cause(ctx)
	}, func() {})
	require.False(t, op.wait(0))
	require.False(t, op.wait(time.Millisecond))
	op.cancel()
	require.True(t, op.wait(-1))
	_, err := op.take()
	require.Equal(t, status.Cancelled, status.CodeOf(err))
}

func TestAFailingOrPanickingOperation(t *testing.T) {
	for name, test := range map[string]struct {
		work func(context.Context) (outcome, error)
		code status.Code
		text string
	}{
		"error": {func(context.Context) (outcome, error) { return outcome{}, errors.New("it broke") }, status.Internal, "it broke"},
		"typed": {func(context.Context) (outcome, error) { return outcome{}, status.Errorf(status.IO, "no disk") }, status.IO, "no disk"},
		"panic": {func(context.Context) (outcome, error) { panic("at the disco") }, status.Internal, "at the disco"},
	} {
		t.Run(name, func(t *testing.T) {
			after := false
			op := start(test.work, func() { after = true })
			require.True(t, op.wait(-1))
			require.True(t, after)
			_, err := op.take()
			require.Equal(t, test.code, status.CodeOf(err))
			require.ErrorContains(t, err, test.text)
		})
	}
}

func TestAResultThatNobodyTakesIsDropped(t *testing.T) {
	t.Run("closed after the end", func(t *testing.T) {
		result := &dropped{}
		op := start(func(context.Context) (outcome, error) { return outcome{object: result}, nil }, func() {})
		require.True(t, op.wait(-1))
		op.close()
		op.close()
		require.Equal(t, 1, result.n)
	})
	t.Run("closed before the end", func(t *testing.T) {
		result := &dropped{}
		op := start(func(ctx context.Context) (outcome, error) {
			<-ctx.Done()
			return outcome{object: result}, nil
		}, func() {})
		op.close()
		require.True(t, op.wait(-1))
		require.Equal(t, 1, result.n)
	})
	t.Run("closed while another waits", func(t *testing.T) {
		result := &dropped{}
		op := start(func(ctx context.Context) (outcome, error) { return outcome{object: result}, nil }, func() {})
		require.True(t, op.wait(-1))
		op.close()
		_, err := op.take()
		require.Equal(t, status.Closed, status.CodeOf(err), "no result is no success")
		require.Equal(t, 1, result.n)
	})
	t.Run("taken", func(t *testing.T) {
		result := &dropped{}
		op := start(func(context.Context) (outcome, error) { return outcome{object: result}, nil }, func() {})
		require.True(t, op.wait(-1))
		_, err := op.take()
		require.NoError(t, err)
		op.close()
		require.Zero(t, result.n)
	})
}

func TestMessagesKeepWhatWrapsAnError(t *testing.T) {
	inner := status.AtRank(status.Remote, 2, "it failed there")
	for want, err := range map[string]error{
		"it failed there":                         inner,
		"while closing: it failed there (rank 2)": &wrapped{"while closing: ", inner},
		"Closed": &status.Error{Code: status.Closed, Rank: status.NoRank},
	} {
		require.Equal(t, want, messageOf(err, status.From(err)))
	}
}

type wrapped struct {
	text string
	err  error
}

func (w *wrapped) Error() string { return w.text + w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }
