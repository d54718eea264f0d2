package operator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// The Spilling of cases of the operators that spill.

func spillingJoin(t *testing.T, spec JoinSpec, left, right string) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		j, err := NewSpillingJoin(spec, optest.Schema(t, left), optest.Schema(t, right))
		require.NoError(t, err)
		for i, sink := range []exec.Sink{j.Left(), j.Right()} {
			if _, err := q.Run(in[i], nil, sink); err != nil {
				return nil, err
			}
		}
		return j.Source(q)
	}
}

func spillingGroup(t *testing.T, spec GroupSpec, columns string) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		g, err := NewSpillingGroup(spec, optest.Schema(t, columns))
		require.NoError(t, err)
		return q.Run(in[0], nil, g)
	}
}

func spillingSort(t *testing.T, columns string, keys ...SortKey) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		return q.Run(in[0], nil, NewSpillingSort(SortSpec{Keys: keys}, optest.Schema(t, columns)))
	}
}

func spillingUnique(t *testing.T, columns string, spec UniqueSpec) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		return q.Run(in[0], nil, NewSpillingUnique(spec, optest.Schema(t, columns)))
	}
}

func spillingSetOp(t *testing.T, columns string, spec SetOpSpec) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		s := NewSpillingSetOp(spec, optest.Schema(t, columns))
		for i, sink := range []exec.Sink{s.Left(), s.Right()} {
			if _, err := q.Run(in[i], nil, sink); err != nil {
				return nil, err
			}
		}
		return s.Source(q)
	}
}

func spillingWindow(t *testing.T, columns string, spec WindowSpec) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		s, err := NewSpillingWindow(spec, optest.Schema(t, columns))
		require.NoError(t, err)
		return q.Run(in[0], nil, s)
	}
}
