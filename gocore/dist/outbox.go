package dist

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/encoding"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// sourceShift is where a received batch's Seq holds the rank that it came from.
const sourceShift = 40

// outbox is the sending end of an exchange: rows for other ranks are encoded and sent, this rank's own are queued as
// they are.
type outbox struct {
	lowerer  *lowerer
	exchange *comm.Exchange
	own      chan *table.Batch
	meter    *meter
}

// seqOf returns the place of a batch among all that are received, given its place among its source's.
func seqOf(rank int, seq uint64) uint64 { return uint64(rank)<<sourceShift | seq&(1<<sourceShift-1) }

// send hands the rows ids of b, or all where ids is nil, to rank dst. It waits without a slot while dst is behind.
func (o *outbox) send(w *exec.Worker, dst int, b *table.Batch, ids []uint32) error {
	if dst == o.lowerer.world.Rank {
		return o.keep(w, b, ids)
	}
	buffer, err := encoding.Encode(w.Scope(), b, ids, seqOf(o.lowerer.world.Rank, b.Seq))
	if err != nil {
		return err
	}
	defer buffer.Release()
	rows := len(ids)
	if ids == nil {
		rows = b.Len
	}
	o.lowerer.rowsMoved.Add(int64(rows))
	o.meter.sent.Add(int64(len(buffer.Bytes())))
	return w.Block(func() error { return o.exchange.Send(w.Context(), dst, buffer.Bytes()) })
}

// keep queues this rank's own rows.
func (o *outbox) keep(w *exec.Worker, b *table.Batch, ids []uint32) error {
	own := &table.Batch{Cols: b.Cols, Len: b.Len, Seq: seqOf(o.lowerer.world.Rank, b.Seq)}
	if ids == nil {
		own.Retain()
	} else {
		views, err := b.AsViews(w.Scope())
		if err != nil {
			return err
		}
		defer views.Release()
		if own, err = gather(w, views, ids); err != nil {
			return err
		}
		own.Seq = seqOf(o.lowerer.world.Rank, b.Seq)
	}
	queued := false
	err := w.Block(func() error {
		select {
		case o.own <- own:
			queued = true
			return nil
		case <-w.Context().Done():
			return context.Cause(w.Context())
		}
	})
	if !queued {
		own.Release()
	}
	return err
}

// gather returns rows of a batch whose strings are views.
func gather(w *exec.Worker, b *table.Batch, ids []uint32) (*table.Batch, error) {
	out := &table.Batch{Len: len(ids), Seq: b.Seq}
	for i := range b.Cols {
		c, err := compute.GatherPresent(w.Scope(), &b.Cols[i], ids)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
	}
	return out, nil
}

// inbox is the receiving end of an exchange: the Source of what the other ranks sent and of this rank's own rows.
type inbox struct {
	lowerer  *lowerer
	exchange *comm.Exchange
	schema   *arrow.Schema
	own      chan *table.Batch
	received chan comm.Message
	meter    *meter
}

var _ exec.Source = (*inbox)(nil)

// Next returns the next batch from whichever rank.
func (in *inbox) Next(w *exec.Worker) (*table.Batch, error) {
	own, received := in.own, in.received
	for own != nil || received != nil {
		var b *table.Batch
		var m comm.Message
		ok, fromPeer := false, false
		err := w.Block(func() error {
			select {
			case b, ok = <-own:
			case m, ok = <-received:
				fromPeer = true
			case <-w.Context().Done():
				return context.Cause(w.Context())
			}
			return nil
		})
		switch {
		case err != nil:
			if ok && fromPeer {
				m.Release()
			} else if ok {
				b.Release()
			}
			return nil, err
		case ok && fromPeer:
			return in.decode(w, m)
		case ok:
			return b, nil
		case fromPeer:
			received = nil
		default:
			own = nil
		}
	}
	return nil, nil
}

// decode reads a message into the query's memory, so that its window opens again at once.
func (in *inbox) decode(w *exec.Worker, m comm.Message) (*table.Batch, error) {
	defer m.Release()
	in.meter.received.Add(int64(len(m.Bytes)))
	b, err := encoding.Read(w.Scope(), in.schema, m.Bytes)
	if err != nil {
		return nil, status.AtRank(status.CodeOf(err), m.Src, "what it sent can't be read: %w", err)
	}
	if int(b.Seq>>sourceShift) != m.Src {
		b.Release()
		return nil, status.AtRank(status.Malformed, m.Src, "it sent rows in the name of rank %d", b.Seq>>sourceShift)
	}
	return b, nil
}
