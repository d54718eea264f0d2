package memory

import (
	"sync/atomic"
	"unsafe"
)

// Buffer is a block of bytes with a reference count: off Go's heap, or lent by a foreign owner.
// The holder of the last reference frees it; the Scope that allocated it frees it otherwise.
type Buffer struct {
	bytes []byte
	refs  atomic.Int32
	scope atomic.Pointer[Scope] // that frees it in the end; nil once promoted, or foreign
	free  func()                // how a foreign owner takes it back
	class uint8
}

// Foreign wraps bytes lent by another owner; free is called once, when the last reference goes, on the goroutine
// that lets it go. bytes may be nil where the Buffer only keeps an owner alive. Foreign bytes are no part of a Budget.
func Foreign(bytes []byte, free func()) *Buffer {
	b := &Buffer{bytes: bytes, free: free}
	b.refs.Store(1)
	return b
}

// Bytes returns the block. It is not zeroed when new.
func (b *Buffer) Bytes() []byte { return b.bytes }

// IsForeign tells whether the block is another owner's.
func (b *Buffer) IsForeign() bool { return b.free != nil }

// Retain adds a reference.
func (b *Buffer) Retain() { b.refs.Add(1) }

// Release drops a reference; with the last one the block is freed.
func (b *Buffer) Release() {
	switch refs := b.refs.Add(-1); {
	case refs == 0:
		b.destroy()
	case refs < 0:
		panic("memory: Buffer released more often than retained")
	}
}

func (b *Buffer) destroy() {
	if s := b.scope.Swap(nil); s != nil {
		s.forget(b)
	}
	bytes := b.bytes
	b.bytes = nil
	if b.free != nil {
		b.free()
		return
	}
	shared.put(bytes, b.class)
}

// As views the block as values of T, as many as fit. T must hold no Go pointers.
func As[T any](bytes []byte) []T {
	var zero T
	n := len(bytes) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(bytes))), n)
}

// BytesOf views values as bytes.
func BytesOf[T any](values []T) []byte {
	var zero T
	if len(values) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(zero)))
}
