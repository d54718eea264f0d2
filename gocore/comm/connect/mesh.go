package connect

import (
	"context"
	"errors"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// pairTimeout is when a pair without a connection ends the opening: 256 ranks that share two processors take 24 s.
func pairTimeout(size int) time.Duration {
	return 20*time.Second + time.Duration(size)*80*time.Millisecond
}

// mesh connects this rank to all others. It returns when every rank has.
func (j *joiner) mesh(ctx context.Context) error {
	g := task.NewGroup(ctx)
	ctx = g.Context()
	for peer := range j.roster.Entries {
		if peer != j.rank {
			j.pairs[peer] = newPair(ctx, j.rank, peer)
		}
	}
	if j.listener != nil {
		stop := context.AfterFunc(ctx, func() { _ = j.listener.Close() })
		defer stop()
		g.Go(func(ctx context.Context) error { return j.accept(ctx, g) })
	}
	if j.quic != nil {
		g.Go(func(ctx context.Context) error { return j.serveQUIC(ctx, g) })
	}
	for _, server := range j.opt.Stores {
		j.offices = append(j.offices, &office{server: server})
	}
	for _, p := range j.pairs {
		if p != nil {
			j.race(g, p)
		}
	}
	g.Go(func(ctx context.Context) error {
		if err := j.client.AwaitGo(ctx, j.epoch); err != nil {
			return err
		}
		g.Fail(errDone)
		return nil
	})
	g.Go(j.report)
	stop := context.AfterFunc(ctx, func() { j.closePairs(errors.Is(context.Cause(ctx), errDone)) })
	defer stop()
	err := g.Wait()
	if errors.Is(err, errDone) {
		err = nil
	}
	j.closePairs(err == nil)
	return err
}

// errDone ends the group when the opening has succeeded.
var errDone = errors.New("all ranks are connected")

func (j *joiner) closePairs(keep bool) {
	for _, p := range j.pairs {
		if p != nil {
			p.close(keep)
		}
	}
}

// report tells the rendezvous server when all pairs are settled, or gives up.
func (j *joiner) report(ctx context.Context) error {
	limit := pairTimeout(len(j.roster.Entries))
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)*4/5)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for settled := 1; settled < len(j.roster.Entries); settled++ {
		select {
		case <-j.settled:
		case <-ctx.Done():
			return nil
		case <-timer.C:
			return j.unconnected(limit)
		}
	}
	j.event(-1, 0, "", "connected", nil)
	return j.client.Connected(j.epoch)
}

// unconnected says which pair has no connection, and what was tried.
func (j *joiner) unconnected(after time.Duration) error {
	for _, p := range j.pairs {
		if p == nil || p.isSettled() {
			continue
		}
		return status.AtRank(status.Unreachable, p.peer, "rank %d could not connect to rank %d within %s (%s). Let TCP connections "+
			"pass between the two, or to the rendezvous server's relay: through NATs, both have to keep one public port per private "+
			"port, and one that picks a port for every destination (symmetric) needs the relay", j.rank, p.peer, after.Round(time.Millisecond), p.failures())
	}
	return status.Errorf(status.Internal, "no pair is without a connection")
}
