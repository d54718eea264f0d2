package compute

import (
	"slices"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// addHeapOwners appends the owners of src that its heaps need, retained, leaving out those that are listed already.
func addHeapOwners(owners []*memory.Buffer, src *column.Column) []*memory.Buffer {
	for _, b := range src.Owners {
		if holdsHeap(b, src.Heaps) && !slices.Contains(owners, b) {
			b.Retain()
			owners = append(owners, b)
		}
	}
	return owners
}

// holdsHeap tells whether b may hold the bytes of one of heaps. An owner without bytes of its own keeps alive whatever
// its lender says.
func holdsHeap(b *memory.Buffer, heaps [][]byte) bool {
	bytes := b.Bytes()
	if len(bytes) == 0 {
		return true
	}
	from := uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))
	for _, h := range heaps {
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(h))); len(h) > 0 && at >= from && at < from+uintptr(len(bytes)) {
			return true
		}
	}
	return false
}

// heapKey tells heaps apart by where they lie.
type heapKey struct {
	data *byte
	size int
}

// HeapMerger collects the distinct heaps of several columns, so that views of all of them can lie in one column.
// It holds no references: the columns must outlive it.
type HeapMerger struct {
	heaps   [][]byte
	numbers map[heapKey]uint32
	owners  []*memory.Buffer // not retained
	known   map[*memory.Buffer]bool
}

// Add takes in c's heaps and returns their numbers in the merged list, nil where every number stays the same.
func (m *HeapMerger) Add(c *column.Column) []uint32 {
	if m.numbers == nil {
		m.numbers, m.known = map[heapKey]uint32{}, map[*memory.Buffer]bool{}
	}
	for _, b := range c.Owners {
		if !m.known[b] && holdsHeap(b, c.Heaps) {
			m.known[b] = true
			m.owners = append(m.owners, b)
		}
	}
	var moved []uint32
	for i, h := range c.Heaps {
		key := heapKey{unsafe.SliceData(h), len(h)}
		number, ok := m.numbers[key]
		if !ok {
			number = uint32(len(m.heaps))
			m.numbers[key] = number
			m.heaps = append(m.heaps, h)
		}
		if number != uint32(i) && moved == nil {
			moved = make([]uint32, len(c.Heaps))
			for j := range i {
				moved[j] = uint32(j)
			}
		}
		if moved != nil {
			moved[i] = number
		}
	}
	return moved
}

// Heaps returns the merged list.
func (m *HeapMerger) Heaps() [][]byte { return m.heaps }

// Attach gives dst the merged heaps and a reference to their owners.
func (m *HeapMerger) Attach(dst *column.Column) {
	dst.Heaps = m.heaps
	for _, b := range m.owners {
		b.Retain()
	}
	dst.Owners = append(dst.Owners, m.owners...)
}
