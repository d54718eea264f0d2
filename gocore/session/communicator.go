package session

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/comm/channel/local"
	"github.com/pycylon/pycylon/gocore/plan"
)

// CommCall is a call of a communicator: a collective (collective.go), a message, or one about communicators.
type CommCall struct {
	Kind string
	Site string
	Comm int // which communicator: 0 is all ranks, others are what a split made
	// Blocking says that the caller waits: a communicator runs one such collective at a time.
	Blocking bool
	Args     json.RawMessage
	// Data is lent until the result is released.
	Data []byte
}

// commArgs is what the kinds take beside collectiveArgs.
type commArgs struct {
	collectiveArgs
	Peer   int    `json:"peer,omitempty"`   // of a message: where to or from; comm.AnySource
	Tag    int    `json:"tag,omitempty"`    // comm.AnyTag
	Format uint64 `json:"format,omitempty"` // of a message that is sent: what its receiver's envelope says
	Color  *int   `json:"color,omitempty"`  // of a split: none takes no part
	Key    int    `json:"key,omitempty"`
	Error  string `json:"error,omitempty"` // of fail

	Collective string `json:"collective,omitempty"` // of explain
	Bytes      int    `json:"bytes,omitempty"`
}

// Received is what a call of a communicator got.
type Received struct {
	Messages [][]byte
	Envelope *comm.Envelope // of a message that was received or probed
	Made     *Made          // by a split
	made     *comm.Communicator
	release  func()
}

// Made is a new communicator.
type Made struct{ Comm, Rank, Size int }

// Release frees the messages' memory.
func (r Received) Release() {
	if r.release != nil {
		r.release()
	}
}

// Pending is a call of a communicator that has begun.
type Pending struct {
	// Done is closed when Finish doesn't wait; nil where only Finish makes the call go on.
	Done <-chan struct{}
	// Finish waits for the end and returns what was received. It must be called, once.
	Finish func() (Received, error)
}

// Start begins a call of a communicator. It never waits itself: calls take effect in the order of their starts. ctx bounds
// all of it.
func (e *Env) Start(ctx context.Context, call CommCall) (*Pending, error) {
	var a commArgs
	if err := plan.DecodeOptions(call.Args, &a); err != nil {
		return nil, status.In(call.Kind, err)
	}
	name := cmp.Or(a.Name, call.Kind)
	leave, err := e.enter(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := e.bounded(ctx)
	pending, err := e.start(ctx, call, name, a)
	if err != nil {
		cancel()
		leave()
		return nil, status.In(name, err)
	}
	if pending.Done != nil {
		leave() // nobody may ever take part in a message: closing the environment ends it
		leave = func() {}
	}
	finish := pending.Finish
	pending.Finish = func() (Received, error) {
		defer leave()
		defer cancel()
		received, err := finish()
		return received, status.In(name, err)
	}
	return pending, nil
}

// Call is Start and the wait for its end.
func (e *Env) Call(ctx context.Context, call CommCall) (Received, error) {
	pending, err := e.Start(ctx, call)
	if err != nil {
		return Received{}, err
	}
	return pending.Finish()
}

// start begins a call of any kind.
func (e *Env) start(ctx context.Context, call CommCall, name string, a commArgs) (*Pending, error) {
	c, err := e.communicator(call.Comm)
	if err != nil {
		return nil, err
	}
	switch call.Kind {
	case "send", "recv", "probe", "iprobe":
		return startMessage(ctx, c, call, a)
	case "explain":
		return later(func() (Received, error) { return explain(c, a.Collective, a.Bytes) }), nil
	case "free":
		return later(func() (Received, error) {
			return Received{}, e.free(ctx, call.Comm, comm.Call{Name: name, Site: call.Site})
		}), nil
	}
	run, err := e.runOf(call, a)
	if err != nil {
		return nil, err
	}
	if a.Root < 0 || a.Root >= c.Size() {
		return nil, status.Errorf(status.Invalid, "root is rank %d in a communicator of %d", a.Root, c.Size())
	}
	op, err := c.Queue(ctx, comm.Call{Name: name, Site: call.Site, Signature: signature(call.Kind, a)}, call.Blocking)
	if err != nil {
		return nil, err
	}
	return later(func() (Received, error) {
		if err := op.Await(ctx); err != nil {
			return Received{}, err
		}
		received, err := run(ctx, op)
		if err == nil {
			received.release = op.Keep()
		}
		if err := op.End(err); err != nil {
			received.Release()
			return Received{}, err
		}
		if received.made != nil {
			received.Made = e.adopt(received.made)
		}
		return received, nil
	}), nil
}

// later is a call that only finish makes go on.
func later(finish func() (Received, error)) *Pending { return &Pending{Finish: finish} }

// signature is of all that ranks must agree on; 0 where they need not.
func signature(kind string, a commArgs) uint64 {
	switch kind {
	case "fail":
		return 0
	case "split":
		a.Color, a.Key = nil, 0
	}
	a.Lengths = nil // this rank's own
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %+v", kind, a)
	return h.Sum64()
}

// runOf returns what a call does in its operation.
func (e *Env) runOf(call CommCall, a commArgs) (func(ctx context.Context, op *comm.Operation) (Received, error), error) {
	switch call.Kind {
	case "split":
		color := comm.NoColor
		if a.Color != nil {
			if color = *a.Color; color < 0 {
				return nil, status.Errorf(status.Invalid, "color %d is negative: give None to take no part", color)
			}
		}
		return func(ctx context.Context, op *comm.Operation) (Received, error) {
			made, err := op.Split(ctx, color, a.Key)
			return Received{made: made}, err
		}, nil
	case "fail":
		return func(context.Context, *comm.Operation) (Received, error) {
			return Received{}, status.Errorf(status.Invalid, "%s", a.Error)
		}, nil
	}
	run, err := collectiveOf(call.Kind, a.collectiveArgs, call.Data)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, op *comm.Operation) (Received, error) {
		messages, err := run(ctx, op)
		return Received{Messages: messages}, err
	}, nil
}

