package comm

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// TestCancelledRequests cancels requests at every stage: what was not received disappears, a receive that lost its message
// gets the next one, and nothing is left.
func TestCancelledRequests(t *testing.T) {
	cause := status.Errorf(status.Cancelled, "by the test")
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 2), Options{})
			ctx := context.Background()
			a, b := world[0], world[1]
			ended := func(r *Request, code status.Code) {
				t.Helper()
				m, _, err := r.Wait(ctx)
				m.Release()
				require.Equal(t, code, status.CodeOf(err), "%v", err)
			}
			isend := func(tag, size int) *Request {
				r, err := a.Isend(1, tag, content(tag, size))
				require.NoError(t, err)
				return r
			}
			// A receive that nothing was sent to.
			r, err := b.Irecv(0, 1)
			require.NoError(t, err)
			r.Cancel(cause)
			ended(r, status.Cancelled)
			// A long message that was announced, then one behind it that is received.
			first := isend(2, 100_000)
			first.Cancel(cause)
			ended(first, status.Cancelled)
			second := isend(2, 50_000)
			_, err = expect(ctx, b, 0, 2, content(2, 50_000))
			require.NoError(t, err)
			ended(second, status.OK)
			// One that is received as it is cancelled: either it arrives or the receive gets the next one.
			for i := range 200 {
				r, err := b.Irecv(0, 3)
				require.NoError(t, err)
				one := isend(3, 70_000)
				if i%2 == 0 {
					time.Sleep(time.Duration(i) * time.Microsecond)
				}
				one.Cancel(cause)
				_, _, sendErr := one.Wait(ctx)
				if sendErr != nil {
					two := isend(3, 60_000)
					m, e, err := r.Wait(ctx)
					if err != nil { // cut in the middle
						require.Equal(t, status.Remote, status.CodeOf(err), "%v", err)
						m, e, err = b.Recv(ctx, 0, 3)
						require.NoError(t, err)
					}
					require.Equal(t, 60_000, e.Length)
					m.Release()
					ended(two, status.OK)
					continue
				}
				m, e, err := r.Wait(ctx)
				require.NoError(t, err)
				require.Equal(t, 70_000, e.Length)
				m.Release()
			}
			// Sends that wait for credit, or for a place.
			var sends []*Request
			for range MaxUnreceived + 100 {
				sends = append(sends, isend(4, 1000))
			}
			for _, r := range sends {
				r.Cancel(cause)
			}
			require.NoError(t, a.Send(ctx, 1, 5, nil))
			done, failed := 0, 0
			for _, r := range sends {
				if _, _, err := r.Wait(ctx); err == nil {
					done++
				} else {
					failed++
				}
			}
			require.NotZero(t, failed)
			for range done {
				_, err := expect(ctx, b, 0, 4, content(4, 1000))
				require.NoError(t, err)
			}
			_, err = expect(ctx, b, 0, 5, nil)
			require.NoError(t, err)
			// Receives in the middle of a message: it is dropped.
			for range 50 {
				r, err := b.Irecv(0, 6)
				require.NoError(t, err)
				one := isend(6, 300_000)
				r.Cancel(cause)
				if m, _, err := r.Wait(ctx); err == nil {
					m.Release()
					ended(one, status.OK)
					continue
				}
				// It was matched, and is dropped as it comes; or it is still to be received.
				for !one.finished() {
					_, found, err := b.Probe(ctx, 0, 6, false)
					require.NoError(t, err)
					if found {
						m, _, err := b.Recv(ctx, 0, 6)
						require.NoError(t, err)
						m.Release()
					}
					time.Sleep(10 * time.Microsecond)
				}
				ended(one, status.OK)
			}
			requireLanesEmpty(t, world)
			closeWorld(t, world)
		})
	}
}

// TestAnnouncedBeforeTheEnd receives, after a rank is lost, what others had only announced: nothing comes any more.
func TestAnnouncedBeforeTheEnd(t *testing.T) {
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 3), Options{})
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			c := world[0]
			for src := range 2 { // this rank is one of them
				_, err := world[src].Isend(0, 1, make([]byte, 100_000))
				require.NoError(t, err)
				_, _, err = c.Probe(ctx, src, 1, true)
				require.NoError(t, err)
			}
			world[2].ch.Abort()
			r, err := c.Irecv(2, 1)
			if err == nil {
				_, _, err = r.Wait(ctx)
			}
			require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
			for src := range 2 {
				_, _, err := c.Recv(ctx, src, 1)
				require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
			}
			closeWorld(t, world)
		})
	}
}

