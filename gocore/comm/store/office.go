package store

import (
	"context"
	"fmt"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	// retryPause is how long a server that failed is left alone.
	retryPause = 100 * time.Millisecond
	// farewell is how long a peer is waited for that may be dead: one that lives answers as soon as it looks into its mailbox.
	farewell = time.Second
)

// Office is a rank's post office: it takes what arrives in the rank's mailbox for the Conn that it is for.
type Office struct {
	path   wire.Path
	traits Traits
	store  Store
	rank   int
	conns  []*Conn // by peer; nil at the own rank
	taking *task.Group
	giving *task.Group
}

// Open opens the mailbox of a rank in a world of size.
func Open(ctx context.Context, server Server, epoch wire.Epoch, rank, size int) (*Office, error) {
	s, err := server.Open(ctx, epoch, rank)
	if err != nil {
		return nil, err
	}
	o := &Office{path: server.Path(), traits: server.Traits(), store: s, rank: rank, conns: make([]*Conn, size),
		taking: task.NewGroup(context.Background()), giving: task.NewGroup(context.Background())}
	for peer := range o.conns {
		if peer == rank {
			continue
		}
		c := newConn(o, peer)
		o.conns[peer] = c
		for range o.traits.Parallel {
			o.giving.Go(c.post)
		}
	}
	o.taking.Go(o.take)
	return o, nil
}

// Conn returns the connection to a peer. There is one per opening.
func (o *Office) Conn(peer int) *Conn { return o.conns[peer] }

// Close closes all Conns, waits for what they have still to say until ctx ends, and removes what is left in the mailbox. What a
// peer that lives has still to say is waited for, too: it would be left there.
func (o *Office) Close(ctx context.Context) error {
	var used []*Conn
	for _, c := range o.conns {
		switch {
		case c == nil:
		case c.used():
			used = append(used, c)
			_ = c.Close()
		default: // its peer needn't be told
			c.drop()
		}
	}
	stop := context.AfterFunc(ctx, func() { o.giving.Fail(context.Canceled) })
	defer stop()
	given := o.giving.Wait()
	patient, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	for _, c := range used {
		c.awaitLast(patient)
	}
	o.taking.Fail(context.Canceled)
	taken := o.taking.Wait()
	err := o.store.Close(ctx)
	for _, ended := range []error{given, taken} {
		if ended != nil && status.CodeOf(ended) != status.Cancelled && err == nil {
			err = ended
		}
	}
	return err
}

// take hands on what arrives.
func (o *Office) take(ctx context.Context) error {
	for {
		var objects [][]byte
		err := o.try(ctx, func() (err error) {
			objects, err = o.store.Take(ctx)
			return err
		})
		if err != nil {
			for _, c := range o.conns {
				if c != nil {
					c.fail(err)
				}
			}
			return nil // the Conns tell
		}
		for _, b := range objects {
			// What no rank has put is dropped: nobody can be blamed for it.
			if object, err := parseObject(b, len(o.conns), o.traits.Object); err == nil && object.from != o.rank {
				o.conns[object.from].arrive(&object)
			}
		}
	}
}

// try calls f again, where it fails, for as long as the server's kind may be trusted to come back.
func (o *Office) try(ctx context.Context, f func() error) error {
	began := time.Now()
	for {
		err := f()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if time.Since(began) > o.traits.Patience {
			return status.Errorf(status.IO, "%s fails: %w", o.path, err)
		}
		timer := time.NewTimer(retryPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// address is a mailbox as an end of a connection.
type address struct {
	path wire.Path
	rank int
}

// Network implements net.Addr.
func (a address) Network() string { return a.path.String() }

// String implements net.Addr.
func (a address) String() string { return fmt.Sprintf("%s, rank %d", a.path, a.rank) }
