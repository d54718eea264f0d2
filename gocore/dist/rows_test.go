package dist

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The rows of a plan of one rank's alone start at 0, whichever rank it is.
func TestRowsOfALocalPlan(t *testing.T) {
	for rank := range 3 {
		l := &lowerer{world: World{Rank: rank, Size: 3}}
		counts, err := l.counts(5)
		require.NoError(t, err)
		mine, total := before(counts, rank)
		require.Zero(t, mine)
		require.EqualValues(t, 5, total)
	}
}
