package comm

import (
	"bytes"
	"context"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Scatter returns on each rank the part that root has for it; parts counts on root only, one per rank. Root sends to all
// at once.
func (o *Operation) Scatter(ctx context.Context, root int, parts [][]byte) ([]byte, error) {
	tag := o.begin(scatter)
	if err := o.checkRank(root); err != nil {
		return nil, err
	}
	if o.c.rank != root {
		return o.recv(ctx, root, tag)
	}
	if len(parts) != o.c.size {
		return nil, status.Errorf(status.Invalid, "scatter takes one part per rank: %d, not %d", o.c.size, len(parts))
	}
	var sends []done
	for i := 1; i < o.c.size; i++ {
		dst := (root + i) % o.c.size
		sends = append(sends, o.send(ctx, dst, tag, parts[dst]))
	}
	return bytes.Clone(parts[root]), o.awaitAll(sends)
}