// TestRequestsEnd has a rank leave, or be lost, with requests of every kind pending on another: each ends, and names it.
func TestRequestsEnd(t *testing.T) {
	for _, fabric := range fabrics {
		for _, how := range []string{"leaves", "is lost", "closes here", "times out"} {
			t.Run(fabric.name+"/"+how, func(t *testing.T) {
				leak.Check(t)
				world := openWorld(t, fabric.open(t, 3), Options{})
				ctx := context.Background()
				c := world[0]
				var requests []*Request
				add := func(r *Request, err error) {
					require.NoError(t, err)
					requests = append(requests, r)
				}
				add(c.Irecv(2, 1))
				add(c.Irecv(2, AnyTag))
				add(c.Isend(2, 3, make([]byte, 100_000)))
				for range 70 {
					add(c.Isend(2, 4, make([]byte, 1000)))
				}
				requests = append(requests[:3], requests[len(requests)-1]) // the credit ended before the last
				want, rank := status.Closed, 2
				wait := ctx
				switch how {
				case "leaves":
					g := task.NewGroup(ctx)
					g.Go(func(ctx context.Context) error { return world[2].Close(ctx) })
					defer func() { require.NoError(t, g.Wait()) }()
				case "is lost":
					world[2].ch.Abort()
					want = status.PeerLost
				case "closes here":
					g := task.NewGroup(ctx)
					for _, c := range world {
						g.Go(func(ctx context.Context) error { return c.Close(ctx) })
					}
					defer func() { require.NoError(t, g.Wait()) }()
					rank = -1
				case "times out":
					limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
					defer cancel()
					wait, want, rank = limited, status.Timeout, -1
				}
				for i, r := range requests {
					_, _, err := r.Wait(wait)
					e := status.From(err)
					require.Equal(t, want, e.Code, "%d %s: %v", i, r, err)
					if rank >= 0 {
						require.Equal(t, rank, e.Rank, "%d: %v", i, err)
					}
				}
				if how == "leaves" {
					operateSome(t, world[:2])
				}
				closeWorld(t, world)
			})
		}
	}
}

// operateSome sends messages between ranks while others have left.
func operateSome(t *testing.T, world []*Communicator) {
	succeed(t, world, func(ctx context.Context, c *Communicator) error {
		if err := c.Send(ctx, 1-c.rank, 9, content(c.rank, 50_000)); err != nil {
			return err
		}
		_, err := expect(ctx, c, AnySource, 9, content(1-c.rank, 50_000))
		return err
	})
}

// TestLastMessages has a rank send and leave at once: its messages are received all the same. Two ranks that leave and have
// sent each other what nobody receives don't wait for each other.
func TestLastMessages(t *testing.T) {
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 2), Options{})
			succeed(t, world, func(ctx context.Context, c *Communicator) error {
				if c.rank == 0 {
					for i, size := range messageSizes {
						if err := c.Send(ctx, 1, i, content(i, size)); err != nil {
							return err
						}
					}
					return c.Close(ctx)
				}
				time.Sleep(50 * time.Millisecond)
				for i, size := range messageSizes {
					if _, err := expect(ctx, c, 0, i, content(i, size)); err != nil {
						return err
					}
				}
				return c.Close(ctx)
			})
			closeWorld(t, world)
			world = openWorld(t, fabric.open(t, 2), Options{})
			succeed(t, world, func(ctx context.Context, c *Communicator) error {
				if err := c.Send(ctx, 1-c.rank, 0, make([]byte, 100_000)); err != nil {
					return err
				}
				if err := inOperation("both", 1, busy)(ctx, c); err != nil {
					return err
				}
				return c.Close(ctx)
			})
			closeWorld(t, world)
		})
	}
}

func ExampleRequest_String() {
	fmt.Println(&Request{c: &Communicator{members: []int{4, 5}}, peer: 1, tag: AnyTag}, &Request{c: &Communicator{members: []int{4}}, sends: true})
	// Output: recv(source=5, tag=any) send(dest=4, tag=0)
}
