package status

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorText(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{Errorf(NotFound, "no column %q", "a"), `no column "a"`},
		{AtRank(PeerLost, 3, "stopped answering"), "stopped answering (rank 3)"},
		{In("merge", Errorf(NotFound, "no column")), "merge: no column"},
		{In("run", In("merge", Errorf(NotFound, "no column"))), "merge: no column"},
		{In("merge", AtRank(Remote, 0, "failed")), "merge: failed (rank 0)"},
		{&Error{Code: Closed, Rank: NoRank}, "Closed"},
		{&Error{Code: Code(99), Rank: NoRank}, "Code(99)"},
	}
	for _, test := range tests {
		require.EqualError(t, test.err, test.want)
	}
}

func TestFrom(t *testing.T) {
	inner := Errorf(Malformed, "line 3")
	tests := []struct {
		err       error
		code      Code
		retryable bool
	}{
		{inner, Malformed, false},
		{fmt.Errorf("a.csv: %w", inner), Malformed, false},
		{context.Canceled, Cancelled, false},
		{fmt.Errorf("waiting: %w", context.DeadlineExceeded), Timeout, true},
		{Errorf(Unreachable, "no route"), Unreachable, true},
		{io.ErrUnexpectedEOF, Internal, false},
	}
	for _, test := range tests {
		require.Equal(t, test.code, CodeOf(test.err), "%v", test.err)
		require.Equal(t, test.retryable, From(test.err).Retryable(), "%v", test.err)
	}
	require.Nil(t, From(nil))
	require.NoError(t, In("merge", nil))
	require.Equal(t, OK, CodeOf(nil))
	require.ErrorIs(t, Errorf(IO, "reading: %w", io.EOF), io.EOF)
	require.True(t, errors.Is(In("merge", inner), inner.Err))
}

// In must not write to an error that others hold.
func TestInCopies(t *testing.T) {
	inner := Errorf(Malformed, "line 3")
	require.EqualError(t, In("read_csv", inner), "read_csv: line 3")
	require.EqualError(t, inner, "line 3")
}

func TestCodesHaveNames(t *testing.T) {
	require.Len(t, Codes(), int(Internal)+1)
	seen := map[string]bool{}
	for i, c := range Codes() {
		require.Equal(t, Code(i), c)
		require.NotEmpty(t, c.String())
		require.False(t, seen[c.String()], "%s twice", c)
		seen[c.String()] = true
	}
}
