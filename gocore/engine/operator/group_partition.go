package operator

import (
	"sync/atomic"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// Partitions are by the hash's upper groupBits: a worker's rows, or groups, of one partition are a chain of blocks.
//
//	block   | next (8) | bytes used (4) | masked (4) | record | record | ...
//	row     | hash | key words | value words | mask words, if masked |
//	group   | hash | key words | state words |
//
// Blocks of neighbouring partitions lie together, so that what has been read is freed in pieces that are worth it.
const (
	groupBits       = 8
	groupPartitions = 1 << groupBits
	groupShare      = 16       // partitions whose blocks lie together
	groupBlockSize  = 255 * 64 // not a power of two, or all chains would be written in the same few sets of the cache
	groupHeader     = 16
	// A chain has one block at least: all chains of a worker take a hundredth of the budget.
	blockShare   = 128 * groupPartitions
	minBlockSize = 15 * 64
)

// groupBlock is a block's header. Addresses in memory off Go's heap are numbers: where a pointer is written, the collector
// looks at what was there before, which is anything.
type groupBlock struct {
	next   uint64
	used   uint32
	masked uint32
}

// after returns the next block, or nil.
func (b *groupBlock) after() *groupBlock { return *(**groupBlock)(unsafe.Pointer(&b.next)) }

// groupChain is one partition of one worker.
type groupChain struct {
	head, tail unsafe.Pointer
	used, size uint32 // of the tail
	rows       int    // in the blocks before the tail
}

// groupParts writes records to partitions.
type groupParts struct {
	heaps  [groupPartitions / groupShare]groupHeap
	unread [groupPartitions / groupShare]atomic.Int32 // partitions
	chains [groupPartitions]groupChain
	words  int // of a record without masks
	masks  int
	block  int        // bytes of a block
	masked bool       // whether masks are written
	vecs   []groupVec // scratch of scatter
	// records are the addresses of a chunk's rows.
	records [groupChunkRows]uint64
}

func newGroupParts(scope *memory.Scope, words, masks int) *groupParts {
	block := min(groupBlockSize, max(minBlockSize, int(scope.Budget().Limit()/blockShare)))
	p := &groupParts{words: words, masks: masks, block: block}
	for i := range p.heaps {
		p.heaps[i] = groupHeap{scope: scope, least: min(minSlab, groupShare*block)}
		p.unread[i].Store(groupShare)
	}
	return p
}

// free tells that a partition has been read. Several workers may call it at once.
func (p *groupParts) free(partition int) {
	if share := partition / groupShare; p.unread[share].Add(-1) == 0 {
		p.heaps[share].free()
	}
}

func (p *groupParts) recordBytes() int {
	if p.masked {
		return 8 * (p.words + p.masks)
	}
	return 8 * p.words
}

// setMasked has the records from now on carry masks.
func (p *groupParts) setMasked() {
	p.masked = true
	p.seal()
}

// seal writes the tails' headers: before chains are read, or their format changes.
func (p *groupParts) seal() {
	for i := range p.chains {
		p.chains[i].seal()
	}
}

func (c *groupChain) seal() {
	if c.tail != nil {
		(*groupBlock)(c.tail).used = c.used
		c.size = c.used
	}
}

// extend gives the full partition of hash h another block.
func (p *groupParts) extend(h uint64) error {
	partition := h >> (64 - groupBits)
	c := &p.chains[partition]
	record := p.recordBytes()
	size := groupHeader + max((p.block-groupHeader)/record, 1)*record
	block, err := p.heaps[partition/groupShare].alloc(size)
	if err != nil {
		return err
	}
	b := (*groupBlock)(block)
	*b = groupBlock{}
	if p.masked {
		b.masked = 1
	}
	if c.tail == nil {
		c.head = block
	} else {
		c.seal()
		c.rows += p.blockRows((*groupBlock)(c.tail))
		(*groupBlock)(c.tail).next = uint64(uintptr(block))
	}
	c.tail, c.used, c.size = block, groupHeader, uint32(size)
	return nil
}

// room returns the chain of hash h with room for one more record in its tail, at used, which the caller moves on.
func (p *groupParts) room(h uint64) (*groupChain, error) {
	c := &p.chains[h>>(64-groupBits)]
	if c.used == c.size {
		return c, p.extend(h)
	}
	return c, nil
}

// scatter writes the chunk's rows to their partitions. The characters of long strings go to heap.
func (p *groupParts) scatter(l *groupLayout, c *groupChunk, heap *groupHeap) error {
	if c.masked && !p.masked {
		p.setMasked()
	}
	columns := append(append(p.vecs[:0], c.keys...), c.values...)
	if p.masked && c.masked {
		columns = append(columns, c.masks...)
	}
	for p.masked && len(columns) < p.words-1+p.masks {
		columns = append(columns, groupVec{p: unsafe.Pointer(&none)})
	}
	p.vecs = columns
	if len(columns) == 1 {
		return p.scatterPairs(c, columns[0])
	}
	size := uint32(p.recordBytes())
	records := p.records[:c.n]
	for i := range records {
		h := c.hash.at(i)
		chain := &p.chains[h>>(64-groupBits)]
		if chain.used == chain.size {
			if err := p.extend(h); err != nil {
				return err
			}
		}
		r := unsafe.Add(chain.tail, uintptr(chain.used))
		chain.used += size
		*(*uint64)(r) = h
		records[i] = uint64(uintptr(r))
	}
	for j, v := range columns {
		for i, r := range records {
			*(*uint64)(unsafe.Add(*(*unsafe.Pointer)(unsafe.Pointer(&r)), 8*(j+1))) = v.at(i)
		}
	}
	if l.strings && c.long {
		for i := range records {
			r := unsafe.Slice(*(**uint64)(unsafe.Pointer(&records[i])), len(columns)+1)
			if err := l.keepStrings(r, heap); err != nil {
				return err
			}
		}
	}
	return nil
}

// none is a constant column of zeros: no nulls.
var none uint64

// scatterPairs is scatter for rows of a hash and one more word.
func (p *groupParts) scatterPairs(c *groupChunk, v groupVec) error {
	hash := c.hash
	for i := range c.n {
		h := hash.at(i)
		chain := &p.chains[h>>(64-groupBits)]
		if chain.used == chain.size {
			if err := p.extend(h); err != nil {
				return err
			}
		}
		r := (*[2]uint64)(unsafe.Add(chain.tail, uintptr(chain.used)))
		chain.used += 16
		r[0], r[1] = h, v.at(i)
	}
	return nil
}

// keepStrings copies the characters of a row's long strings.
func (l *groupLayout) keepStrings(r []uint64, heap *groupHeap) error {
	for _, k := range l.keys {
		if valueWords(k.kind) == 2 {
			if err := heap.keep((*[2]uint64)(r[k.word:])); err != nil {
				return err
			}
		}
	}
	for i := range l.values {
		if v := &l.values[i]; v.isString() {
			if err := heap.keep((*[2]uint64)(r[1+l.keyWords+v.word:])); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes t's groups to their partitions and empties t.
func (p *groupParts) flush(t *groupTable) error {
	size := uint32(p.recordBytes())
	words := uint32(p.words)
	for g := words; g < t.words(); g += words {
		r := t.record(g)
		chain, err := p.room(r[0])
		if err != nil {
			return err
		}
		copy(unsafe.Slice((*uint64)(unsafe.Add(chain.tail, uintptr(chain.used))), len(r)), r)
		chain.used += size
	}
	t.reset()
	return nil
}

// rows returns how many records partition i has. The chains are sealed.
func (p *groupParts) rows(i int) int {
	c := &p.chains[i]
	if c.tail == nil {
		return 0
	}
	return c.rows + p.blockRows((*groupBlock)(c.tail))
}

func (p *groupParts) blockRows(b *groupBlock) int {
	words := p.words
	if b.masked != 0 {
		words += p.masks
	}
	return (int(b.used) - groupHeader) / (8 * words)
}

// each calls f with the records of a partition, a chunk at a time.
func (p *groupParts) each(partition, keys int, f func(c *groupChunk) error) error {
	var c groupChunk
	vecs := make([]groupVec, p.words+p.masks)
	for b := (*groupBlock)(p.chains[partition].head); b != nil; b = b.after() {
		words := p.words
		c.masked = b.masked != 0
		if c.masked {
			words += p.masks
		}
		stride := uintptr(8 * words)
		record := unsafe.Add(unsafe.Pointer(b), groupHeader)
		for rows := p.blockRows(b); rows > 0; rows -= groupChunkRows {
			c.n = min(rows, groupChunkRows)
			for w := range words {
				vecs[w] = groupVec{unsafe.Add(record, 8*w), stride}
			}
			c.hash, c.keys, c.values, c.masks = vecs[0], vecs[1:1+keys], vecs[1+keys:p.words], vecs[p.words:words]
			if err := f(&c); err != nil {
				return err
			}
			record = unsafe.Add(record, stride*uintptr(c.n))
		}
	}
	return nil
}
