package comm

import "context"

// collective is a kind of step in an operation; ranks compare it in each message's tag.
type collective uint8

const (
	barrier collective = iota + 1
	bcast
	scatter
	gather
	allgather
	alltoall
	alltoallv
	reduce
	allreduce
	reduceScatter
	scan
	exscan
)

var collectiveNames = [...]string{"?", "barrier", "bcast", "scatter", "gather", "allgather", "alltoall", "alltoallv",
	"reduce", "allreduce", "reduce_scatter", "scan", "exscan"}

// String returns the collective's name.
func (k collective) String() string {
	if int(k) >= len(collectiveNames) {
		k = 0
	}
	return collectiveNames[k]
}

// Barrier returns when every rank has entered it. In round k each rank tells the one 2^k further and hears from the one 2^k
// before; after ceil(log2 N) rounds it has heard of all.
func (o *Operation) Barrier(ctx context.Context) error {
	_, tag := o.choose(barrier, 0)
	n, r := o.c.size, o.c.rank
	for d := 1; d < n; d *= 2 {
		if _, err := o.swap(ctx, (r+d)%n, (r-d+n)%n, tag, nil); err != nil {
			return err
		}
	}
	return o.failure()
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

// tree is this rank's place in the binomial tree of a root: ranks count from root on, and one hears from the one without its
// lowest set bit, then tells those with a lower bit set. The subtree of the rank rel with lowest bit b are rel .. rel+b-1.
type tree struct {
	n, root, rel int
}

func (o *Operation) tree(root int) tree {
	n := o.c.size
	return tree{n: n, root: root, rel: (o.c.rank - root + n) % n}
}

// rank returns the rank that counts as rel.
func (t tree) rank(rel int) int { return (rel + t.root) % t.n }

// parent returns the rank above; -1 at the root.
func (t tree) parent() int {
	if t.rel == 0 {
		return -1
	}
	return t.rank(t.rel & (t.rel - 1))
}

// children returns how the ranks beneath count, the one with the largest subtree first.
func (t tree) children() (rels []int) {
	bit := 1
	for bit < t.n && t.rel&bit == 0 {
		bit *= 2
	}
	for bit /= 2; bit > 0; bit /= 2 {
		if t.rel+bit < t.n {
			rels = append(rels, t.rel+bit)
		}
	}
	return rels
}

// end returns one behind the last of the subtree of the rank that counts as rel.
func (t tree) end(rel int) int {
	if rel == 0 {
		return t.n
	}
	return min(t.n, rel+rel&-rel)
}
