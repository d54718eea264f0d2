package operator

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// fastAdd tells whether the machine has the instructions (AVX).
var fastAdd = cpu.X86.HasAVX

// sumInts adds values[i] to the 128-bit sum at cells[ids[i]].
//
//go:noescape
func sumInts(cells unsafe.Pointer, ids []uint32, values unsafe.Pointer)

// sumIntRows adds values[rows[i]] likewise. Rows beyond the length, up to the capacity, are what comes next: their values are
// only asked for.
//
//go:noescape
func sumIntRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer)

// sumFloats adds values[i] to the two words at cells[ids[i]], as addWords does, up to the first sum that two words don't
// hold, whose i it returns.
//
//go:noescape
func sumFloats(cells unsafe.Pointer, ids []uint32, values unsafe.Pointer) int

// sumFloatRows adds values[rows[i]] likewise; see sumIntRows.
//
//go:noescape
func sumFloatRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer) int
