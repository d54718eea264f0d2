package comm

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// checked is a random mix of steps, the same on all ranks, whose results are checked.
func checked(random *rand.Rand, ctx context.Context, o *Operation) error {
	n, r := o.c.size, o.c.rank
	for range 1 + random.IntN(4) {
		size, root := random.IntN(1<<random.IntN(19)), random.IntN(n)
		var err error
		var got [][]byte
		want := func(src int) []byte { return content(src, size) }
		kind := random.IntN(6)
		switch kind {
		case 0:
			err = o.Barrier(ctx)
		case 1:
			got = make([][]byte, 1)
			want = func(int) []byte { return content(root, size) }
			got[0], err = o.Bcast(ctx, root, content(r, size))
		case 2:
			got, err = o.Gather(ctx, root, content(r, size))
		case 3:
			got, err = o.Allgather(ctx, content(r, size))
		case 4:
			parts := make([][]byte, n)
			for dst := range parts {
				parts[dst] = content(r, size)
			}
			got, err = o.Alltoallv(ctx, parts)
		case 5:
			got = make([][]byte, 1)
			want = func(int) []byte { return added(n, size) }
			got[0], err = o.Allreduce(ctx, Sum, Int64, addends(r, size))
		}
		if err != nil {
			return err
		}
		for src := range got {
			if !bytes.Equal(got[src], want(src)) {
				return status.Errorf(status.Internal, "rank %d got wrong data of rank %d: step of kind %d with %d bytes has %d", r, src, kind, size, len(got[src]))
			}
		}
	}
	return nil
}

// busyChaos runs several checked operations at once on each of two communicators, and a message around the ring on each.
func busyChaos(ctx context.Context, seed, i uint64, comms []*Communicator) error {
	g := task.NewGroup(ctx)
	for k, c := range comms {
		for j := range 3 {
			o, err := c.Queue(ctx, Call{Name: "chaos", Signature: 1}, false)
			if err != nil {
				return joined(g, err)
			}
			g.Go(func(ctx context.Context) error {
				if err := o.Await(ctx); err != nil {
					return err
				}
				return o.End(checked(rand.New(rand.NewPCG(seed, i<<8+uint64(k<<4+j))), ctx, o))
			})
		}
		g.Go(func(ctx context.Context) error {
			size := int(i*7919+seed*104_729) % 100_000
			right, left := (c.rank+1)%c.size, (c.rank+c.size-1)%c.size
			if err := c.Send(ctx, right, int(i), content(c.rank, size)); err != nil {
				return err
			}
			_, err := expect(ctx, c, left, int(i), content(left, size))
			return err
		})
	}
	return g.Wait()
}

// joined ends a group with an error.
func joined(g *task.Group, err error) error {
	g.Fail(err)
	return g.Wait()
}

// TestChaos runs random operations and messages, several at once on two communicators, while one rank fails, leaves or is
// killed, frozen or cut off from another at a random moment: every rank ends with right data or the right error, and never
// hangs. The seed is the subtest's name.
func TestChaos(t *testing.T) {
	seeds := uint64(200)
	if testing.Short() {
		seeds = 30
	}
	const limit = 200 * time.Millisecond
	for seed := range seeds {
		how := []string{"fails", "leaves", "is killed", "is frozen", "is cut off"}[seed%5]
		t.Run(fmt.Sprintf("seed %d: a rank %s", seed, how), func(t *testing.T) {
			leak.Check(t)
			random := rand.New(rand.NewPCG(seed, 0))
			n := 2 + random.IntN(7)
			victim, moment, delay := random.IntN(n), uint64(1+random.IntN(8)), time.Duration(random.IntN(3000))*time.Microsecond
			other := (victim + 1 + random.IntN(n-1)) % n
			silence := 10 * time.Second
			if how == "is frozen" {
				silence = limit
			}
			tcp := channeltest.TCPWorld(t, n, silence)
			world := openWorld(t, tcp.Channels, Options{Window: 128 << 10})
			failure := status.Errorf(status.Overflow, "as planned")
			strike := func() {
				switch how {
				case "is cut off":
					tcp.Cut(victim, other)
				case "is frozen":
					time.AfterFunc(4*limit, tcp.Freeze(victim))
				default:
					time.AfterFunc(limit, tcp.Freeze(victim))
					for peer := range n {
						if peer != victim {
							tcp.Cut(victim, peer)
						}
					}
				}
			}
			errs := each(world, func(ctx context.Context, c *Communicator) error {
				second, err := split(ctx, c, 0, -c.rank)
				if err != nil {
					return err
				}
				for i := uint64(1); i <= 12; i++ {
					struck := c.rank == victim && i == moment
					if struck && how == "leaves" {
						return c.Close(ctx)
					}
					if struck && how != "fails" {
						time.AfterFunc(delay, strike)
					}
					err := inOperation("chaos", 1, func(ctx context.Context, o *Operation) error {
						if struck && how == "fails" {
							time.Sleep(delay)
							return failure
						}
						return checked(rand.New(rand.NewPCG(seed, i)), ctx, o)
					})(ctx, c)
					switch e := status.From(err); {
					case err == nil:
					case how == "fails" && i == moment && (e.Code == status.Overflow || e.Code == status.Remote && e.Rank == victim):
					default:
						return err
					}
					if err := busyChaos(ctx, seed, i, []*Communicator{c, second}); err != nil {
						return err
					}
				}
				return nil
			})
			for r, err := range errs {
				e := status.From(err)
				switch {
				case how == "fails", r == victim && how == "leaves":
					require.NoError(t, err, "rank %d", r)
				case how == "leaves":
					require.Contains(t, []status.Code{status.CollectiveMismatch, status.Remote, status.Closed}, e.Code, "rank %d: %v", r, err)
					require.ErrorContains(t, err, fmt.Sprintf("rank %d", victim))
					require.ErrorContains(t, err, "has closed")
				case err == nil: // a late blow may find the others finished
				case how == "is cut off":
					require.Contains(t, []status.Code{status.PeerLost, status.Stale}, e.Code, "rank %d: %v", r, err)
					require.Contains(t, []int{victim, other}, e.Rank, "rank %d: %v", r, err)
				case r != victim:
					require.Equal(t, status.PeerLost, e.Code, "rank %d: %v", r, err)
					require.Equal(t, victim, e.Rank, "rank %d: %v", r, err)
				}
			}
			closeWorld(t, world)
		})
	}
}
