package compute

import "golang.org/x/sys/cpu"

// fastWithin tells whether the machine has the vector instructions (AVX2).
var fastWithin = cpu.X86.HasAVX2

// within32 is within for a multiple of 32 values, whose range begins at from and is span long.
//
//go:noescape
func within32(dst []byte, a []uint32, from, span uint32)

// within64 is within32 for a multiple of 8 values.
//
//go:noescape
func within64(dst []byte, a []uint64, from, span uint64)
