package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// inPlace writes a batch's columns where its entries were, which are read for the last time: the result takes no more
// memory than the sort does. That goes where two columns of 8 bytes a row are all that is made from entries, which have
// as many. The columns are made beside, in a cache, and copied there once all are there.
type inPlace struct {
	source  *sortSource
	entries []entry
	scratch []uint64
	owner   *memory.Buffer
}

// fillEntries returns the columns that are made from the entries, if those are two that fill them.
func (s *sortSource) fillEntries() []int {
	var made []int
	for i, p := range s.pieces {
		if kind, _ := column.KindOf(s.sort.schema.Field(i).Type); p == nil {
			if kind.Width() != 8 {
				return nil
			}
			made = append(made, i)
		}
	}
	if len(made) != 2 {
		return nil
	}
	return made
}

// newInPlace prepares to write the columns of entries; nil if they aren't written in place.
func (s *sortSource) newInPlace(scope *memory.Scope, entries []entry) (*inPlace, error) {
	if s.placed == nil {
		return nil, nil
	}
	scratch, owner, err := memory.Make[uint64](scope, 2*len(entries))
	if err != nil {
		return nil, err
	}
	return &inPlace{s, entries, scratch, owner}, nil
}

// column returns column i, to be filled in: its values lie in scratch.
func (p *inPlace) column(t arrow.DataType, i int) column.Column {
	kind, _ := column.KindOf(t)
	return column.Column{Type: t, Kind: kind, Len: len(p.entries), Values: p.of(memory.BytesOf(p.scratch), i)}
}

// of returns the half of bytes that is column i's.
func (p *inPlace) of(bytes []byte, i int) []byte {
	half := 8 * len(p.entries)
	if i == p.source.placed[0] {
		return bytes[:half:half]
	}
	return bytes[half : 2*half : 2*half]
}

// finish moves the columns of out to the entries' memory, which they own a part of from now on.
func (p *inPlace) finish(out *table.Batch) {
	if p == nil {
		return
	}
	place := memory.BytesOf(p.entries)
	copy(place, memory.BytesOf(p.scratch))
	for _, i := range p.source.placed {
		c, owner := &out.Cols[i], p.source.parts.owners[0]
		owner.Retain()
		c.Values, c.Owners = p.of(place, i), append(c.Owners, owner)
	}
}

func (p *inPlace) release() {
	if p != nil {
		p.owner.Release()
	}
}
