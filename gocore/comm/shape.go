package comm

import (
	"math/bits"

	"github.com/pycylon/pycylon/gocore/comm/costmodel"
)

// crowd is from how many bytes in all, on their way to one rank, the senders of a linear alltoall disturb each other, and
// crowded how much longer they then take: switches and receivers drop what too many send at once (incast). Open MPI and
// MPICH take turns by pairs from about there.
const (
	crowd   = 2 << 20
	crowded = 1.1
)

// shapeOf returns what an algorithm does in a world of n ranks with the bytes that one rank gives, or gets from another in
// an alltoall. TestShapes holds it against what is sent.
func shapeOf(kind collective, a algorithm, n, bytes int) costmodel.Shape {
	if n < 2 {
		return costmodel.Shape{}
	}
	m, others, steps := float64(bytes), n-1, ceilLog2(n)
	long := 0 // data follows its size
	if bytes > maxBlock {
		long = 1
	}
	share := m * float64(others) / float64(n)
	power := powerOf(n)
	folds, log := 0, ceilLog2(power) // ranks beyond the power of two add theirs to a partner's before, and hear from it afterwards
	if n > power {
		folds = 1
	}
	half := m * float64(power-1) / float64(power)
	fold := m * float64(folds)
	switch kind {
	case barrier:
		return costmodel.Shape{Steps: steps, Sends: steps, Messages: n * steps}
	case bcast:
		if a == spread && long == 1 {
			return costmodel.Shape{Steps: steps + 1 + others, Sends: 2*steps + others, Bytes: 2 * share, Messages: 2*others + ringSends(n)}
		}
		return costmodel.Shape{Steps: steps + long, Sends: steps * (1 + long), Bytes: m * float64(steps), Messages: others * (1 + long)}
	case scatter, gather:
		if a == linear {
			return costmodel.Shape{Steps: 1, Sends: others, Bytes: m * float64(others), Messages: others}
		}
		return costmodel.Shape{Steps: steps + long, Sends: steps + long*others, Bytes: m * float64(others), Messages: others * (1 + long)}
	case allgather:
		return costmodel.Shape{Steps: steps + long*others, Sends: steps + long*others, Bytes: m * float64(others), Messages: n * (steps + long*others)}
	case alltoall, alltoallv:
		switch a {
		case bruck:
			return costmodel.Shape{Steps: steps, Sends: steps, Bytes: m * float64(bitsBelow(n)), Messages: n * steps}
		case pairwise:
			return costmodel.Shape{Steps: others, Sends: others, Bytes: m * float64(others), Messages: n * others}
		}
		moved := m * float64(others)
		if m*float64(min(others, maxSending)) > crowd {
			moved *= crowded
		}
		return costmodel.Shape{Steps: (others + maxSending - 1) / maxSending, Sends: others, Bytes: moved, Messages: n * others}
	case reduce:
		switch a {
		case ring:
			return costmodel.Shape{Steps: n, Sends: n, Bytes: 2 * share, Messages: n*others + others}
		case halving:
			return costmodel.Shape{Steps: folds + log + 1, Sends: folds + log + 1, Bytes: fold + 2*half, Messages: n - power + power*log + power - 1}
		}
		return costmodel.Shape{Steps: steps, Sends: 1, Bytes: m * float64(steps), Messages: others}
	case allreduce, reduceScatter:
		switch {
		case a == ring && kind == reduceScatter:
			return costmodel.Shape{Steps: others, Sends: others, Bytes: share, Messages: n * others}
		case a == ring:
			return costmodel.Shape{Steps: 2 * others, Sends: 2 * others, Bytes: 2 * share, Messages: 2 * n * others}
		case a == halving:
			return costmodel.Shape{Steps: 2 * (folds + log), Sends: 2*log + folds, Bytes: fold + 2*half, Messages: 2*(n-power) + 2*power*log}
		}
		return costmodel.Shape{Steps: 2*folds + log, Sends: log + folds, Bytes: fold + m*float64(log), Messages: 2*(n-power) + power*log}
	default: // the scans
		s := costmodel.Shape{Steps: steps, Sends: steps, Bytes: m * float64(steps)}
		for d := 1; d < n; d *= 2 {
			s.Messages += n - d
		}
		if kind == exscan {
			s = costmodel.Shape{Steps: steps + 1, Sends: steps + 1, Bytes: s.Bytes + m, Messages: s.Messages + others}
		}
		return s
	}
}

func ceilLog2(n int) int { return bits.Len(uint(n - 1)) }

// bitsBelow returns how many bits are set in the numbers 1 .. n-1: how often Bruck's alltoall moves a part.
func bitsBelow(n int) (set int) {
	for d := range n {
		set += bits.OnesCount(uint(d))
	}
	return set
}

// ringSends returns how many shares a spread bcast sends around the ring: every rank gets all but those of its subtree.
func ringSends(n int) (sends int) {
	for rel := range n {
		t := tree{n: n}
		sends += n - (t.end(rel) - rel)
	}
	return sends
}
