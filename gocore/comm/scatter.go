package comm

import (
	"context"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Scatter returns on each rank the part that root has for it; parts counts on root only, one per rank. In small worlds root
// sends to all at once; in large ones sizes and short parts go down a binomial tree, and long parts straight to their ranks.
func (o *Operation) Scatter(ctx context.Context, root int, parts [][]byte) ([]byte, error) {
	if err := o.checkRank(root); err != nil {
		return nil, err
	}
	a, tag := o.choose(scatter, 0)
	if o.c.rank == root && len(parts) != o.c.size {
		return nil, status.Errorf(status.Invalid, "scatter takes one part per rank: %d, not %d", o.c.size, len(parts))
	}
	if a == binomial {
		return o.scatterTree(ctx, root, tag, parts)
	}
	if o.c.rank != root {
		return o.recv(ctx, root, tag)
	}
	var sends []done
	for i := 1; i < o.c.size; i++ {
		dst := (root + i) % o.c.size
		sends = append(sends, o.send(ctx, dst, tag, parts[dst]))
	}
	return parts[root], o.awaitAll(sends)
}

func (o *Operation) scatterTree(ctx context.Context, root int, tag uint32, parts [][]byte) ([]byte, error) {
	t, longTag := o.tree(root), o.begin(scatter, linear)
	var blocks []byte // of the subtree
	ends := []int{0}
	if t.rel == 0 {
		for rel := range t.n {
			blocks = appendBlock(blocks, parts[t.rank(rel)])
			ends = append(ends, len(blocks))
		}
	} else {
		var err error
		if blocks, err = o.recv(ctx, t.parent(), tag); err != nil {
			return nil, err
		}
		for range t.end(t.rel) - t.rel {
			end, err := blockEnd(blocks, ends[len(ends)-1])
			if err != nil {
				return nil, o.damaged(t.parent(), err)
			}
			ends = append(ends, end)
		}
	}
	var sends []done
	for _, rel := range t.children() {
		sends = append(sends, o.send(ctx, t.rank(rel), tag, blocks[ends[rel-t.rel]:ends[t.end(rel)-t.rel]]))
	}
	if t.rel != 0 {
		part, size := blockAt(blocks, 0, ends[1])
		if size > maxBlock {
			var err error
			if part, err = o.recv(ctx, root, longTag); err != nil {
				return nil, err
			}
			if err := o.announced(root, root, size, part); err != nil {
				return nil, err
			}
		}
		return part, o.awaitAll(sends)
	}
	for rel := 1; rel < t.n; rel++ {
		if dst := t.rank(rel); len(parts[dst]) > maxBlock {
			sends = append(sends, o.send(ctx, dst, longTag, parts[dst]))
		}
	}
	return parts[root], o.awaitAll(sends)
}