// startMessage posts a send or a receive, or looks for a message.
func startMessage(ctx context.Context, c *comm.Communicator, call CommCall, a commArgs) (*Pending, error) {
	var r *comm.Request
	var err error
	switch call.Kind {
	case "send":
		r, err = c.IsendAs(a.Peer, a.Tag, a.Format, call.Data)
	case "recv":
		r, err = c.Irecv(a.Peer, a.Tag)
	default:
		return later(func() (Received, error) {
			envelope, found, err := c.Probe(ctx, a.Peer, a.Tag, call.Kind == "probe")
			if err != nil || !found {
				return Received{}, err
			}
			return Received{Envelope: &envelope}, nil
		}), nil
	}
	if err != nil {
		return nil, err
	}
	if call.Kind == "send" && call.Blocking && r.Detach() {
		done := make(chan struct{})
		close(done)
		return &Pending{Done: done, Finish: func() (Received, error) { return Received{}, nil }}, nil
	}
	stop := context.AfterFunc(ctx, func() { r.Cancel(r.Interrupted(ctx)) })
	return &Pending{Done: r.Done(), Finish: func() (Received, error) {
		defer stop()
		m, envelope, err := r.Wait(ctx)
		if err != nil || call.Kind == "send" {
			return Received{}, err
		}
		return Received{Messages: [][]byte{m.Bytes}, Envelope: &envelope, release: m.Release}, nil
	}}, nil
}

// communicator returns a communicator by its number.
func (e *Env) communicator(number int) (*comm.Communicator, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.comms) == 0 { // a world of this rank alone talks to itself
		c, err := e.newComm(local.NewWorld(1)[0])
		if err != nil {
			return nil, err
		}
		e.comms = append(e.comms, c)
	}
	if number < 0 || number >= len(e.comms) || e.comms[number] == nil {
		return nil, status.Errorf(status.Closed, "the communicator was freed")
	}
	return e.comms[number], nil
}

// adopt gives a new communicator a number.
func (e *Env) adopt(c *comm.Communicator) *Made {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.comms = append(e.comms, c)
	return &Made{Comm: len(e.comms) - 1, Rank: c.Rank(), Size: c.Size()}
}

// free ends a communicator.
func (e *Env) free(ctx context.Context, number int, call comm.Call) error {
	c, err := e.communicator(number)
	if err != nil {
		return err
	}
	if err := c.Free(ctx, call); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.comms[number] = nil
	return nil
}

// Copy returns a copy of data in the environment's memory, with mark behind it where there is one, and what frees it.
func (e *Env) Copy(data []byte, mark *byte) (copied []byte, release func(), err error) {
	extra := 0
	if mark != nil {
		extra = 1
	}
	scope := memory.NewScope(e.process.machine.Budget, "sending")
	b, err := scope.Alloc(len(data) + extra)
	if err != nil {
		scope.Close()
		return nil, nil, err
	}
	copied = b.Bytes()
	copy(copied, data)
	if mark != nil {
		copied[len(data)] = *mark
	}
	return copied, scope.Close, nil
}
