package store

import (
	"context"
	"time"
)

// lastPoll is the longest pause between two looks.
const lastPoll = 100 * time.Millisecond

// Poll calls look until it has found something, first after the pause of that name, then after half as much again each
// time: for servers that don't tell when there is something.
func Poll(ctx context.Context, first time.Duration, look func() (found bool, err error)) error {
	for pause := first; ; pause = min(pause*3/2, lastPoll) {
		if found, err := look(); err != nil || found {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}
