package main

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// exportType returns the type that column i of t leaves with: its own, but large_string or large_binary for strings of
// which one batch holds 2 GiB or more.
func exportType(t *table.Table, i int) arrow.DataType {
	own := t.Schema.Field(i).Type
	large := map[arrow.Type]arrow.DataType{arrow.STRING: arrow.BinaryTypes.LargeString, arrow.BINARY: arrow.BinaryTypes.LargeBinary}[own.ID()]
	if large == nil {
		return own
	}
	for _, b := range t.Batches {
		if c := &b.Cols[i]; c.Layout != column.Offsets32 && c.Characters() > math.MaxInt32 {
			return large
		}
	}
	return own
}

// copyColumn returns a copy of c in scope and takes over c's references.
func copyColumn(c *column.Column, scope *memory.Scope) (column.Column, error) {
	defer c.Release()
	return duplicate(c, scope)
}

// duplicate returns a copy of c in scope, and of its children.
func duplicate(c *column.Column, scope *memory.Scope) (column.Column, error) {
	out := *c
	out.Owners, out.Children = nil, nil
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
	for i := range c.Children {
		child, err := duplicate(&c.Children[i], scope)
		if err != nil {
			out.Release()
			return column.Column{}, err
		}
		out.Adopt(child)
	}
	return out, nil
}
