package comm

import "context"

// Gather returns every rank's data, by rank, on root; nil elsewhere. Sizes may differ, and only their own rank knows them. In
// small worlds each rank sends root its data; in large ones sizes and short data climb a binomial tree, and long data goes to
// root, which then knows of it, at once. Long data waits until root asks for it.
func (o *Operation) Gather(ctx context.Context, root int, data []byte) ([][]byte, error) {
	if err := o.checkRank(root); err != nil {
		return nil, err
	}
	a, tag := o.choose(gather, 0)
	if a == binomial {
		return o.gatherTree(ctx, root, tag, data)
	}
	if o.c.rank != root {
		return nil, o.awaitAll([]done{o.send(ctx, root, tag, data)})
	}
	all := make([][]byte, o.c.size)
	for src := range all {
		if src == root {
			all[src] = data
			continue
		}
		var err error
		if all[src], err = o.recv(ctx, src, tag); err != nil {
			return nil, err
		}
	}
	return all, o.failure()
}

func (o *Operation) gatherTree(ctx context.Context, root int, tag uint32, data []byte) ([][]byte, error) {
	t, longTag := o.tree(root), o.begin(gather, linear)
	blocks := appendBlock(nil, data)
	ends := []int{len(blocks)}
	children := t.children()
	for i := len(children) - 1; i >= 0; i-- { // in order: the last has the ranks that follow this one
		rel := children[i]
		got, err := o.recv(ctx, t.rank(rel), tag)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, got...)
		for range t.end(rel) - rel {
			end, err := blockEnd(blocks, ends[len(ends)-1])
			if err != nil {
				return nil, o.damaged(t.rank(rel), err)
			}
			ends = append(ends, end)
		}
	}
	if t.rel != 0 {
		sends := []done{o.send(ctx, t.parent(), tag, blocks)}
		if len(data) > maxBlock {
			sends = append(sends, o.send(ctx, root, longTag, data))
		}
		return nil, o.awaitAll(sends)
	}
	all := make([][]byte, t.n)
	all[root] = data
	for rel := 1; rel < t.n; rel++ {
		src := t.rank(rel)
		var size uint64
		if all[src], size = blockAt(blocks, ends[rel-1], ends[rel]); size > maxBlock {
			var err error
			if all[src], err = o.recv(ctx, src, longTag); err != nil {
				return nil, err
			}
			if err := o.announced(src, src, size, all[src]); err != nil {
				return nil, err
			}
		}
	}
	return all, o.failure()
}
