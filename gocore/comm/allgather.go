package comm

import (
	"context"
	"encoding/binary"

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
	all := make([][]byte, n)
	anyLong := false
	start := 0
	for i, end := range ends {
		var long bool
		all[(r+i)%n], long = blockAt(blocks, start, end)
		anyLong = anyLong || long
		start = end
	}
	all[r] = data
	if !anyLong {
		return all, o.failure()
	}
	return o.ring(ctx, all)
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

// blockAt returns the data of the block between start and end, or nil and that it is long.
func blockAt(blocks []byte, start, end int) (data []byte, long bool) {
	size, head := binary.Uvarint(blocks[start:end])
	if size > maxBlock {
		return nil, true
	}
	return blocks[start+head : end : end], false
}

// damaged fails the operation because src sent what can't be parsed.
func (o *Operation) damaged(src int, err error) error {
	e := status.AtRank(status.Internal, o.c.members[src], "%s (operation %d): %w", o.call, o.sequence, err)
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	o.fail(e, false)
	return e
}

// ring passes the long blocks on: in step k each rank gives its right neighbour the block of the rank k before itself.
func (o *Operation) ring(ctx context.Context, all [][]byte) ([][]byte, error) {
	tag, n, r := o.begin(allgather, ring), o.c.size, o.c.rank
	right, left := (r+1)%n, (r-1+n)%n
	for k := range n - 1 {
		give, take := (r-k+n)%n, (left-k+n)%n
		var sending done
		if len(all[give]) > maxBlock {
			sending = o.send(ctx, right, tag, all[give])
		}
		if all[take] == nil {
			var err error
			if all[take], err = o.recv(ctx, left, tag); err != nil {
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
