package comm

import (
	"context"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
)

// Options are a Communicator's settings; the zero value is good.
type Options struct {
	// Budget bounds the memory of received data; nil is no bound.
	Budget *memory.Budget
	// Window is how many bytes one peer may have on their way to this rank in one Exchange; 0 chooses 2 MiB,
	// or less where the budget is small.
	Window int
}

// Communicator is this rank's membership of a world of ranks.
type Communicator struct{ ch channel.Channel }

// New takes ch over and starts to receive.
func New(ch channel.Channel, opt Options) (*Communicator, error) {
	return nil, status.Errorf(status.Unsupported, "not yet")
}

// Rank returns this rank, 0 .. Size()-1.
func (c *Communicator) Rank() int { return c.ch.Rank() }

// Size returns the number of ranks.
func (c *Communicator) Size() int { return c.ch.Size() }

// Close says goodbye to the other ranks and ends the communicator.
func (c *Communicator) Close(ctx context.Context) error { return nil }

// Stats returns what was sent to and received from each rank.
func (c *Communicator) Stats() Stats { return Stats{} }

// Describe returns the last operations of this rank and where each peer is, as text for people.
func (c *Communicator) Describe() string { return "" }

// Begin opens the next operation of this communicator; one at a time. Every rank must begin the same operations in
// the same order: a different Signature on another rank is a CollectiveMismatch on all of them.
func (c *Communicator) Begin(ctx context.Context, call Call) (*Operation, error) { return nil, nil }

// Call says which operation begins, and where in the user's program.
type Call struct {
	Name      string // as the user knows it: "merge"
	Site      string // "script.py:12"
	Signature uint64 // of all that must be equal on all ranks: plan, schema, root, type
}

// Stats is the traffic of one rank.
type Stats struct{ Peers []PeerStats }

// PeerStats is the traffic between this rank and another. Bytes are payload, without headers.
type PeerStats struct {
	Rank                           int
	BytesSent, BytesReceived       uint64
	MessagesSent, MessagesReceived uint64
}
