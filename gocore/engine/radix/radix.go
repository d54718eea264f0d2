// Package radix spreads rows over 512 partitions by a hash of their keys: what the hash join and the group-by do to
// inputs that are larger than a core's cache.
//
//	key  ──Hash──▶  | digit 0 | digit 1 | digit 2 | ...      9 bits each, from the top
//	                  partition  partition of a partition; the bits below choose a hash table's bucket
//
//	1 Digits, Count      how many rows of each chunk of the input go to each partition
//	2 Plan               where each chunk's rows start within each partition; how long the partitions are
//	3 Digits, Positions  where each row goes, a block of rows at a time,
//	  Scatter            then each column's values go there
//
// A partition holds its rows in the order of the input, whatever the number of workers: a chunk's place in it is
// planned. Always 512 ways: fewer are slower, because a counter is read again before its last update has left the
// store queue, and more exceed the caches' ways; a partition that is still too large is spread again by its next digit.
//
// Keys are 64 bits: an integer itself, or a hash of something wider. Rows whose key is null may go to a partition of
// their own, number Ways.
package radix

import (
	"math/bits"
	"unsafe"
)

const (
	// Bits of the hash make one digit.
	Bits = 9
	// Ways is the number of partitions, besides the one for null keys.
	Ways = 1 << Bits
	// Parts is the number of partitions with the one for null keys.
	Parts = Ways + 1
	// Block is how many rows are scattered at a time: their digits and positions stay in the L1 cache.
	Block = 2048
)

const (
	hashKey        = 0x2D358DCCAA6C78A5
	hashMultiplier = 0x8BB84B93962EACC9
)

// Hash spreads key over 64 bits. It is independent of hashing.Uint64, whose high bits the rows of one rank share.
func Hash(key uint64) uint64 {
	hi, lo := bits.Mul64(key^hashKey, hashMultiplier)
	return hi ^ lo
}

// Counts is a number of rows per partition.
type Counts [Parts]uint32

// Digits writes digit number level of each key's hash to digits.
func Digits(keys []uint64, level uint, digits []uint16) {
	digits = digits[:len(keys)]
	shift := 64 - Bits*(level+1)
	for i, k := range keys {
		digits[i] = uint16(Hash(k)>>(shift&63)) & (Ways - 1)
	}
}

// Count adds the rows of each digit to counts.
func Count(digits []uint16, counts *Counts) {
	for _, d := range digits {
		counts[d]++
	}
}

// Positions writes to positions where each row goes within the partition of its digit, and moves next past it.
func Positions(digits []uint16, next *Counts, positions []uint32) {
	positions = positions[:len(digits)]
	for i, d := range digits {
		p := next[d]
		positions[i] = p
		next[d] = p + 1
	}
}

// Bases is where one column of each partition starts. They point to memory off Go's heap.
type Bases [Parts]unsafe.Pointer

// Scatter writes each of src to its position in the partition of its digit. digits and positions are trusted.
func Scatter[T any](dst *Bases, digits []uint16, positions []uint32, src []T) {
	digits, positions = digits[:len(src)], positions[:len(src)]
	var zero T
	for i, v := range src {
		*(*T)(unsafe.Add(dst[digits[i]], uintptr(positions[i])*unsafe.Sizeof(zero))) = v
	}
}

// CountKeys is Digits and Count at once, where no key is null.
func CountKeys(keys []uint64, level uint, counts *Counts) {
	shift := 64 - Bits*(level+1)
	for _, k := range keys {
		counts[Hash(k)>>(shift&63)&(Ways-1)]++
	}
}

// ScatterKeys is Digits, Positions and Scatter of the keys at once, where no key is null: 1.5 times faster.
func ScatterKeys(dst *Bases, keys []uint64, level uint, next *Counts, digits []uint16, positions []uint32) {
	digits, positions = digits[:len(keys)], positions[:len(keys)]
	shift := 64 - Bits*(level+1)
	for i, k := range keys {
		d := Hash(k) >> (shift & 63) & (Ways - 1)
		p := next[d]
		next[d] = p + 1
		digits[i], positions[i] = uint16(d), p
		*(*uint64)(unsafe.Add(dst[d], uintptr(p)*8)) = k
	}
}

// ScatterPairs scatters keys and one more column, where no key is null: twice as fast as the steps.
func ScatterPairs[T any](keyDst, valueDst *Bases, keys []uint64, values []T, level uint, next *Counts) {
	values = values[:len(keys)]
	var zero T
	shift := 64 - Bits*(level+1)
	for i, k := range keys {
		d := Hash(k) >> (shift & 63) & (Ways - 1)
		p := next[d]
		next[d] = p + 1
		*(*uint64)(unsafe.Add(keyDst[d], uintptr(p)*8)) = k
		*(*T)(unsafe.Add(valueDst[d], uintptr(p)*unsafe.Sizeof(zero))) = values[i]
	}
}

// Plan turns the counts of an input's chunks, in order, into where each chunk's rows start within each partition, and
// returns the partitions' lengths.
func Plan(chunks []Counts) (lengths [Parts]int) {
	for c := range chunks {
		for p := range chunks[c] {
			n := int(chunks[c][p])
			chunks[c][p] = uint32(lengths[p])
			lengths[p] += n
		}
	}
	return lengths
}

// Order writes the numbers of the rows to ids, by partition and then in order, given each row's partition of n, and
// returns where each partition's begin, and the end.
func Order(partitions []uint32, n int, ids []uint32) []int {
	starts := make([]int, n+1)
	for _, p := range partitions {
		starts[p+1]++
	}
	for p := range n {
		starts[p+1] += starts[p]
	}
	next := append([]int(nil), starts[:n]...)
	for i, p := range partitions {
		ids[next[p]] = uint32(i)
		next[p]++
	}
	return starts
}
