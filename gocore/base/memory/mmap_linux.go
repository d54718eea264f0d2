package memory

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapAligned maps size bytes at a multiple of alignment, which is one of hugePage.
func mapAligned(size, alignment int) ([]byte, error) {
	length, spare := uintptr(size+hugePage-1)&^(hugePage-1), uintptr(alignment)
	p, err := unix.MmapPtr(-1, 0, nil, length+spare, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	lead := -uintptr(p) & (spare - 1)
	start := unsafe.Add(p, lead)
	if lead > 0 {
		_ = unix.MunmapPtr(p, lead)
	}
	if tail := spare - lead; tail > 0 {
		_ = unix.MunmapPtr(unsafe.Add(start, length), tail)
	}
	return unsafe.Slice((*byte)(start), length)[:size:size], nil
}

// preferHuge asks for huge pages behind block, which begins at a multiple of one.
func preferHuge(block []byte) {
	length := (len(block) + hugePage - 1) &^ (hugePage - 1)
	_ = unix.Madvise(unsafe.Slice(unsafe.SliceData(block), length), unix.MADV_HUGEPAGE) // a refusal costs speed only
}

func unmap(block []byte) {
	length := uintptr(len(block)+hugePage-1) &^ (hugePage - 1)
	_ = unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(block)), length)
}

// discard gives the memory of the whole pages inside block back; they read as zeros when touched again.
func discard(block []byte) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(block)))
	page := uintptr(unix.Getpagesize())
	lead := -start & (page - 1)
	whole := (uintptr(len(block)) - lead) &^ (page - 1)
	_ = unix.Madvise(block[lead:lead+whole], unix.MADV_DONTNEED) // a refusal costs memory only
}
