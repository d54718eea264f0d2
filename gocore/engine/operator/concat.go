package operator

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Concat is the Source of all rows of several sources of one schema, one after the other. A batch's place is
//
//	Seq   0 .. 15 number of the source | 16 .. 63 its Seq there        highest bits first
type Concat struct {
	sources []exec.Source
	current atomic.Int64 // the first source that isn't known to have ended
}

var _ exec.Ascending = (*Concat)(nil)

const (
	concatBits    = 48 // of a batch's Seq in its source
	concatSources = 1 << (64 - concatBits)
)

// NewConcat returns a Concat of sources; those of a Concat among them are taken in one by one.
func NewConcat(sources ...exec.Source) (*Concat, error) {
	c := &Concat{}
	for _, s := range sources {
		if inner, ok := s.(*Concat); ok {
			c.sources = append(c.sources, inner.sources...)
		} else {
			c.sources = append(c.sources, s)
		}
	}
	if len(c.sources) > concatSources {
		return nil, status.Errorf(status.Unsupported, "%d tables can't be concatenated at once: at most %d, then concatenate the results",
			len(c.sources), concatSources)
	}
	return c, nil
}

// Ascending tells whether batches come in order: if those of every source do.
func (c *Concat) Ascending() bool {
	for _, s := range c.sources {
		if a, ok := s.(exec.Ascending); !ok || !a.Ascending() {
			return false
		}
	}
	return true
}

// Next returns the next batch of the first source that has any left.
func (c *Concat) Next(w *exec.Worker) (*table.Batch, error) {
	for {
		i := c.current.Load()
		if i >= int64(len(c.sources)) {
			return nil, nil
		}
		b, err := c.sources[i].Next(w)
		if err != nil {
			return nil, err
		}
		if b == nil {
			c.current.CompareAndSwap(i, i+1)
			continue
		}
		if b.Seq >= 1<<concatBits {
			b.Release()
			return nil, status.Errorf(status.Internal, "batch %d of a concatenated source has no place below 2^%d", b.Seq, concatBits)
		}
		out := *b // the batch may be its source's own
		out.Seq |= uint64(i) << concatBits
		return &out, nil
	}
}
