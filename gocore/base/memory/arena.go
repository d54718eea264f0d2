// Package memory is pycylon's memory off Go's heap: where every column, hash table and message lives.
//
//	Budget ── Reservation ── Scope ── Buffer          what one operation may use, holds and must give back
//	                           │
//	                         arena                    size classes over 2 MiB-aligned huge-page mappings
//
// Go's collector neither scans nor moves these blocks, a result can be lent to Python without a copy, and a block
// that was touched once is reused rather than faulted in anew (a first touch costs ten times a second one).
//
// Size classes have four steps per doubling (waste at most a quarter). Blocks of less than smallBlock wait for reuse in a
// list of their class. Larger ones are cut from slabs and become part of their free neighbours there (extent.go), up to
// largeBlock, from which on they are mappings of their own. What isn't cut yet was never touched and costs address space
// only. Free blocks stay warm: Trim gives their memory back to the system, largest first. What an operation holds and
// what it has freed never exceed its budget together: a block that has to be mapped anew has others trimmed.
package memory

import (
	"math/bits"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/status"
)

const (
	minBlock   = 64
	smallBlock = 4 << 10  // from here on classes are multiples of unit
	chunkSize  = 64 << 10 // what small blocks are cut from
	trimBlock  = 64 << 10 // smaller blocks aren't worth a system call
	largeBlock = 16 << 20
	slabSize   = 64 << 20
	hugePage   = 2 << 20
	smallPages = 4 << 20 // of the first slab: all that a small query needs, of which it would touch a little of each huge page
)

// arena hands out blocks by size class. There is one per process: blocks move freely between operations.
type arena struct {
	mu      sync.Mutex
	free    [256][][]byte // small and large free blocks by class; they are warm
	extents extents       // the free blocks between
	chunk   []byte        // what small blocks are cut from
	mapped  int64         // bytes of blocks that may have memory behind them
	large   int64         // of these, in large free blocks
	live    int64         // of these, in blocks that are handed out
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

// get returns a block; room is how much memory free blocks may keep.
func (a *arena) get(size int, class uint8, room int64) ([]byte, error) {
	a.mu.Lock()
	block, err := a.take(size, class)
	if err == nil {
		a.live += int64(size)
	}
	excess := a.idle() > room
	a.mu.Unlock()
	if excess {
		Trim(room)
	}
	return block, err
}

// idle returns how many bytes Trim can give back.
func (a *arena) idle() int64 { return a.large + a.extents.idle }

func (a *arena) take(size int, class uint8) ([]byte, error) {
	if size >= smallBlock && size < largeBlock {
		return a.cut(size, class)
	}
	block := pop(&a.free[class])
	switch {
	case block != nil && size >= largeBlock:
		a.large -= int64(size)
		return block, nil
	case block != nil:
		return block, nil
	case size >= largeBlock:
		block, err := a.mapBlock(size, hugePage)
		if err == nil {
			preferHuge(block)
			a.mapped += int64(size)
		}
		return block, err
	}
	if len(a.chunk) < size {
		_, class := classOf(chunkSize)
		chunk, err := a.cut(chunkSize, class)
		if err != nil {
			return nil, err
		}
		a.chunk = chunk
	}
	block, a.chunk = a.chunk[:size:size], a.chunk[size:]
	return block, nil
}

// cut takes a block out of a slab.
func (a *arena) cut(size int, class uint8) ([]byte, error) {
	block, wasCold := a.extents.take(size, class)
	if block == nil {
		mapping, err := a.mapBlock(slabSize, slabSize)
		if err != nil {
			return nil, err
		}
		preferHuge(mapping[a.extents.smallPages():])
		a.extents.add(mapping)
		block, wasCold = a.extents.take(size, class)
	}
	if wasCold {
		a.mapped += int64(size)
	}
	return block, nil
}

// pop takes the last block off a list; nil from an empty one.
func pop(list *[][]byte) []byte {
	n := len(*list)
	if n == 0 {
		return nil
	}
	block := (*list)[n-1]
	(*list)[n-1] = nil
	*list = (*list)[:n-1]
	return block
}

func (a *arena) put(block []byte, class uint8) {
	block = block[:cap(block)]
	if poison {
		fill(block)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live -= int64(len(block))
	if size := len(block); size >= smallBlock && size < largeBlock {
		a.extents.put(block, warm)
		return
	}
	a.free[class] = append(a.free[class], block)
	if len(block) >= largeBlock {
		a.large += int64(len(block))
	}
}

func (a *arena) mapBlock(size, alignment int) ([]byte, error) {
	block, err := mapAligned(size, alignment)
	if err != nil {
		return nil, status.Errorf(status.OutOfMemory, "the system refused %s (%d bytes are mapped): %w", Bytes(size), a.mapped, err)
	}
	return block, nil
}

// Trim gives the memory of free blocks back to the system until at most keep bytes of them stay warm, and returns how many
// bytes that were. Operations call it as they end; nothing runs in the background, because a Lambda function freezes.
func Trim(keep int64) (freed int64) {
	for class := len(shared.free) - 1; class >= 0; class-- {
		for block := shared.unused(uint8(class), keep); block != nil; block = shared.unused(uint8(class), keep) {
			unmap(block)
			freed += int64(len(block))
		}
	}
	for block := shared.cool(keep); block != nil; block = shared.cool(keep) {
		discard(block)
		shared.mu.Lock()
		shared.extents.put(block, cold)
		shared.mu.Unlock()
		freed += int64(len(block))
	}
	return freed
}

// unused takes a large block of a class off its list if more than keep bytes are idle. The system calls on it are made
// without the lock, which every allocation waits for.
func (a *arena) unused(class uint8, keep int64) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if list := a.free[class]; a.idle() <= keep || len(list) == 0 || len(list[0]) < largeBlock {
		return nil
	}
	block := pop(&a.free[class])
	a.large -= int64(len(block))
	a.mapped -= int64(len(block))
	return block
}

// cool takes a warm block out of a slab if more than keep bytes are idle.
func (a *arena) cool(keep int64) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	excess := a.idle() - keep
	if excess <= 0 {
		return nil
	}
	block := a.extents.coolest(excess)
	a.mapped -= int64(len(block))
	return block
}

// Usage is what the process-wide arena holds.
type Usage struct {
	Mapped int64 // bytes of blocks that may have memory behind them
	Idle   int64 // of these, free blocks that Trim can give back: those of 64 KiB and more
	Live   int64 // of these, blocks that someone holds
}

// Stat returns the arena's usage.
func Stat() Usage {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	return Usage{Mapped: shared.mapped, Idle: shared.idle(), Live: shared.live}
}

func fill(block []byte) {
	for i := range block {
		block[i] = 0xDD
	}
}
