// Package session holds one open environment: the settings, the memory, the communicator and the plans that run.
//
//	Open ──▶ Env ── Run(plan, tables) ──▶ Result       local plans at any time, several at once;
//	          │                                        collective ones one at a time, the same on every rank
//	          ├─ Start(barrier, send, split, ...)        communicators: any number at once
//	          └─ Close(cause)                          tells the other ranks why
//
// A Run has a memory.Scope of its own, closed when its goroutines have joined: what was not promoted to the result
// goes back to the budget, whatever the outcome. A Run that touches partitioned rows is one comm.Operation whose
// signature is the plan's hash: ranks that run different plans get CollectiveMismatch with both call sites, a failure
// on one rank reaches the others as Remote, and the environment stays usable.
package session

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pycylon/pycylon/gocore/base/events"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Config says which environment to open.
type Config struct {
	// Token is the job token; without one the environment is local: a world of one rank.
	Token string `json:"token,omitempty"`
	// Rank is this process's rank, where the launcher knows it.
	Rank *int `json:"rank,omitempty"`
	// WorldSize is how many ranks the caller expects; 0 takes the token's word.
	WorldSize int `json:"world_size,omitempty"`
	// After is the epoch, as Describe tells it, that these ranks were in before, where they open the job again.
	After string `json:"after,omitempty"`
	// Paths are those by which ranks may be connected; none: all that make sense.
	Paths []string `json:"paths,omitempty"`
	// Stores are the URLs of servers through which ranks are connected that have no better path: redis://, rediss://, s3://.
	// The same on all ranks. They may hold passwords.
	Stores []string `json:"stores,omitempty"`
	// Custom are stores of the user's, each by the descriptors of the sockets at whose other ends it is served: package custom.
	Custom [][]int `json:"custom,omitempty"`
	// CostModel is the JSON text of a costmodel.Model's changes, and Hint "fast" or "cheap": by what collectives' algorithms
	// are chosen. The same on all ranks.
	CostModel string `json:"cost_model,omitempty"`
	Hint      string `json:"hint,omitempty"`
	// ConnectTimeout bounds Open, OperationTimeout each Run and Collective; 0 is no bound beyond the context's.
	ConnectTimeout   time.Duration `json:"connect_timeout,omitempty"`
	OperationTimeout time.Duration `json:"operation_timeout,omitempty"`
}

// Env is an open environment. Its methods may be called from several goroutines.
type Env struct {
	config  Config
	process *process
	ring    *events.Ring
	runs    atomic.Uint64      // how many have begun: the number of each in its events
	comm    *comm.Communicator // nil in a local world
	member  *membership        // how the ranks are connected; nil in a local world

	mu     sync.Mutex
	comms  []*comm.Communicator // by number, nil where freed; the first is that of all ranks
	closed bool
	ctx    context.Context // of everything that runs; ends with Close
	end    context.CancelCauseFunc
	active sync.WaitGroup
}

// ringSize is how many events an environment keeps for a reader that comes late.
const ringSize = 4096

// Open joins the token's world, or makes a local one.
func Open(ctx context.Context, c Config) (*Env, error) {
	e := newEnv(c)
	if c.Token == "" {
		if c.WorldSize > 1 || c.Rank != nil && *c.Rank != 0 {
			return nil, status.Errorf(status.Invalid, "a world of several ranks needs a job token: set PYCYLON_TOKEN, or start the ranks with pycylon.run or python -m pycylon run")
		}
		return e, nil
	}
	if err := e.join(ctx); err != nil {
		e.end(context.Canceled)
		return nil, err
	}
	return e, nil
}

func newEnv(c Config) *Env {
	e := &Env{config: c, process: current(), ring: events.NewRing(ringSize)}
	e.ctx, e.end = context.WithCancelCause(context.Background())
	return e
}

// Rank returns this process's rank.
func (e *Env) Rank() int {
	if e.comm == nil {
		return 0
	}
	return e.comm.Rank()
}

// Size returns the number of ranks.
func (e *Env) Size() int {
	if e.comm == nil {
		return 1
	}
	return e.comm.Size()
}

// Spins tells whether a caller may keep a processor busy for a moment while it waits: not where the ranks of this machine are
// more than its processors, since then another rank needs it.
func (e *Env) Spins() bool {
	here := 1
	if e.member != nil {
		for rank := range e.Size() {
			if e.member.path(rank) == wire.Loopback.String() {
				here++
			}
		}
	}
	return here <= runtime.NumCPU()
}

// enter begins something that Close waits for.
func (e *Env) enter(what string) (leave func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, status.Errorf(status.Closed, "%s: the environment is closed: open a new CylonEnv", what)
	}
	e.active.Add(1)
	return e.active.Done, nil
}

// bounded returns ctx, ended also by the operation timeout and by Close.
func (e *Env) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(e.ctx, func() { cancel(context.Cause(e.ctx)) })
	release := func() {
		stop()
		cancel(context.Canceled)
	}
	if e.config.OperationTimeout <= 0 {
		return ctx, release
	}
	late := status.Errorf(status.Timeout, "it took longer than operation_timeout, %s", e.config.OperationTimeout)
	limited, done := context.WithTimeoutCause(ctx, e.config.OperationTimeout, late)
	return limited, func() {
		done()
		release()
	}
}

// Events returns the events from number cursor on as JSON lines, the cursor of the next call and how many were lost.
func (e *Env) Events(cursor uint64) (lines []byte, next, lost uint64) {
	list, next, lost := e.ring.Since(cursor)
	for i := range list {
		line, err := json.Marshal(&list[i])
		if err != nil {
			panic(fmt.Sprintf("session: an event that JSON can't hold: %v", err))
		}
		lines = append(append(lines, line...), '\n')
	}
	return lines, next, lost
}

// Close leaves the world and returns when nothing runs any more. Where cause isn't nil, what runs is cancelled and the
// other ranks learn why; what still runs at the end of ctx is cancelled, too. A second Close does nothing.
func (e *Env) Close(ctx context.Context, cause error) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	e.mu.Unlock()
	if cause != nil {
		e.end(status.Errorf(status.Cancelled, "the environment was closed: %w", cause))
	}
	stop := context.AfterFunc(ctx, func() {
		e.end(status.Errorf(status.Cancelled, "the environment was closed, and this didn't end in time: %w", context.Cause(ctx)))
	})
	e.active.Wait()
	stop()
	e.end(context.Canceled)
	return e.leave(ctx, cause)
}
