package comm

import (
	"context"
	"math"
	"time"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

const (
	pings      = 5
	probes     = 3
	probeBytes = 64 << 10
)

// Calibrate measures latency and bandwidth between neighbours, with a few short messages and a few of 64 KiB, and has all
// ranks choose algorithms by the worst of them from then on. Measured values are rounded to powers of two, so that chance
// seldom decides.
func (c *Communicator) Calibrate(ctx context.Context) error {
	if c.size < 2 {
		return nil
	}
	o, err := c.Begin(ctx, Call{Name: "calibrate"})
	if err != nil {
		return err
	}
	worst, err := o.calibrate(ctx)
	if err := o.End(err); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.costs.measured.Latency, c.costs.measured.Bandwidth = rounded(worst[0]), 1/rounded(worst[1])
	return nil
}

// calibrate returns the longest latency and the longest time of a byte, in seconds.
func (o *Operation) calibrate(ctx context.Context) ([]float64, error) {
	tag := o.begin(barrier, pairwise)
	var ping, probe float64
	for first := range 2 { // even ranks ask their right neighbours, then odd ones
		for _, m := range []struct {
			longest      *float64
			times, bytes int
		}{{&ping, pings, 8}, {&probe, probes, probeBytes}} {
			took, err := o.roundTrip(ctx, tag, first, m.times, m.bytes)
			if err != nil {
				return nil, err
			}
			*m.longest = max(*m.longest, took/2)
		}
	}
	own := []float64{ping, max(probe-ping, probe/8) / probeBytes}
	worst, err := o.Allreduce(ctx, Max, Float64, memory.BytesOf(own))
	if err != nil {
		return nil, err
	}
	return memory.As[float64](worst), nil
}

// roundTrip has every second rank from first on send to its right neighbour, which sends the same back, and returns the
// shortest time that it took, in seconds; 0 where this rank doesn't ask.
func (o *Operation) roundTrip(ctx context.Context, tag uint32, first, times, bytes int) (float64, error) {
	n, r := o.c.size, o.c.rank
	asks := r%2 == first%2 && r+1 < n
	answers := r%2 != first%2 && r > 0
	if !asks && !answers {
		return 0, nil
	}
	least := math.Inf(1)
	data := make([]byte, bytes)
	for range times {
		began := time.Now()
		if asks {
			if _, err := o.swap(ctx, r+1, r+1, tag, data); err != nil {
				return 0, err
			}
			least = min(least, time.Since(began).Seconds())
			continue
		}
		if _, err := o.recv(ctx, r-1, tag); err != nil {
			return 0, err
		}
		if err := o.send(ctx, r-1, tag, data).await(); err != nil {
			return 0, err
		}
	}
	if answers {
		return 0, nil
	}
	return least, nil
}

// rounded returns the nearest power of two.
func rounded(x float64) float64 { return math.Exp2(math.Round(math.Log2(max(x, 1e-12)))) }
