package comm

// algorithm is a way to do a collective. A rank puts it into each message's tag, so that ranks which chose differently,
// because their arguments differ, learn it.
type algorithm uint8

const (
	binomial      algorithm = iota + 1 // tree: log2 N steps, each of all data
	linear                             // root, or everyone, deals with all others at once
	dissemination                      // everyone hears, over log2 N steps, of all others
	bruck                              // the same with data, which grows from step to step
	ring                               // N-1 steps with the neighbours, each of a share
	doubling                           // partners at distance 1, 2, 4, ...: log2 N steps, each of all data
	halving                            // Rabenseifner's: partners at distance N/2, N/4, ...: log2 N steps, each of half as much
	spread                             // a share per rank by a tree, which then go around the ring
	pairwise                           // N-1 steps, in each of which everyone sends to one and receives from one
	posted                             // root leaves it in a store, where all others read it: only where there is one
)

var algorithmNames = [...]string{"?", "binomial", "linear", "dissemination", "bruck", "ring", "doubling", "halving", "spread", "pairwise", "posted"}

// String returns the algorithm's name.
func (a algorithm) String() string {
	if int(a) >= len(algorithmNames) {
		a = 0
	}
	return algorithmNames[a]
}

// algorithmsOf are the algorithms that each collective may choose from; the first works for all worlds and sizes. What they
// cost is in shape.go.
var algorithmsOf = map[collective][]algorithm{
	barrier:       {dissemination},
	bcast:         {binomial, spread},
	scatter:       {linear, binomial},
	gather:        {linear, binomial},
	allgather:     {bruck}, // and ring for what is long
	alltoall:      {linear, bruck, pairwise},
	alltoallv:     {linear},
	reduce:        {binomial, halving, ring},
	allreduce:     {doubling, halving, ring},
	reduceScatter: {ring, doubling},
	scan:          {doubling},
	exscan:        {doubling},
}

// begin starts a collective of this kind and returns the tag of its messages, which is the same on all ranks.
func (o *Operation) begin(kind collective, a algorithm) uint32 {
	o.step++
	return o.step<<16 | uint32(kind)<<8 | uint32(a)
}

// choose is begin with the algorithm that is chosen for these bytes.
func (o *Operation) choose(kind collective, bytes int) (algorithm, uint32) {
	a := o.c.choose(kind, o.c.size, bytes)
	return a, o.begin(kind, a)
}

// stepOf takes a message's tag apart.
func stepOf(tag uint32) (number uint32, kind collective, a algorithm) {
	return tag >> 16, collective(tag >> 8), algorithm(tag)
}
