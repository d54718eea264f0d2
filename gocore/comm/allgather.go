package comm

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// maxBlock is the longest data that goes along with its size where only its own rank knows the size. Longer data follows.
const maxBlock = 4 << 10

// Allgather returns every rank's data, by rank. Sizes may differ, and no rank knows them: the first phase (Bruck's:
// in round k a rank passes all it has to the one 2^k before) spreads sizes together with short data; the second phase
// is needed if a size shows long data, which then all ranks know: it goes around the ring, where every rank sends and
// receives all the time and holds each block once.
func (o *Operation) Allgather(ctx context.Context, data []byte) ([][]byte, error) {
	_, tag := o.choose(allgather, 0)
	n, r := o.c.size, o.c.rank
	blocks := appendBlock(nil, data)
	ends := []int{len(blocks)} // of the blocks of ranks r, r+1, ...
	for d := 1; d < n; d *= 2 {
		count := min(d, n-d)
		got, err := o.swap(ctx, (r-d+n)%n, (r+d)%n, tag, blocks[:ends[count-1]])
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, got...)
		for range count {
			end, err := blockEnd(blocks, ends[len(ends)-1])
			if err != nil {
				return nil, o.damaged((r+d)%n, err)
			}
			ends = append(ends, end)
		}
	}
	all, sizes := make([][]byte, n), make([]uint64, n)
	start := 0
	for i, end := range ends {
		at := (r + i) % n
		all[at], sizes[at] = blockAt(blocks, start, end)
		start = end
	}
	all[r] = data
	if slices.Max(sizes) <= maxBlock {
		return all, o.failure()
	}
	return o.ring(ctx, all, sizes)
}

// appendBlock appends the size of data, and data if it is short.
func appendBlock(dst, data []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	if len(data) <= maxBlock {
		dst = append(dst, data...)
	}
	return dst
}

// blockEnd returns the end of the block that starts at start.
func blockEnd(blocks []byte, start int) (int, error) {
	if start >= len(blocks) {
		return 0, status.Errorf(status.Malformed, "blocks end early")
	}
	size, head := binary.Uvarint(blocks[start:])
	end := start + head
	if size <= maxBlock {
		end += int(size)
	}
	if head <= 0 || end > len(blocks) {
		return 0, status.Errorf(status.Malformed, "a block is damaged")
	}
	return end, nil
}

// blockAt returns the data of the block between start and end, nil if it is long, and how long it is.
func blockAt(blocks []byte, start, end int) (data []byte, size uint64) {
	size, head := binary.Uvarint(blocks[start:end])
	if size > maxBlock {
		return nil, size
	}
	return blocks[start+head : end : end], size
}

// announced fails the operation if data of rank owner, which src has sent, isn't of the size that was announced.
func (o *Operation) announced(src, owner int, size uint64, data []byte) error {
	if uint64(len(data)) == size {
		return nil
	}
	return o.damaged(src, status.Errorf(status.Malformed, "rank %d announced %d bytes and %d came", o.c.members[owner], size, len(data)))
}

// damaged fails the operation because src sent what can't be parsed.
func (o *Operation) damaged(src int, err error) error {
	e := status.AtRank(status.Internal, o.c.members[src], "%s (operation %d): %w", o.call, o.sequence, err)
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	o.fail(e, false)
	return e
}

// ring passes the long blocks on: in step k each rank gives its right neighbour the block of the rank k before itself. All
// ranks know which are long by the sizes that were announced, so a block of another size is refused: ranks behind would
// wait for one that nobody passes on.
func (o *Operation) ring(ctx context.Context, all [][]byte, sizes []uint64) ([][]byte, error) {
	tag, n, r := o.begin(allgather, ring), o.c.size, o.c.rank
	right, left := (r+1)%n, (r-1+n)%n
	for k := range n - 1 {
		give, take := (r-k+n)%n, (left-k+n)%n
		var sending done
		if sizes[give] > maxBlock {
			sending = o.send(ctx, right, tag, all[give])
		}
		if all[take] == nil {
			var err error
			if all[take], err = o.recv(ctx, left, tag); err != nil {
				_ = sending.await()
				return nil, err
			}
			if err := o.announced(left, take, sizes[take], all[take]); err != nil {
				_ = sending.await()
				return nil, err
			}
		}
		if err := sending.await(); err != nil {
			return nil, err
		}
	}
	return all, o.failure()
}
