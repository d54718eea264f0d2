// Package table holds Batch and Table: rows as aligned immutable columns.
//
// A Batch is what flows through a pipeline: at most MaxRows rows. A Table is batches of one schema, in order: what a
// handle that Python holds stands for.
//
// Ownership: whoever is given a Batch by a call's result holds one reference and Releases it; an argument is lent for
// the call, and is Retained by a callee that keeps it. Retain and Release count on the buffers, so a Batch that shares
// columns with another (a projection, a slice) is an independent value: make it, then Retain it.
package table

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// MaxRows is the most rows of a Batch in a pipeline.
const MaxRows = 128 << 10

// MorselRows is the most rows of a Batch that is cut from a table: what a pipeline makes of it, some ten columns, stays in
// a core's L2 cache, and so does its memory when the next morsel reuses it.
const MorselRows = 32 << 10

// Batch is Len rows. Seq is its place in the frame's order: a sink that keeps order sorts what it was pushed by Seq
// (stably: batches of one Seq keep the order in which one worker pushed them).
type Batch struct {
	Cols []column.Column
	Len  int
	Seq  uint64
}

// Retain adds a reference to every buffer of b.
func (b *Batch) Retain() {
	for i := range b.Cols {
		b.Cols[i].Retain()
	}
}

// Release drops a reference from every buffer of b.
func (b *Batch) Release() {
	for i := range b.Cols {
		b.Cols[i].Release()
	}
}

// Promote moves the buffers of b out of their scopes.
func (b *Batch) Promote() {
	for i := range b.Cols {
		for _, owner := range b.Cols[i].Owners {
			memory.Promote(owner)
		}
	}
}

// Slice returns rows [from, from+n) as a new value without a reference of its own.
func (b *Batch) Slice(from, n int) *Batch {
	s := &Batch{Cols: make([]column.Column, len(b.Cols)), Len: n, Seq: b.Seq}
	for i := range b.Cols {
		s.Cols[i] = b.Cols[i].Slice(from, n)
	}
	return s
}

// Table is batches of one schema in row order. It is immutable; its holder Releases it once.
type Table struct {
	Schema  *arrow.Schema
	Batches []*Batch
	Rows    int
}

// New makes a table of batches, whose references it takes over. Its buffers are promoted out of their scopes.
func New(schema *arrow.Schema, batches []*Batch) *Table {
	t := &Table{Schema: schema, Batches: batches}
	for _, b := range batches {
		t.Rows += b.Len
		b.Promote()
	}
	return t
}

// Retain adds a reference to every buffer of t.
func (t *Table) Retain() {
	for _, b := range t.Batches {
		b.Retain()
	}
}

// Release drops a reference from every buffer of t.
func (t *Table) Release() {
	for _, b := range t.Batches {
		b.Release()
	}
}

// Bytes returns the size of t's columns, counting a shared buffer as often as it is used.
func (t *Table) Bytes() int64 {
	var n int64
	for _, b := range t.Batches {
		for i := range b.Cols {
			n += b.Cols[i].Bytes()
		}
	}
	return n
}

// AsViews returns b with every string column in the Views layout, with a reference of its own.
func (b *Batch) AsViews(scope *memory.Scope) (*Batch, error) {
	v := &Batch{Cols: make([]column.Column, len(b.Cols)), Len: b.Len, Seq: b.Seq}
	for i := range b.Cols {
		c, err := b.Cols[i].AsViews(scope)
		if err != nil {
			v.Cols = v.Cols[:i]
			v.Release()
			return nil, err
		}
		v.Cols[i] = c
	}
	return v, nil
}
