package comm

import (
	"context"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// Operation is one collective operation. Its collectives are called from one goroutine at a time, in the same order
// on all ranks; its exchanges may be used from any number of goroutines beside them.
type Operation struct{ c *Communicator }

// End ends the operation, on success with nil. Another error reaches the other ranks, whose calls return it as
// Remote. It returns err, or why the operation failed meanwhile.
func (o *Operation) End(err error) error { return nil }

// Barrier returns when every rank has entered it.
func (o *Operation) Barrier(ctx context.Context) error { return nil }

// Bcast returns root's data on every rank.
func (o *Operation) Bcast(ctx context.Context, root int, data []byte) ([]byte, error) {
	return nil, nil
}

// Gather returns every rank's data, by rank, on root; nil elsewhere.
func (o *Operation) Gather(ctx context.Context, root int, data []byte) ([][]byte, error) {
	return nil, nil
}

// Allgather returns every rank's data, by rank.
func (o *Operation) Allgather(ctx context.Context, data []byte) ([][]byte, error) { return nil, nil }

// Allreduce returns the elementwise reduction of every rank's data: elements of type t in little-endian order,
// equally many on every rank.
func (o *Operation) Allreduce(ctx context.Context, op ReduceOp, t ElemType, data []byte) ([]byte, error) {
	return nil, nil
}

// Alltoallv sends parts[i] to rank i and returns what each rank sent here.
func (o *Operation) Alltoallv(ctx context.Context, parts [][]byte) ([][]byte, error) { return nil, nil }

// Exchange opens a stream of messages between all ranks. An operation may have several, opened in the same order on
// all ranks, and use them at once.
func (o *Operation) Exchange(ctx context.Context) (*Exchange, error) { return nil, nil }

// ReduceOp is how Allreduce combines two elements.
type ReduceOp uint8

// The reductions. Integers wrap around; a NaN makes min and max NaN.
const (
	Sum ReduceOp = iota
	Min
	Max
	Prod
)

// ElemType is the type of Allreduce's elements.
type ElemType uint8

// The element types.
const (
	Int8 ElemType = iota
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
)

// Exchange is a many-to-many stream of messages with flow control. Every rank sends to any, closes its sending side
// and receives until io.EOF. All methods may be called from several goroutines.
type Exchange struct{ o *Operation }

// Send sends the concatenation of parts to dst as one message of any size. parts may be reused on return.
// It blocks while dst grants no credit: receive beside it.
func (x *Exchange) Send(ctx context.Context, dst int, parts ...[]byte) error { return nil }

// CloseSend tells every rank that this one sends no more.
func (x *Exchange) CloseSend(ctx context.Context) error { return nil }

// Recv returns the next message; those of one source in its order. io.EOF is the end: every rank closed its sending.
func (x *Exchange) Recv(ctx context.Context) (Message, error) { return Message{}, nil }

// Close ends the exchange on this rank; what still arrives is dropped.
func (x *Exchange) Close() {}

// Message is one received message. Its holder calls Release.
type Message struct {
	Src    int
	Bytes  []byte
	Buffer *memory.Buffer // holds Bytes: Retain it to keep them beyond Release
}

// Release gives the message's memory back.
func (m Message) Release() { m.Buffer.Release() }
