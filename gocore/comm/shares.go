package comm

import "context"

// shared is data that is cut into a share per rank. Ranks count around the ring.
type shared struct {
	acc    []byte
	size   int   // of an element
	starts []int // elements before each share, and in all
}

// shares cuts acc, elements of size, into shares that start at starts; the last entry is the end.
func shares(acc []byte, size int, starts []int) shared { return shared{acc, size, starts} }

// evenly returns where the shares of n ranks of count elements start, and where the last ends.
func evenly(count, n int) []int {
	starts := make([]int, n+1)
	for i := range starts {
		starts[i] = count * i / n
	}
	return starts
}

// at returns a share.
func (s shared) at(i int) []byte {
	n := len(s.starts) - 1
	i = (i%n + n) % n
	return s.span(i, i+1)
}

// span returns the shares from i to before j.
func (s shared) span(i, j int) []byte { return s.acc[s.starts[i]*s.size : s.starts[j]*s.size] }

// reduceRing sends each share once around the ring, combined with every rank's; rank r ends with its own complete.
func (o *Operation) reduceRing(ctx context.Context, tag uint32, k kernel, s shared) error {
	for step := range o.c.size - 1 {
		take := s.at(o.c.rank - step - 2)
		if err := o.turn(ctx, tag, s.at(o.c.rank-step-1), take, func(got []byte) { k(take, got) }); err != nil {
			return err
		}
	}
	return nil
}

// spreadRing sends each rank's complete share once around the ring.
func (o *Operation) spreadRing(ctx context.Context, tag uint32, s shared) error {
	for step := range o.c.size - 1 {
		take := s.at(o.c.rank - step - 1)
		if err := o.turn(ctx, tag, s.at(o.c.rank-step), take, func(got []byte) { copy(take, got) }); err != nil {
			return err
		}
	}
	return nil
}

// turn gives a share to the right neighbour and uses the one, as long as take, that comes from the left.
func (o *Operation) turn(ctx context.Context, tag uint32, give, take []byte, use func(got []byte)) error {
	n, r := o.c.size, o.c.rank
	return o.swapEqual(ctx, (r+1)%n, (r-1+n)%n, tag, give, len(take), use)
}

// swapEqual sends give to dst and lends the n bytes that come from src to use, which may change give.
func (o *Operation) swapEqual(ctx context.Context, dst, src int, tag uint32, give []byte, n int, use func(got []byte)) error {
	sending := o.send(ctx, dst, tag, give)
	l, err := o.recvLetter(ctx, src, tag)
	if sendErr := sending.await(); err == nil {
		err = sendErr
	}
	if err != nil {
		l.free()
		return err
	}
	return o.useEqual(l, src, tag, n, use)
}

// powerOf returns the largest power of two up to n.
func powerOf(n int) int {
	power := 1
	for power*2 <= n {
		power *= 2
	}
	return power
}

// foldIn has the ranks from power on give their data to the one power before. It tells whether this rank goes on.
func (o *Operation) foldIn(ctx context.Context, tag uint32, k kernel, acc []byte, power int) (bool, error) {
	n, r := o.c.size, o.c.rank
	if r >= power {
		return false, o.awaitAll([]done{o.send(ctx, r-power, tag, acc)})
	}
	if r+power < n {
		return true, o.recvEqual(ctx, r+power, tag, len(acc), func(got []byte) { k(acc, got) })
	}
	return true, nil
}

// foldOut gives the ranks from power on the result.
func (o *Operation) foldOut(ctx context.Context, tag uint32, acc []byte, power int) error {
	n, r := o.c.size, o.c.rank
	if r >= power {
		return o.recvEqual(ctx, r-power, tag, len(acc), func(got []byte) { copy(acc, got) })
	}
	if r+power < n {
		return o.awaitAll([]done{o.send(ctx, r+power, tag, acc)})
	}
	return o.failure()
}

// combine combines acc with what the partner at distance d had, lower ranks first.
func (o *Operation) combine(k kernel, d int, acc, got []byte) {
	if o.c.rank&d == 0 {
		k(acc, got)
		return
	}
	k(got, acc)
	copy(acc, got)
}

// reduceHalving reduces among the first ranks, a power of two, into a share each: with partners at distance N/2, N/4, ...
// each gives the half that isn't its own and takes the other.
func (o *Operation) reduceHalving(ctx context.Context, tag uint32, k kernel, s shared) error {
	r, lo, hi := o.c.rank, 0, len(s.starts)-1
	for d := hi / 2; d > 0; d /= 2 {
		mid := lo + d
		keep, give := s.span(lo, mid), s.span(mid, hi)
		if r&d == 0 {
			hi = mid
		} else {
			keep, give = give, keep
			lo = mid
		}
		if err := o.swapEqual(ctx, r^d, r^d, tag, give, len(keep), func(got []byte) { o.combine(k, d, keep, got) }); err != nil {
			return err
		}
	}
	return nil
}

// spreadDoubling gives each of these ranks all shares: with partners at distance 1, 2, 4, ... each gives all it has.
func (o *Operation) spreadDoubling(ctx context.Context, tag uint32, s shared) error {
	r := o.c.rank
	for d := 1; d < len(s.starts)-1; d *= 2 {
		mine, theirs := r&^(d-1), (r^d)&^(d-1)
		take := s.span(theirs, theirs+d)
		if err := o.swapEqual(ctx, r^d, r^d, tag, s.span(mine, mine+d), len(take), func(got []byte) { copy(take, got) }); err != nil {
			return err
		}
	}
	return nil
}
