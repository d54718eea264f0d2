package compute_test

import (
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

func randomInts(b *testing.B, scope *memory.Scope, n int) *column.Column {
	c, err := compute.New(scope, arrow.PrimitiveTypes.Int64, n)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		column.Of[int64](&c)[i] = rng.Int64N(2000) - 1000
	}
	return &c
}

// BenchmarkKernels times kernels of a batch: ns per row.
func BenchmarkKernels(b *testing.B) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	const n = 128 << 10
	x, y := randomInts(b, scope, n), randomInts(b, scope, n)
	zero := randomInts(b, scope, 1)
	column.Of[int64](zero)[0] = 0
	ids := make([]uint32, n+compute.SelectRoom)
	keep, _ := compute.Compare(scope, compute.Greater, x, zero)
	some := compute.Select(&keep, ids)
	for name, f := range map[string]func() (column.Column, error){
		"add":          func() (column.Column, error) { return compute.Arithmetic(scope, compute.Add, x.Type, x, y) },
		"add constant": func() (column.Column, error) { return compute.Arithmetic(scope, compute.Add, x.Type, x, zero) },
		"multiply":     func() (column.Column, error) { return compute.Arithmetic(scope, compute.Multiply, x.Type, x, y) },
		"greater":      func() (column.Column, error) { return compute.Compare(scope, compute.Greater, x, zero) },
		"choose":       func() (column.Column, error) { return compute.Choose(scope, &keep, x, y) },
		"gather half":  func() (column.Column, error) { return compute.Gather(scope, x, some) },
		"select":       func() (column.Column, error) { compute.Select(&keep, ids); return column.Column{}, nil },
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				c, err := f()
				if err != nil {
					b.Fatal(err)
				}
				c.Release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
