package operator

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// fastRows tells whether the machine has the instructions (AVX).
var fastRows = cpu.X86.HasAVX

// addIntRows adds values[rows[i]] to the 128-bit sum at cells[ids[i]]. Rows beyond the length, up to the capacity, are what comes
// next: their values are only asked for.
//
//go:noescape
func addIntRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer)

// addFloatRows adds values[rows[i]] to the two words at cells[ids[i]], as addWords does, up to the first sum that two words
// don't hold, whose i it returns.
//
//go:noescape
func addFloatRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer) int
