// Package memory is pycylon's memory off Go's heap: where every column, hash table and message lives.
//
//	Budget ── Reservation ── Scope ── Buffer          what one operation may use, holds and must give back
//	                           │
//	                         arena                    size classes over 2 MiB-aligned huge-page mappings
//
// Go's collector neither scans nor moves these blocks, a result can be lent to Python without a copy, and a block
// that was touched once is reused rather than faulted in anew (a first touch costs ten times a second one).
//
// Size classes have four steps per doubling (waste at most a quarter). Classes below largeBlock are carved from
// slabs of slabSize that stay mapped; larger blocks are mappings of their own that Trim gives back to the system.
package memory

import (
	"math/bits"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/status"
)

const (
	minBlock   = 64
	largeBlock = 1 << 20
	slabSize   = 2 << 20
)

// arena hands out blocks by size class. There is one per process: blocks move freely between operations.
type arena struct {
	mu     sync.Mutex
	free   [256][][]byte
	mapped int64 // bytes mapped from the system
	idle   int64 // of these, in free lists of large classes
	live   int64 // of these, in blocks that are handed out
}

var shared arena

// classOf returns the block size for n bytes and its class: 4 classes per doubling from minBlock on.
func classOf(n int) (size int, class uint8) {
	if n <= minBlock {
		return minBlock, 0
	}
	shift := bits.Len(uint(n-1)) - 3 // keep the top three bits: a step is an eighth to a quarter
	steps := (n-1)>>shift + 1        // 5..8 (4 < steps)
	size = steps << shift
	return (size + minBlock - 1) &^ (minBlock - 1), uint8(shift*4 + steps - 4)
}

func (a *arena) get(size int, class uint8) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	block, err := a.take(size, class)
	if err == nil {
		a.live += int64(size)
	}
	return block, err
}

func (a *arena) take(size int, class uint8) ([]byte, error) {
	if list := a.free[class]; len(list) > 0 {
		block := list[len(list)-1]
		a.free[class] = list[:len(list)-1]
		if size >= largeBlock {
			a.idle -= int64(size)
		}
		return block, nil
	}
	if size >= largeBlock {
		return a.mapBlock(size)
	}
	slab, err := a.mapBlock(slabSize)
	if err != nil {
		return nil, err
	}
	for len(slab) >= 2*size {
		a.free[class] = append(a.free[class], slab[:size:size])
		slab = slab[size:]
	}
	return slab[:size:size], nil
}

func (a *arena) put(block []byte, class uint8) {
	block = block[:cap(block)]
	if poison {
		fill(block)
	}
	a.mu.Lock()
	a.free[class] = append(a.free[class], block)
	a.live -= int64(len(block))
	if len(block) >= largeBlock {
		a.idle += int64(len(block))
	}
	a.mu.Unlock()
}

func (a *arena) mapBlock(size int) ([]byte, error) {
	block, err := mapAligned(size)
	if err != nil {
		return nil, status.Errorf(status.OutOfMemory, "the system refused %s (%d bytes are mapped): %w", Bytes(size), a.mapped, err)
	}
	a.mapped += int64(size)
	return block, nil
}

// Trim gives idle large blocks back to the system until at most keep bytes of them stay.
// Operations call it as they end; nothing runs in the background, because a Lambda function freezes.
func Trim(keep int64) {
	a := &shared
	a.mu.Lock()
	defer a.mu.Unlock()
	for class := len(a.free) - 1; class >= 0 && a.idle > keep; class-- {
		list := a.free[class]
		if len(list) == 0 || len(list[0]) < largeBlock {
			continue
		}
		for len(list) > 0 && a.idle > keep {
			block := list[len(list)-1]
			list[len(list)-1] = nil
			list = list[:len(list)-1]
			a.idle -= int64(len(block))
			a.mapped -= int64(len(block))
			unmap(block)
		}
		a.free[class] = list
	}
}

// Usage is what the process-wide arena holds.
type Usage struct {
	Mapped int64 // bytes mapped from the system
	Idle   int64 // of these, large blocks that wait for reuse
	Live   int64 // of these, blocks that someone holds
}

// Stat returns the arena's usage.
func Stat() Usage {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	return Usage{Mapped: shared.mapped, Idle: shared.idle, Live: shared.live}
}

func fill(block []byte) {
	for i := range block {
		block[i] = 0xDD
	}
}
