package session

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm"
)

// collectiveArgs is what the kinds of collectives take.
type collectiveArgs struct {
	Name    string `json:"name,omitempty"` // what the user called, where it isn't the kind
	Root    int    `json:"root,omitempty"`
	Op      string `json:"op,omitempty"`      // "sum", "min", ...
	Type    string `json:"type,omitempty"`    // of the elements: "int8" .. "uint64", "float", "double", "int64_at", "double_at"
	Counts  []int  `json:"counts,omitempty"`  // of reduce_scatter: elements by rank
	Lengths []int  `json:"lengths,omitempty"` // of scatter and the alltoalls: how many of the bytes are for each rank. This rank's own
}

var reduceOps = map[string]comm.ReduceOp{"sum": comm.Sum, "min": comm.Min, "max": comm.Max, "prod": comm.Prod,
	"land": comm.LogicalAnd, "lor": comm.LogicalOr, "lxor": comm.LogicalXor, "band": comm.BitAnd, "bor": comm.BitOr, "bxor": comm.BitXor,
	"minloc": comm.MinLoc, "maxloc": comm.MaxLoc}

var elemTypes = map[string]comm.ElemType{"int8": comm.Int8, "int16": comm.Int16, "int32": comm.Int32, "int64": comm.Int64,
	"uint8": comm.Uint8, "uint16": comm.Uint16, "uint32": comm.Uint32, "uint64": comm.Uint64,
	"float": comm.Float32, "double": comm.Float64, "int64_at": comm.Int64At, "double_at": comm.Float64At}

// run is the call of a collective.
type run func(ctx context.Context, op *comm.Operation) ([][]byte, error)

// one wraps a call that returns one message, or none.
func one(call func(ctx context.Context, op *comm.Operation) ([]byte, error)) run {
	return func(ctx context.Context, op *comm.Operation) ([][]byte, error) {
		received, err := call(ctx, op)
		if received == nil {
			return nil, err
		}
		return [][]byte{received}, err
	}
}

// collectiveOf returns the call of a kind of collective: "barrier", "bcast", "scatter", "gather", "allgather", "alltoall", of parts of
// one length, "alltoallv", "reduce", "allreduce", "reduce_scatter", "scan" and "exscan". a holds what the kind needs: {"root": 0}, {"op": "sum",
// "type": "int64"}. The result has one element per rank for gather (on root), allgather and both alltoalls, none for barrier, reduce
// elsewhere than on root and exscan on rank 0, and one otherwise.
func collectiveOf(kind string, a collectiveArgs, data []byte) (run, error) {
	if reduce := reductionOf(kind, a); reduce != nil {
		op, okOp := reduceOps[a.Op]
		elem, okType := elemTypes[a.Type]
		if !okOp || !okType || !comm.CanReduce(op, elem) {
			return nil, status.Errorf(status.Invalid, "op %q of type %q: give one of %s of one of %s", a.Op, a.Type,
				strings.Join(slices.Sorted(maps.Keys(reduceOps)), ", "), strings.Join(slices.Sorted(maps.Keys(elemTypes)), ", "))
		}
		return one(func(ctx context.Context, o *comm.Operation) ([]byte, error) { return reduce(o, ctx, op, elem, data) }), nil
	}
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
	case "scatter", "alltoall", "alltoallv":
		parts, err := cut(data, a.Lengths)
		if err != nil {
			return nil, err
		}
		switch kind {
		case "alltoall":
			return func(ctx context.Context, op *comm.Operation) ([][]byte, error) { return op.Alltoall(ctx, parts) }, nil
		case "alltoallv":
			return func(ctx context.Context, op *comm.Operation) ([][]byte, error) { return op.Alltoallv(ctx, parts) }, nil
		}
		return func(ctx context.Context, op *comm.Operation) ([][]byte, error) {
			received, err := op.Scatter(ctx, a.Root, parts)
			return [][]byte{received}, err
		}, nil
	}
	return nil, status.Errorf(status.Invalid, "a communicator has no %q: barrier, bcast, scatter, gather, allgather, alltoall, alltoallv, reduce, "+
		"allreduce, reduce_scatter, scan, exscan, send, recv, probe, iprobe, split, free and fail it has", kind)
}

// reduction is the call of a collective that combines elements.
type reduction func(o *comm.Operation, ctx context.Context, op comm.ReduceOp, t comm.ElemType, data []byte) ([]byte, error)

// reductionOf returns the reduction of a kind; nil where it is none.
func reductionOf(kind string, a collectiveArgs) reduction {
	switch kind {
	case "reduce":
		return func(o *comm.Operation, ctx context.Context, op comm.ReduceOp, t comm.ElemType, data []byte) ([]byte, error) {
			return o.Reduce(ctx, a.Root, op, t, data)
		}
	case "allreduce":
		return (*comm.Operation).Allreduce
	case "reduce_scatter":
		return func(o *comm.Operation, ctx context.Context, op comm.ReduceOp, t comm.ElemType, data []byte) ([]byte, error) {
			return o.ReduceScatter(ctx, op, t, a.Counts, data)
		}
	case "scan":
		return (*comm.Operation).Scan
	case "exscan":
		return (*comm.Operation).Exscan
	}
	return nil
}

// cut returns data in parts of the given lengths; none where there are none.
func cut(data []byte, lengths []int) ([][]byte, error) {
	var parts [][]byte
	for _, n := range lengths {
		if n < 0 || n > len(data) {
			return nil, status.Errorf(status.Invalid, "the parts' lengths %v don't fit their bytes", lengths)
		}
		parts, data = append(parts, data[:n]), data[n:]
	}
	if len(data) > 0 && lengths != nil {
		return nil, status.Errorf(status.Invalid, "the parts' lengths %v leave %d bytes over", lengths, len(data))
	}
	return parts, nil
}
