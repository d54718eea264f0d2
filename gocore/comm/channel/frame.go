package channel

import (
	"sync"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Frame is an encoded frame on its way out, in pooled memory. The Channel that it is given to frees it.
type Frame struct {
	class wire.Class
	bytes []byte
}

// frameSizes are the sizes of pooled frames: control and tiny messages, short messages, parts of long ones.
var frameSizes = [...]int{512, wire.HeaderSize + wire.MaxEager, wire.MaxFrame}

var framePools [len(frameSizes)]sync.Pool

// NewFrame returns a frame with header h that awaits h.Payload bytes by Append.
func NewFrame(h *wire.Header) *Frame {
	pool := poolOf(wire.HeaderSize + h.Payload)
	f, _ := framePools[pool].Get().(*Frame)
	if f == nil {
		f = &Frame{bytes: make([]byte, 0, frameSizes[pool])}
	}
	f.class = h.Class
	f.bytes = h.AppendMarshal(f.bytes[:0])
	return f
}

func poolOf(n int) int {
	pool := 0
	for frameSizes[pool] < n {
		pool++
	}
	return pool
}

// Append adds a part of the payload.
func (f *Frame) Append(part []byte) *Frame {
	f.bytes = append(f.bytes, part...)
	return f
}

// Class returns the frame's class.
func (f *Frame) Class() wire.Class { return f.class }

// Bytes returns header and payload.
func (f *Frame) Bytes() []byte { return f.bytes }

// Free gives the frame's memory back. Only a Channel calls it.
func (f *Frame) Free() { framePools[poolOf(cap(f.bytes))].Put(f) }

// Control returns a control frame of class without a payload.
func Control(class wire.Class) *Frame { return NewFrame(&wire.Header{Class: class}) }
