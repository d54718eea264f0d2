//go:build !linux

package memory

import "golang.org/x/sys/unix"

func mapAligned(size int) ([]byte, error) {
	return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

func unmap(block []byte) { _ = unix.Munmap(block) }

func discard([]byte) {}
