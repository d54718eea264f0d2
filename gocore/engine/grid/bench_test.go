package grid

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkSum adds a column, in parts that stay in the L1 cache, of the cache and of memory.
func BenchmarkSum(b *testing.B) {
	const part = 1 << 10
	for _, rows := range []int{part, 10_000_000} {
		x := column(rows, rand.New(rand.NewPCG(1, 2)), (*rand.Rand).Float64)
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			for range b.N {
				for at := 0; at < rows; at += part {
					words := x[at:min(at+part, rows)]
					units, _ := For(Largest(words))
					sum := Sum{Grid: units}
					sum.Add(words)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
		b.Run(fmt.Sprint(rows, " products"), func(b *testing.B) {
			for range b.N {
				for at := 0; at < rows; at += part {
					words := x[at:min(at+part, rows)]
					largest := Largest(words)
					sum, _ := ForProducts(largest, largest)
					sum.Add(words, words)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
	}
}
