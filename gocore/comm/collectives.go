package comm

import "context"

// collective is a kind of step in an operation; ranks compare it in each message's tag.
type collective uint8

const (
	barrier collective = iota + 1
	bcast
	gatherTo
	allgather
	allgatherRing
	allreduce
	allreduceRing
	scatter
	reduceTo
	reduceToRing
	reduceScatter
	scan
	exscan
)

var collectiveNames = [...]string{"?", "barrier", "bcast", "gather", "allgather", "allgather of long data", "allreduce", "allreduce of long data",
	"scatter", "reduce", "reduce of long data", "reduce_scatter", "scan", "exscan"}

// String returns the collective's name.
func (k collective) String() string {
	if int(k) >= len(collectiveNames) {
		k = 0
	}
	return collectiveNames[k]
}

// Barrier returns when every rank has entered it: a dissemination barrier. In round k each rank tells the one 2^k
// further and hears from the one 2^k before; after ceil(log2 N) rounds it has heard of all.
func (o *Operation) Barrier(ctx context.Context) error {
	tag, n, r := o.begin(barrier), o.c.size, o.c.rank
	for d := 1; d < n; d *= 2 {
		if _, err := o.swap(ctx, (r+d)%n, (r-d+n)%n, tag, nil); err != nil {
			return err
		}
	}
	return o.failure()
}

// Bcast returns root's data on every rank, through a binomial tree: a rank hears from the one without its lowest set
// bit (counted from root), then tells those with a lower bit set.
func (o *Operation) Bcast(ctx context.Context, root int, data []byte) ([]byte, error) {
	tag, n := o.begin(bcast), o.c.size
	if err := o.checkRank(root); err != nil {
		return nil, err
	}
	rel := (o.c.rank - root + n) % n
	bit := 1
	for ; bit < n; bit *= 2 {
		if rel&bit != 0 {
			var err error
			if data, err = o.recv(ctx, (rel-bit+root)%n, tag); err != nil {
				return nil, err
			}
			break
		}
	}
	var sends []done
	for bit /= 2; bit > 0; bit /= 2 {
		if rel+bit < n {
			sends = append(sends, o.send(ctx, (rel+bit+root)%n, tag, data))
		}
	}
	return data, o.awaitAll(sends)
}

// Gather returns every rank's data, by rank, on root; nil elsewhere. Long data waits until root asks for it.
func (o *Operation) Gather(ctx context.Context, root int, data []byte) ([][]byte, error) {
	tag := o.begin(gatherTo)
	if err := o.checkRank(root); err != nil {
		return nil, err
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

// awaitAll waits for messages on their way and returns the first error, or the operation's.
func (o *Operation) awaitAll(sends []done) error {
	var first error
	for _, d := range sends {
		if err := d.await(); first == nil {
			first = err
		}
	}
	if first == nil {
		first = o.failure()
	}
	return first
}
