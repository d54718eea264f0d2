package comm

import (
	"context"
	"errors"
	"io"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// maxSending is to how many ranks at once a rank sends in an alltoall.
const maxSending = 32

// Alltoall sends parts[i] to rank i and returns what each rank sent here, by rank, its own part as it is. All parts on all
// ranks are equally long.
func (o *Operation) Alltoall(ctx context.Context, parts [][]byte) ([][]byte, error) {
	return o.alltoall(ctx, alltoall, parts)
}

// Alltoallv is Alltoall with parts of any lengths.
func (o *Operation) Alltoallv(ctx context.Context, parts [][]byte) ([][]byte, error) {
	return o.alltoall(ctx, alltoallv, parts)
}

func (o *Operation) alltoall(ctx context.Context, kind collective, parts [][]byte) ([][]byte, error) {
	if len(parts) != o.c.size {
		return nil, status.Errorf(status.Invalid, "%s takes one part per rank: %d, not %d", kind, o.c.size, len(parts))
	}
	size := 0
	if kind == alltoall {
		size = len(parts[0])
		for _, p := range parts {
			if len(p) != size {
				return nil, status.Errorf(status.Invalid, "alltoall takes parts of one length, not of %d and %d bytes", size, len(p))
			}
		}
	}
	switch a, tag := o.choose(kind, size); a {
	case bruck:
		return o.alltoallBruck(ctx, tag, parts, size)
	case pairwise:
		return o.alltoallPairwise(ctx, tag, parts)
	}
	return o.alltoallLinear(ctx, parts)
}

// alltoallLinear is an Exchange of one message per pair. Each rank starts with its right neighbour, so that no rank is
// everyone's first, and sends to several at once, so that one which is slow to take its part holds up no other.
func (o *Operation) alltoallLinear(ctx context.Context, parts [][]byte) ([][]byte, error) {
	n, r := o.c.size, o.c.rank
	x, err := o.Exchange(ctx)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	got := make([][]byte, n)
	got[r] = parts[r]
	g := task.NewGroup(ctx)
	g.Go(func(ctx context.Context) error {
		if err := sendAll(ctx, x, r, parts); err != nil {
			return err
		}
		return x.CloseSend(ctx)
	})
	g.Go(func(ctx context.Context) error {
		for {
			m, err := x.Recv(ctx)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			got[m.Src] = m.Bytes
			o.keep(m.Buffer)
		}
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return got, nil
}

// sendAll sends every other rank its part.
func sendAll(ctx context.Context, x *Exchange, r int, parts [][]byte) error {
	n := len(parts)
	g := task.NewGroup(ctx)
	next := make(chan int, n)
	for i := range n - 1 {
		next <- (r + 1 + i) % n
	}
	close(next)
	for range min(maxSending, n-1) {
		g.Go(func(ctx context.Context) error {
			for dst := range next {
				if err := x.Send(ctx, dst, parts[dst]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// alltoallPairwise sends to one rank and receives from another at a time: in step k to the one k further and from the one k
// before, so that every link is used once.
func (o *Operation) alltoallPairwise(ctx context.Context, tag uint32, parts [][]byte) ([][]byte, error) {
	n, r := o.c.size, o.c.rank
	got := make([][]byte, n)
	got[r] = parts[r]
	for k := 1; k < n; k++ {
		dst, src := (r+k)%n, (r-k+n)%n
		var err error
		if got[src], err = o.swap(ctx, dst, src, tag, parts[dst]); err != nil {
			return nil, err
		}
	}
	return got, o.failure()
}

// alltoallBruck sends in step k, to the rank 2^k further, all parts that have bit k in the distance that they go; so each
// arrives after as many steps as its distance has bits, and all after log2 N.
func (o *Operation) alltoallBruck(ctx context.Context, tag uint32, parts [][]byte, size int) ([][]byte, error) {
	n, r := o.c.size, o.c.rank
	moving, err := o.alloc(n * size) // by distance that remains from where they are, in all
	if err != nil {
		return nil, err
	}
	at := func(distance int) []byte { return moving[distance*size : (distance+1)*size : (distance+1)*size] }
	for d := range n {
		copy(at(d), parts[(r+d)%n])
	}
	for bit := 1; bit < n; bit *= 2 {
		var packed []byte
		for d := bit; d < n; d++ {
			if d&bit != 0 {
				packed = append(packed, at(d)...)
			}
		}
		sending := o.send(ctx, (r+bit)%n, tag, packed)
		err := o.recvEqual(ctx, (r-bit+n)%n, tag, len(packed), func(got []byte) {
			for d := bit; d < n; d++ {
				if d&bit != 0 {
					got = got[copy(at(d), got[:size]):]
				}
			}
		})
		if sendErr := sending.await(); err == nil {
			err = sendErr
		}
		if err != nil {
			return nil, err
		}
	}
	got := make([][]byte, n)
	for d := range n { // what went the distance d came from the rank d before
		got[(r-d+n)%n] = at(d)
	}
	return got, o.failure()
}
