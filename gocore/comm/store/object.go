package store

import (
	"encoding/binary"
	"fmt"

	"github.com/pycylon/pycylon/gocore/base/status"
)

const (
	objectVersion = 1
	headerBytes   = 24
)

// kind is what an object is.
type kind byte

const (
	data  kind = 1 // bytes of the stream
	ack   kind = 2 // only what is acknowledged
	end   kind = 3 // no more bytes follow
	reset kind = 4 // the Conn was closed in the middle
)

// object is what is put for a rank at once.
type object struct {
	kind         kind
	from         int
	sequence     uint64 // of data and end, from 0 on
	acknowledged uint64 // objects with a sequence that the sender has read from its peer
	payload      []byte
}

// name is unique among the objects of a Conn.
func (o *object) name() string {
	switch o.kind {
	case ack:
		return fmt.Sprintf("%d-a%d", o.from, o.acknowledged)
	case reset:
		return fmt.Sprintf("%d-reset", o.from)
	default:
		return fmt.Sprintf("%d-%d", o.from, o.sequence)
	}
}

// appendMarshal appends header and payload.
func (o *object) appendMarshal(dst []byte) []byte {
	dst = append(dst, objectVersion, byte(o.kind), 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(o.from))
	dst = binary.BigEndian.AppendUint64(dst, o.sequence)
	dst = binary.BigEndian.AppendUint64(dst, o.acknowledged)
	return append(dst, o.payload...)
}

// parseObject reads an object of a world of size ranks, whose payload is at most most bytes and stays in b.
func parseObject(b []byte, size, most int) (o object, err error) {
	if len(b) < headerBytes || b[0] != objectVersion || b[2] != 0 || b[3] != 0 {
		return o, status.Errorf(status.Malformed, "the store holds what no rank of this version has put there")
	}
	from := binary.BigEndian.Uint32(b[4:])
	o = object{kind: kind(b[1]), from: int(from), sequence: binary.BigEndian.Uint64(b[8:]),
		acknowledged: binary.BigEndian.Uint64(b[16:]), payload: b[headerBytes:]}
	switch {
	case from >= uint32(size):
		err = status.Errorf(status.Malformed, "the store holds an object of rank %d in a world of %d", from, size)
	case o.kind < data || o.kind > reset:
		err = status.Errorf(status.Malformed, "the store holds an object of the unknown kind %d", b[1])
	case len(o.payload) > most, (o.kind == data) != (len(o.payload) > 0):
		err = status.Errorf(status.Malformed, "the store holds an object of kind %d with %d bytes", b[1], len(o.payload))
	}
	return o, err
}
