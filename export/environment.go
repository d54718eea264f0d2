package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/session"
)

// envOptions are pcy_env_open's options; times are seconds.
type envOptions struct {
	Token            string   `json:"token"`
	Rank             *int     `json:"rank"`
	WorldSize        int      `json:"world_size"`
	After            string   `json:"after"`
	Paths            []string `json:"paths"`
	Stores           []string `json:"stores"`
	Custom           [][]int  `json:"custom"`
	CostModel        string   `json:"cost_model"`
	Hint             string   `json:"hint"`
	ConnectTimeout   float64  `json:"connect_timeout"`
	OperationTimeout float64  `json:"operation_timeout"`
}

func (o envOptions) config() session.Config {
	return session.Config{
		Token: o.Token, Rank: o.Rank, WorldSize: o.WorldSize, After: o.After, Paths: o.Paths, Stores: o.Stores, Custom: o.Custom, CostModel: o.CostModel, Hint: o.Hint,
		ConnectTimeout:   time.Duration(o.ConnectTimeout * float64(time.Second)),
		OperationTimeout: time.Duration(o.OperationTimeout * float64(time.Second)),
	}
}

// commCall is pcy_collective's JSON. Kind "close" leaves the world; Error is then told to the other ranks. Messages
// that are Marked end with a byte that says what they are, which the info tells apart; Mark is put behind this rank's
// here, so that long ones are copied once only. Without Nowait the caller is expected to wait at once.
type commCall struct {
	Marked bool            `json:"marked"`
	Mark   *byte           `json:"mark"`
	Nowait bool            `json:"nowait"`
	Comm   int             `json:"comm"`
	Kind   string          `json:"kind"`
	Site   string          `json:"site"`
	Args   json.RawMessage `json:"args"`
	Error  string          `json:"error"`
}

// maxCopied is up to how many bytes data is copied rather than lent.
const maxCopied = 64 << 10

// start begins the call with data, which stays as it is until what it returns, or the messages, are freed.
func (call *commCall) start(env *environment, data []byte) (*operation, error) {
	op := newOperation()
	if call.Kind == "close" {
		op.run(func(ctx context.Context) (outcome, error) { return outcome{}, env.leave(ctx, call.Error) }, func() {})
		return op, nil
	}
	release := func() {}
	if call.Mark != nil || len(data) <= maxCopied {
		var err error
		if data, release, err = env.Copy(data, call.Mark); err != nil {
			return nil, err
		}
	}
	pending, err := env.Start(op.group.Context(), session.CommCall{Kind: call.Kind, Site: call.Site, Comm: call.Comm,
		Blocking: !call.Nowait, Args: call.Args, Data: data})
	if err != nil {
		release()
		return nil, err
	}
	finish := func(context.Context) (outcome, error) {
		got, err := pending.Finish()
		if err != nil {
			release()
			return outcome{}, err
		}
		m := &messages{list: got.Messages, free: func() { got.Release(); release() }}
		m.users.Store(1)
		info, err := json.Marshal(infoOfCall(got, m.list, call.Marked))
		return outcome{object: m, info: info}, err
	}
	if pending.Done != nil {
		op.await(pending.Done, finish)
	} else {
		op.run(finish, func() {})
	}
	return op, nil
}

// messages is what a call received. It is freed with its last user.
type messages struct {
	list  [][]byte
	users atomic.Int32
	free  func()
}

func (m *messages) use() { m.users.Add(1) }

func (m *messages) release() {
	if m.users.Add(-1) == 0 {
		m.free()
	}
}

// received is the JSON about what a call got.
type received struct {
	Sizes    []int          `json:"sizes"`
	Marks    []int          `json:"marks,omitempty"`
	Envelope *envelope      `json:"envelope,omitempty"`
	Made     *communication `json:"made,omitempty"`
}

// envelope is the JSON about a message.
type envelope struct {
	Source int    `json:"source"`
	Tag    int    `json:"tag"`
	Length int    `json:"length"`
	Format uint64 `json:"format"`
}

// communication is the JSON about a new communicator.
type communication struct {
	Comm int `json:"comm"`
	Rank int `json:"rank"`
	Size int `json:"size"`
}

// infoOfCall describes what was received, and takes the marks off the messages in list.
func infoOfCall(got session.Received, list [][]byte, marked bool) received {
	info := received{Sizes: []int{}}
	for i := range list {
		if last := len(list[i]) - 1; marked && last >= 0 {
			info.Marks = append(info.Marks, int(list[i][last]))
			list[i] = list[i][:last]
		}
		info.Sizes = append(info.Sizes, len(list[i]))
	}
	if e := got.Envelope; e != nil {
		info.Envelope = &envelope{e.Source, e.Tag, e.Length, e.Format}
	}
	if m := got.Made; m != nil {
		info.Made = &communication{m.Comm, m.Rank, m.Size}
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
	case *messages:
		o.release()
	case nil:
	default:
		panic(status.Errorf(status.Internal, "a %T was freed", object))
	}
}
