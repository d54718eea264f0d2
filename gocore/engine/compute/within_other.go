//go:build !amd64

package compute

// fastWithin: there are no vector instructions that are used.
const fastWithin = false

func within32([]byte, []uint32, uint32, uint32) {}

func within64([]byte, []uint64, uint64, uint64) {}
