package radix

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// spread scatters keys and payload in chunks, as an operator does, and returns the partitions.
func spread(t testing.TB, scope *memory.Scope, keys, payload []uint64, chunk int) (partKeys, partPayload [Parts][]uint64) {
	digits, positions := make([]uint16, Block), make([]uint32, Block)
	var counts []Counts
	blocks := func(f func(chunk, from, to int)) {
		for c, at := 0, 0; at < len(keys); c, at = c+1, at+chunk {
			for from := at; from < min(at+chunk, len(keys)); from += Block {
				f(c, from, min(from+Block, at+chunk, len(keys)))
			}
		}
	}
	blocks(func(c, from, to int) {
		if c == len(counts) {
			counts = append(counts, Counts{})
		}
		Digits(keys[from:to], 0, digits)
		Count(digits[:to-from], &counts[c])
	})
	lengths := Plan(counts)
	var keyBases, payloadBases Bases
	for p, n := range lengths {
		values, buffer, err := memory.Make[uint64](scope, 2*n)
		require.NoError(t, err)
		partKeys[p], partPayload[p] = values[:n], values[n:]
		keyBases[p] = unsafe.Pointer(unsafe.SliceData(buffer.Bytes()))
		payloadBases[p] = unsafe.Add(keyBases[p], 8*n)
	}
	blocks(func(c, from, to int) {
		Digits(keys[from:to], 0, digits)
		Positions(digits[:to-from], &counts[c], positions)
		Scatter(&keyBases, digits, positions, keys[from:to])
		Scatter(&payloadBases, digits, positions, payload[from:to])
	})
	return partKeys, partPayload
}

func TestSpreadKeepsOrderWithinPartitions(t *testing.T) {
	const rows = 50_000
	rng := rand.New(rand.NewPCG(1, 2))
	keys, payload := make([]uint64, rows), make([]uint64, rows)
	for i := range keys {
		keys[i], payload[i] = rng.Uint64N(5000), uint64(i)
	}
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	want := [Ways][]uint64{}
	for i, k := range keys {
		p := Hash(k) >> (64 - Bits)
		want[p] = append(want[p], uint64(i))
	}
	for _, chunk := range []int{7, Block, 3*Block + 1, rows} {
		partKeys, partPayload := spread(t, scope, keys, payload, chunk)
		require.Empty(t, partKeys[Ways])
		for p := range want {
			require.Equal(t, want[p], append([]uint64(nil), partPayload[p]...), "chunk %d, partition %d", chunk, p)
			for i, row := range partPayload[p] {
				require.Equal(t, keys[row], partKeys[p][i])
			}
		}
	}
}

// TestFusedKernels compares the kernels that do several steps at once with the steps.
func TestFusedKernels(t *testing.T) {
	const rows = Block
	keys, payload := make([]uint64, rows), make([]uint64, rows)
	for i := range keys {
		keys[i], payload[i] = rand.Uint64(), uint64(i)
	}
	for level := range uint(2) {
		var counts, fused Counts
		digits, positions := make([]uint16, rows), make([]uint32, rows)
		Digits(keys, level, digits)
		Count(digits, &counts)
		CountKeys(keys, level, &fused)
		require.Equal(t, counts, fused)

		var next Counts
		Positions(digits, &next, positions)
		require.Equal(t, counts, next)
		var want, got [2]Bases
		var wanted, gotten [2][Parts][]uint64
		for column := range want {
			for p, n := range counts {
				wanted[column][p], gotten[column][p] = make([]uint64, n+1), make([]uint64, n+1)
				want[column][p] = unsafe.Pointer(unsafe.SliceData(wanted[column][p]))
				got[column][p] = unsafe.Pointer(unsafe.SliceData(gotten[column][p]))
			}
		}
		Scatter(&want[0], digits, positions, keys)
		Scatter(&want[1], digits, positions, payload)
		next = Counts{}
		ScatterPairs(&got[0], &got[1], keys, payload, level, &next)
		require.Equal(t, wanted, gotten)
		require.Equal(t, counts, next)

		fusedDigits, fusedPositions := make([]uint16, rows), make([]uint32, rows)
		next = Counts{}
		ScatterKeys(&got[0], keys, level, &next, fusedDigits, fusedPositions)
		require.Equal(t, wanted[0], gotten[0])
		require.Equal(t, digits, fusedDigits)
		require.Equal(t, positions, fusedPositions)
	}
}

func TestDigitsSpreadRegularKeys(t *testing.T) {
	const rows = 1 << 16
	steps := map[string]func(i uint64) uint64{
		"sequence":             func(i uint64) uint64 { return i },
		"times 2^40":           func(i uint64) uint64 { return i << 40 },
		"times 1000":           func(i uint64) uint64 { return i * 1000 },
		"days in microseconds": func(i uint64) uint64 { return i * 86_400_000_000 },
		"negative":             func(i uint64) uint64 { return -i },
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			keys, digits := make([]uint64, rows), make([]uint16, rows)
			for i := range keys {
				keys[i] = step(uint64(i))
			}
			for level := range uint(2) {
				var counts Counts
				Digits(keys, level, digits)
				Count(digits, &counts)
				for p, n := range counts[:Ways] {
					require.InDelta(t, rows/Ways, n, rows/Ways, "level %d, partition %d", level, p)
				}
			}
		})
	}
}

// BenchmarkSpread scatters two columns; bytes/s is read plus written once.
func BenchmarkSpread(b *testing.B) {
	const rows = 4 << 20
	keys, payload := make([]uint64, rows), make([]uint64, rows)
	for i := range keys {
		keys[i], payload[i] = rand.Uint64N(rows), uint64(i)
	}
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	digits, positions := make([]uint16, Block), make([]uint32, Block)
	var counts Counts
	count := func() {
		for from := 0; from < rows; from += Block {
			Digits(keys[from:from+Block], 0, digits)
			Count(digits, &counts)
		}
	}
	count()
	chunks := []Counts{counts}
	lengths := Plan(chunks)
	var keyBases, payloadBases Bases
	_, buffer, err := memory.Make[uint64](scope, 2*rows)
	require.NoError(b, err)
	at := unsafe.Pointer(unsafe.SliceData(buffer.Bytes()))
	for p, n := range lengths {
		keyBases[p], payloadBases[p] = at, unsafe.Add(at, 8*rows)
		at = unsafe.Add(at, 8*n)
	}
	b.Run("count", func(b *testing.B) {
		b.SetBytes(8 * rows)
		for b.Loop() {
			count()
		}
	})
	b.Run("pairs", func(b *testing.B) {
		b.SetBytes(32 * rows)
		for b.Loop() {
			next := chunks[0]
			ScatterPairs(&keyBases, &payloadBases, keys, payload, 0, &next)
		}
	})
	b.Run("columns", func(b *testing.B) {
		b.SetBytes(32 * rows)
		for b.Loop() {
			next := chunks[0]
			for from := 0; from < rows; from += Block {
				ScatterKeys(&keyBases, keys[from:from+Block], 0, &next, digits, positions)
				Scatter(&payloadBases, digits, positions, payload[from:from+Block])
			}
		}
	})
}
