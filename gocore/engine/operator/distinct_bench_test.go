package operator

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// BenchmarkUnique keeps the first of equal keys, of which few or half are distinct.
func BenchmarkUnique(b *testing.B) {
	const rows = 1 << 20
	r := rand.New(rand.NewPCG(1, 1))
	few, dense, sparse, texts := make([]int64, rows), make([]int64, rows), make([]int64, rows), make([][]any, rows)
	for i := range rows {
		few[i] = r.Int64N(100)
		dense[i] = r.Int64N(rows * 2 / 3)
		sparse[i] = dense[i] * 0x1234567891234567
		texts[i] = []any{fmt.Sprint("some longer id", dense[i])}
	}
	for name, input := range map[string]struct {
		columns string
		batch   *table.Batch
	}{
		"few":     {"k int64", int64Batch(few)},
		"dense":   {"k int64", int64Batch(dense)},
		"sparse":  {"k int64", int64Batch(sparse)},
		"strings": {"k utf8", optest.Batch(b, "k utf8", texts...)},
	} {
		b.Run(name, func(b *testing.B) {
			schema := optest.Schema(b, input.columns)
			for b.Loop() {
				scope := memory.NewScope(memory.NewBudget(0), "bench")
				q := exec.NewQuery(b.Context(), exec.NewPool(1), scope)
				out, err := q.Run(exec.NewScan([]*table.Batch{input.batch}), nil, NewUnique(UniqueSpec{Keys: []int{0}}, schema))
				require.NoError(b, err)
				_, err = q.Run(out, nil, &exec.Collect{})
				require.NoError(b, err)
				scope.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
