package compute_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// textColumn returns strings with offsets, as they come from outside.
func textColumn(n int, text func(i int) string) *column.Column {
	offsets, heap := make([]int32, n+1), []byte(nil)
	for i := range n {
		heap = append(heap, text(i)...)
		offsets[i+1] = int32(len(heap))
	}
	return &column.Column{Type: arrow.BinaryTypes.String, Kind: column.String, Len: n, Layout: column.Offsets32, Offsets: memory.BytesOf(offsets), Heaps: [][]byte{heap}}
}

// BenchmarkTexts times kernels of strings: ns per row.
func BenchmarkTexts(b *testing.B) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	const n = 128 << 10
	rng := rand.New(rand.NewPCG(1, 1))
	columns := map[string]*column.Column{
		"long":  textColumn(n, func(int) string { return fmt.Sprintf("customer.%07d@example.org", rng.IntN(900_000)) }),
		"short": textColumn(n, func(int) string { return fmt.Sprintf("id%05d", rng.IntN(100_000)) }),
		"mixed": textColumn(n, func(int) string { i := rng.IntN(10_000); return strings.Repeat("x", i%23) + fmt.Sprint(i) }),
	}
	for name, c := range columns {
		views, err := c.AsViews(scope)
		if err != nil {
			b.Fatal(err)
		}
		one := c.Slice(7, 1)
		some := views.Slice(0, 1000)
		set, err := compute.NewSet(scope, c.Type, &some)
		if err != nil {
			b.Fatal(err)
		}
		class, _ := compute.CompilePattern("[0-9]77[0-9]", compute.Anywhere, false)
		either, _ := compute.CompilePattern("0012|9917|example.net", compute.Anywhere, false)
		two, five, most, minus := 2, 9, 25, -4
		for kernel, f := range map[string]func() (column.Column, error){
			"equal":  func() (column.Column, error) { return compute.Compare(scope, compute.Equal, c, &one) },
			"is in":  func() (column.Column, error) { return set.Contains(scope, c) },
			"length": func() (column.Column, error) { return compute.TextLength(scope, c) },
			"slice": func() (column.Column, error) {
				return compute.SliceText(scope, c, compute.Bounds{Start: &two, Stop: &five})
			},
			"slice most": func() (column.Column, error) {
				return compute.SliceText(scope, c, compute.Bounds{Start: &two, Stop: &most})
			},
			"slice tail": func() (column.Column, error) { return compute.SliceText(scope, c, compute.Bounds{Start: &minus}) },
			"class":      func() (column.Column, error) { return compute.MatchesText(scope, c, class) },
			"either":     func() (column.Column, error) { return compute.MatchesText(scope, c, either) },
		} {
			b.Run(kernel+" "+name, func(b *testing.B) {
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
}
