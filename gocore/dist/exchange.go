package dist

import (
	"context"
	"errors"
	"io"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// chooser is the Sink of an exchange's sending pipeline: it sends each row where it belongs.
type chooser interface {
	push(w *exec.Worker, b *table.Batch, out *outbox) error
}

// exchangeSink joins a chooser and an outbox to a Sink.
type exchangeSink struct {
	chooser chooser
	out     *outbox
}

var _ exec.Sink = (*exchangeSink)(nil)

// Push sends the rows of b.
func (s *exchangeSink) Push(w *exec.Worker, b *table.Batch) error {
	if b.Len == 0 {
		return nil
	}
	return s.chooser.push(w, b, s.out)
}

// Combine does nothing.
func (s *exchangeSink) Combine(*exec.Worker) error { return nil }

// Finish returns no rows: they are at the receiving end.
func (s *exchangeSink) Finish(*exec.Query) (exec.Source, error) { return exec.NewScan(nil), nil }

// exchange starts to move rows and returns those that this rank is to have.
func (l *lowerer) exchange(op *plan.Exchange, in stream, m *meter) (stream, error) {
	if op.Own {
		return l.ownShare(op, in)
	}
	if l.world.Op == nil {
		return stream{}, status.Errorf(status.Internal, "rows can't move outside a collective operation")
	}
	if op.Kind == plan.ByHash {
		return l.move(in, &hashChooser{keys: op.Keys, ranks: l.world.Size}, m)
	}
	// The others depend on how many rows there are, or keep their order: numbered from a Scan.
	batches, err := l.collect(in)
	if err != nil {
		return stream{}, err
	}
	in = scan(batches, in.schema)
	switch op.Kind {
	case plan.ByRange:
		splitters, err := l.splitters(op, in)
		if err != nil {
			return stream{}, err
		}
		return l.move(in, splitters, m)
	case plan.Even:
		counts, err := l.counts(rowsOf(batches))
		if err != nil {
			return stream{}, err
		}
		return l.move(in, newEvenChooser(batches, counts, l.world), m)
	case plan.ToAll:
		return l.move(in, toAll{l.world.Size}, m)
	}
	return l.move(in, toRoot{op.Root}, m)
}

// move starts both ends of an exchange.
func (l *lowerer) move(in stream, c chooser, m *meter) (stream, error) {
	if in.head == nil {
		in = in.counted()
	}
	x, err := l.world.Op.Exchange(l.q.Context())
	if err != nil {
		return stream{}, err
	}
	out := &outbox{lowerer: l, exchange: x, own: make(chan *table.Batch, 2*l.q.Threads), meter: m}
	received := make(chan comm.Message, 2*l.q.Threads)
	l.q.Scope.OnClose(func() {
		x.Close()
		for len(out.own) > 0 {
			(<-out.own).Release()
		}
		for len(received) > 0 {
			(<-received).Release()
		}
	})
	q := l.q
	q.Go(func(ctx context.Context) error {
		if _, err := run(q, in, &exchangeSink{c, out}); err != nil {
			return err
		}
		close(out.own)
		return x.CloseSend(ctx)
	})
	q.Go(func(ctx context.Context) error { return receive(ctx, x, received) })
	source := &inbox{lowerer: l, exchange: x, schema: in.schema, own: out.own, received: received, meter: m}
	// Sending and receiving keep pace with each other: the rows that were read to be sent tell how far both are.
	return stream{source: source, schema: in.schema, head: in.head}, nil
}

// receive passes on what arrives, until every rank has sent all.
func receive(ctx context.Context, x *comm.Exchange, received chan<- comm.Message) error {
	for {
		m, err := x.Recv(ctx)
		if errors.Is(err, io.EOF) {
			close(received)
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case received <- m:
		case <-ctx.Done():
			m.Release()
			return context.Cause(ctx)
		}
	}
}
