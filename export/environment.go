package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/session"
)

// envOptions are pcy_env_open's options; times are seconds.
type envOptions struct {
	Token            string  `json:"token"`
	Rank             *int    `json:"rank"`
	WorldSize        int     `json:"world_size"`
	ConnectTimeout   float64 `json:"connect_timeout"`
	OperationTimeout float64 `json:"operation_timeout"`
}

func (o envOptions) config() session.Config {
	return session.Config{
		Token: o.Token, Rank: o.Rank, WorldSize: o.WorldSize,
		ConnectTimeout:   time.Duration(o.ConnectTimeout * float64(time.Second)),
		OperationTimeout: time.Duration(o.OperationTimeout * float64(time.Second)),
	}
}

// collectiveCall is pcy_collective's JSON. Kind "close" leaves the world; Error is then told to the other ranks. Messages
// that are Marked end with a byte that says what they are, which the info tells apart; Mark is put behind this rank's
// here, so that long ones are copied once only.
type collectiveCall struct {
	Marked bool            `json:"marked"`
	Mark   *byte           `json:"mark"`
	Kind   string          `json:"kind"`
	Site   string          `json:"site"`
	Args   json.RawMessage `json:"args"`
	Error  string          `json:"error"`
}

// messages is what a collective received.
type messages [][]byte

// received is the JSON about messages.
type received struct {
	Sizes []int `json:"sizes"`
	Marks []int `json:"marks,omitempty"`
}

// messagesInfo describes messages, whose marks it takes off.
func messagesInfo(m messages, marked bool) received {
	info := received{Sizes: []int{}}
	for i := range m {
		if last := len(m[i]) - 1; marked && last >= 0 {
			info.Marks = append(info.Marks, int(m[i][last]))
			m[i] = m[i][:last]
		}
		info.Sizes = append(info.Sizes, len(m[i]))
	}
	return info
}

// environment is an open environment, and what was read of its events.
type environment struct {
	*session.Env
	mu     sync.Mutex
	cursor uint64
	left   bool
}

// closeTimeout bounds how long a freed environment waits for its runs to end.
const closeTimeout = 10 * time.Second

// leave closes the environment, once; the other ranks learn reason where there is one.
func (e *environment) leave(ctx context.Context, reason string) error {
	e.mu.Lock()
	left := e.left
	e.left = true
	e.mu.Unlock()
	if left {
		return nil
	}
	var cause error
	if reason != "" {
		cause = errors.New(reason)
	}
	return e.Close(ctx, cause)
}

// news returns the events that weren't read yet.
func (e *environment) news() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	lines, next, _ := e.Events(e.cursor)
	e.cursor = next
	return lines
}

// alone is the environment of plans that need none: this process, a world of one rank.
var alone = sync.OnceValues(func() (*environment, error) {
	env, err := session.Open(context.Background(), session.Config{})
	return &environment{Env: env}, err
})

// environmentOf returns the environment of h.
func environmentOf(h handle) (*environment, error) {
	env, err := lookup[*environment](&handles, h, nil)
	if status.CodeOf(err) == status.Closed {
		return nil, status.Errorf(status.Closed, "the environment (handle %#x) is closed: open a new CylonEnv", uint64(h))
	}
	return env, err
}

// environmentOrAlone returns the environment of h; handle 0 is the process alone. That is for plans, which may need no
// environment, and for what they tell. Whoever asks other ranks has a handle: 0 is then a world that was left.
func environmentOrAlone(h handle) (*environment, error) {
	if h == 0 {
		return alone()
	}
	return environmentOf(h)
}

// discard ends what an object without a handle stands for.
func discard(object any) {
	switch o := object.(type) {
	case *table.Table:
		o.Release()
	case *operation:
		o.close()
	case *environment:
		// Nobody waits for the end: whoever does closes the environment by a call first.
		task.NewGroup(context.Background()).Go(func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, closeTimeout)
			defer cancel()
			return o.leave(ctx, "")
		})
	case service:
		task.NewGroup(context.Background()).Go(func(ctx context.Context) error { return o.stop() })
	case owner:
		o.drop()
	case messages, nil:
	default:
		panic(status.Errorf(status.Internal, "a %T was freed", object))
	}
}
