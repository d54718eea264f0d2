// Package memory is pycylon's memory off Go's heap: where every column, hash table and message lives.
//
//	Budget ── Reservation ── Scope ── Buffer          what one operation may use, holds and must give back
//	                           │
//	                         arena                    size classes over 2 MiB-aligned huge-page mappings
//
// Go's collector neither scans nor moves these blocks, a result can be lent to Python without a copy, and a block
// that was touched once is reused rather than faulted in anew (a first touch costs ten times a second one).
//
// Size classes have four steps per doubling (waste at most a quarter). Blocks of less than largeBlock are cut one behind
// the other from slabs, whatever their class: what isn't cut yet was never touched and costs address space only. Larger
// blocks are mappings of their own. A freed block waits for reuse, warm, in its class's list; Trim gives warm blocks'
// memory back to the system, largest first: large blocks are unmapped, those of slabs stay as cold address space. What
// an operation holds and what it has freed never exceed its budget together: a block that has to be mapped anew has
// others trimmed.
package memory

import (
	"math/bits"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/status"
)

const (
	minBlock   = 64
	trimBlock  = 64 << 10 // smaller blocks aren't worth a system call
	largeBlock = 4 << 20
	slabSize   = 64 << 20
)

// arena hands out blocks by size class. There is one per process: blocks move freely between operations.
type arena struct {
	mu     sync.Mutex
	warm   [256][][]byte // free blocks by class
	cold   [256][][]byte // free blocks without memory behind them
	slab   []byte        // what blocks are cut from
	mapped int64         // bytes of blocks that may have memory behind them
	idle   int64         // of these, in free blocks of trimBlock and more
	live   int64         // of these, in blocks that are handed out
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
	excess := a.idle > room
	a.mu.Unlock()
	if excess {
		Trim(room)
	}
	return block, err
}

func (a *arena) take(size int, class uint8) ([]byte, error) {
	if block := pop(&a.warm[class]); block != nil {
		if size >= trimBlock {
			a.idle -= int64(size)
		}
		return block, nil
	}
	block := pop(&a.cold[class])
	if block == nil {
		var err error
		if block, err = a.cut(size); err != nil {
			return nil, err
		}
	}
	a.mapped += int64(size)
	return block, nil
}

// cut makes a new block.
func (a *arena) cut(size int) ([]byte, error) {
	if size >= largeBlock {
		return a.mapBlock(size)
	}
	if len(a.slab) < size {
		slab, err := a.mapBlock(slabSize)
		if err != nil {
			return nil, err
		}
		a.slab = slab
	}
	block := a.slab[:size:size]
	a.slab = a.slab[size:]
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
	a.warm[class] = append(a.warm[class], block)
	a.live -= int64(len(block))
	if len(block) >= trimBlock {
		a.idle += int64(len(block))
	}
	a.mu.Unlock()
}

func (a *arena) mapBlock(size int) ([]byte, error) {
	block, err := mapAligned(size)
	if err != nil {
		return nil, status.Errorf(status.OutOfMemory, "the system refused %s (%d bytes are mapped): %w", Bytes(size), a.mapped, err)
	}
	return block, nil
}

// Trim gives the memory of free blocks back to the system until at most keep bytes of them stay warm, and returns how many
// bytes that were. Operations call it as they end; nothing runs in the background, because a Lambda function freezes.
func Trim(keep int64) (freed int64) {
	for class := len(shared.warm) - 1; class >= 0; class-- {
		for {
			block := shared.cool(uint8(class), keep)
			if block == nil {
				break
			}
			freed += int64(len(block))
			if len(block) >= largeBlock {
				unmap(block)
				continue
			}
			discard(block)
			shared.mu.Lock()
			shared.cold[class] = append(shared.cold[class], block)
			shared.mu.Unlock()
		}
	}
	return freed
}

// cool takes a warm block off its list if more than keep bytes are idle; the system calls on it are made without the
// lock, which every allocation waits for.
func (a *arena) cool(class uint8, keep int64) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if list := a.warm[class]; a.idle <= keep || len(list) == 0 || len(list[0]) < trimBlock {
		return nil
	}
	block := pop(&a.warm[class])
	a.idle -= int64(len(block))
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
	return Usage{Mapped: shared.mapped, Idle: shared.idle, Live: shared.live}
}

func fill(block []byte) {
	for i := range block {
		block[i] = 0xDD
	}
}
