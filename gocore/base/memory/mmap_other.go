//go:build !linux

package memory

import "golang.org/x/sys/unix"

// mapAligned maps size bytes; at a multiple of alignment where that is more than a huge page.
func mapAligned(size, alignment int) ([]byte, error) {
	if alignment <= hugePage {
		return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	}
	block, err := unix.Mmap(-1, 0, size+alignment, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	lead := int(-address(block) & uintptr(alignment-1))
	return block[lead : lead+size : lead+size], nil
}

func unmap(block []byte) { _ = unix.Munmap(block) }

func discard([]byte) {}

func preferHuge([]byte) {}
