package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/plan"
)

// collectiveArgs is what the kinds of collectives take.
type collectiveArgs struct {
	Root int    `json:"root,omitempty"`
	Op   string `json:"op,omitempty"`   // "sum", "min", "max" or "prod"
	Type string `json:"type,omitempty"` // "int8" .. "uint64", "float", "double"
}

var reduceOps = map[string]comm.ReduceOp{"sum": comm.Sum, "min": comm.Min, "max": comm.Max, "prod": comm.Prod}

var elemTypes = map[string]comm.ElemType{"int8": comm.Int8, "int16": comm.Int16, "int32": comm.Int32, "int64": comm.Int64,
	"uint8": comm.Uint8, "uint16": comm.Uint16, "uint32": comm.Uint32, "uint64": comm.Uint64,
	"float": comm.Float32, "double": comm.Float64}

// Collective runs one of the communicator's collectives on bytes: "barrier", "bcast", "gather", "allgather" and
// "allreduce". args holds what the kind needs: {"root": 0}, {"op": "sum", "type": "int64"}. The result has one element
// per rank for gather (on root) and allgather, one for bcast and allreduce, none for barrier.
func (e *Env) Collective(ctx context.Context, kind, site string, args json.RawMessage, data []byte) ([][]byte, error) {
	var a collectiveArgs
	if err := plan.DecodeOptions(args, &a); err != nil {
		return nil, status.In(kind, err)
	}
	leave, err := e.enter(kind)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	received, err := e.collective(ctx, kind, site, a, data)
	return received, status.In(kind, err)
}

func (e *Env) collective(ctx context.Context, kind, site string, a collectiveArgs, data []byte) ([][]byte, error) {
	run, err := collectiveOf(kind, a, data)
	if err != nil {
		return nil, err
	}
	if a.Root < 0 || a.Root >= e.Size() {
		return nil, status.Errorf(status.Invalid, "root is rank %d in a world of %d", a.Root, e.Size())
	}
	if e.comm == nil {
		if kind == "barrier" {
			return nil, nil
		}
		return [][]byte{data}, nil
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %+v", kind, a)
	op, err := e.comm.Begin(ctx, comm.Call{Name: kind, Site: site, Signature: h.Sum64()})
	if err != nil {
		return nil, err
	}
	received, err := run(ctx, op)
	for i := range received {
		received[i] = bytes.Clone(received[i]) // the operation's memory ends with it
	}
	if err := op.End(err); err != nil {
		return nil, err
	}
	return received, nil
}

// collectiveOf returns the call of a kind of collective.
func collectiveOf(kind string, a collectiveArgs, data []byte) (func(context.Context, *comm.Operation) ([][]byte, error), error) {
	switch kind {
	case "barrier":
		return func(ctx context.Context, op *comm.Operation) ([][]byte, error) { return nil, op.Barrier(ctx) }, nil
	case "bcast":
		return func(ctx context.Context, op *comm.Operation) ([][]byte, error) {
			received, err := op.Bcast(ctx, a.Root, data)
			return [][]byte{received}, err
		}, nil
	case "gather":
		return func(ctx context.Context, op *comm.Operation) ([][]byte, error) { return op.Gather(ctx, a.Root, data) }, nil
	case "allgather":
		return func(ctx context.Context, op *comm.Operation) ([][]byte, error) { return op.Allgather(ctx, data) }, nil
	case "allreduce":
		reduce, okOp := reduceOps[a.Op]
		elem, okType := elemTypes[a.Type]
		if !okOp || !okType {
			return nil, status.Errorf(status.Invalid, "op %q of type %q: give sum, min, max or prod of int8 to uint64, float or double", a.Op, a.Type)
		}
		return func(ctx context.Context, op *comm.Operation) ([][]byte, error) {
			received, err := op.Allreduce(ctx, reduce, elem, data)
			return [][]byte{received}, err
		}, nil
	}
	return nil, status.Errorf(status.Invalid, "collective %q isn't known: barrier, bcast, gather, allgather and allreduce are", kind)
}
