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
		kind := random.IntN(5)
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

// TestChaos runs random operations while one rank fails, leaves or is killed at a random moment: every rank ends with
// right data or the right error, and never hangs. The seed is the subtest's name.
func TestChaos(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		how := []string{"fails", "leaves", "is killed"}[seed%3]
		t.Run(fmt.Sprintf("seed %d: a rank %s", seed, how), func(t *testing.T) {
			leak.Check(t)
			random := rand.New(rand.NewPCG(seed, 0))
			n := 2 + random.IntN(5)
			victim, moment, delay := random.IntN(n), 1+random.IntN(8), time.Duration(random.IntN(3000))*time.Microsecond
			tcp := channeltest.TCPWorld(t, n, 10*time.Second)
			world := openWorld(t, tcp.Channels, Options{Window: 128 << 10})
			failure := status.Errorf(status.Overflow, "as planned")
			errs := each(world, func(ctx context.Context, c *Communicator) error {
				for i := 1; i <= 12; i++ {
					random := rand.New(rand.NewPCG(seed, uint64(i)))
					struck := c.rank == victim && i == moment
					if struck && how == "leaves" {
						return c.Close(ctx)
					}
					if struck && how == "is killed" {
						time.AfterFunc(delay, func() {
							time.AfterFunc(200*time.Millisecond, tcp.Freeze(victim))
							for peer := range n {
								if peer != victim {
									tcp.Cut(victim, peer)
								}
							}
						})
					}
					err := inOperation("chaos", 1, func(ctx context.Context, o *Operation) error {
						if struck && how == "fails" {
							time.Sleep(delay)
							return failure
						}
						return checked(random, ctx, o)
					})(ctx, c)
					switch e := status.From(err); {
					case err == nil:
					case how == "fails" && i == moment && (e.Code == status.Overflow || e.Code == status.Remote && e.Rank == victim):
					default:
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
					require.Contains(t, []status.Code{status.CollectiveMismatch, status.Remote}, e.Code, "rank %d: %v", r, err)
					require.ErrorContains(t, err, fmt.Sprintf("rank %d, which has closed", victim))
				case r != victim && err != nil: // a late blow may find the others finished
					require.Equal(t, status.PeerLost, e.Code, "rank %d: %v", r, err)
					require.Equal(t, victim, e.Rank, "rank %d: %v", r, err)
				}
			}
			closeWorld(t, world)
		})
	}
}
