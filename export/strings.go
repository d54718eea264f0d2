package main

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// exportType returns the type that column i of t leaves with: its own, but large_string for strings of which one batch
// holds 2 GiB or more.
func exportType(t *table.Table, i int) arrow.DataType {
	own := t.Schema.Field(i).Type
	if own.ID() != arrow.STRING {
		return own
	}
	for _, b := range t.Batches {
		if c := &b.Cols[i]; c.Layout != column.Offsets32 && c.Characters() > math.MaxInt32 {
			return arrow.BinaryTypes.LargeString
		}
	}
	return own
}

// layoutOf returns the layout that a string type has on the outside.
func layoutOf(t arrow.DataType) column.Layout {
	switch t.ID() {
	case arrow.LARGE_STRING:
		return column.Offsets64
	case arrow.STRING_VIEW:
		return column.Views
	}
	return column.Offsets32
}

// copyColumn returns a copy of c in scope and takes over c's references.
func copyColumn(c *column.Column, scope *memory.Scope) (column.Column, error) {
	out := *c
	out.Owners = nil
	defer c.Release()
	parts := []*[]byte{&out.Values, &out.Valid.Bits, &out.Offsets}
	out.Heaps = make([][]byte, len(c.Heaps))
	copy(out.Heaps, c.Heaps)
	for i := range out.Heaps {
		parts = append(parts, &out.Heaps[i])
	}
	views := memory.BytesOf(c.Views)
	parts = append(parts, &views)
	for _, part := range parts {
		if len(*part) == 0 {
			continue
		}
		duplicate, err := copyInto(&out, scope, *part)
		if err != nil {
			out.Release()
			return column.Column{}, err
		}
		*part = duplicate
	}
	out.Views = memory.As[column.View](views)
	return out, nil
}
