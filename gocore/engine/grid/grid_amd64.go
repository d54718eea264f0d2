package grid

import "golang.org/x/sys/cpu"

// fast tells whether the machine has the vector instructions.
var fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// largestOf is Largest of a multiple of 16 words.
//
//go:noescape
func largestOf(words []uint64) uint64

// sumOf returns the sums of the bits of a multiple of 8 floats on two grids, and a word of which some bit but the first is
// set if one of them isn't exact.
//
//go:noescape
func sumOf(words []uint64, first, second float64) (a, b, lost uint64)

// productsOf is sumOf for a multiple of 4 products, on two grids, and for what they lack, on two others.
//
//go:noescape
func productsOf(x, y []uint64, offsets *[4]float64, sums *[4]uint64) (lost uint64)
