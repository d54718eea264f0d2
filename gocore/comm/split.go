package comm

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// NoColor is the color of a rank that wants no part in a Split.
const NoColor = -1

// Split returns the communicator of the ranks that give the same color, ordered by key and then by their rank here; nil for
// NoColor. Its context is a hash of this operation's and the color, so that all of its ranks give it the same id without
// asking. Every rank has made it before any uses it: they meet at a barrier. Where the operation fails, it is freed at its End.
func (o *Operation) Split(ctx context.Context, color, key int) (*Communicator, error) {
	if color < NoColor {
		return nil, status.Errorf(status.Invalid, "%s: color %d is negative", o.call, color)
	}
	le := binary.LittleEndian
	all, err := o.Allgather(ctx, le.AppendUint64(le.AppendUint64(nil, uint64(color)), uint64(key)))
	if err != nil {
		return nil, err
	}
	type place struct{ key, rank int }
	var places []place
	for r, said := range all {
		if len(said) != 16 {
			return nil, o.damaged(r, status.Errorf(status.Malformed, "split: %d bytes", len(said)))
		}
		if color != NoColor && le.Uint64(said) == uint64(color) {
			places = append(places, place{int(le.Uint64(said[8:])), r})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.rank, b.rank)) })
	var made *Communicator
	if color != NoColor {
		members := make([]int, len(places))
		for i, p := range places {
			members[i] = o.c.members[p.rank]
		}
		if made, err = o.c.register(o.childID(color), members); err != nil {
			return nil, err
		}
		o.made = append(o.made, made)
	}
	if err := o.Barrier(ctx); err != nil {
		return nil, err
	}
	return made, nil
}

// Dup returns a communicator of the same ranks.
func (o *Operation) Dup(ctx context.Context) (*Communicator, error) { return o.Split(ctx, 0, o.c.rank) }

// childID returns the context of a communicator that this step of the operation makes.
func (o *Operation) childID(color int) uint64 {
	var b []byte
	for _, v := range []uint64{o.c.id, o.sequence, uint64(o.step), uint64(color)} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	hash := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(hash[:])
}

// register makes a communicator known, so that frames for it are kept.
func (n *node) register(id uint64, members []int) (*Communicator, error) {
	c := newCommunicator(n, id, members)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.unusable("split"); err != nil {
		return nil, err
	}
	if n.comms[id] != nil {
		return nil, status.Errorf(status.Internal, "split: two communicators have the context %#x", id)
	}
	n.comms[id] = c
	return c, nil
}

// Free ends the communicator, when every rank has called it: those queued before it have ended by then. Requests for
// messages fail; messages that nobody received are dropped. The communicator of all ranks ends with Close instead.
func (c *Communicator) Free(ctx context.Context, call Call) error {
	if c.id == worldContext {
		return status.Errorf(status.Invalid, "%s: the communicator of all ranks can't be freed: close the environment", call)
	}
	o, err := c.Begin(ctx, call)
	if err != nil {
		return err
	}
	if err := o.End(o.Barrier(ctx)); err != nil {
		return err
	}
	c.unregister()
	return nil
}

// unregister ends the communicator on this rank.
func (c *Communicator) unregister() {
	freed := status.Errorf(status.Closed, "the communicator was freed")
	c.mu.Lock()
	c.freed = true
	delete(c.comms, c.id)
	var running []*Operation
	for _, o := range c.running {
		running = append(running, o)
	}
	c.failWaiting(freed)
	c.failMessages(freed)
	c.mu.Unlock()
	for _, o := range running {
		_ = o.End(freed)
	}
	_ = c.group.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release()
}
