package tcp

import (
	"bufio"
	"io"
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// readBuffer holds a short frame: longer payloads are read straight to their place.
const readBuffer = 1 << 10

// read delivers what arrives until the connection ends, and then says how it ended.
func (l *link) read(r channel.Receiver) {
	finished := false
	err := task.Recovered(func() error { return l.readFrames(r, &finished) })
	cause := status.AtRank(status.PeerLost, l.peer, "rank %d closed its connection in the middle, as a process that died does: %v", l.peer, err)
	l.cause.CompareAndSwap(nil, cause)
	l.acknowledged()
	close(l.readerDone)
	l.cut()
	if finished || l.ending.Load() {
		return
	}
	l.queue.Close(true)
	if stood := l.pulse.stood(); stood > l.limit {
		r.Left(l.peer, status.Errorf(status.Stale, "this rank stood still for %v (limit %v), so that rank %d closed the connection: "+
			"all ranks have to open the environment again",
			stood.Round(time.Millisecond), l.limit, l.peer))
		return
	}
	r.Left(l.peer, l.cause.Load())
}

func (l *link) readFrames(r channel.Receiver, finished *bool) error {
	in := bufio.NewReaderSize(hearing{l, l.in.conn}, readBuffer)
	scratch := make([]byte, wire.MaxFrame)
	for got := uint64(0); ; got++ {
		if _, err := io.ReadFull(in, scratch[:wire.HeaderSize]); err != nil {
			return err
		}
		h, err := wire.ParseHeader(scratch)
		if err != nil {
			return err
		}
		var place []byte
		ending := l.ending.Load()
		if h.Payload > 0 && !h.Class.Control() && !ending && !*finished {
			place = r.Place(l.peer, &h)
		}
		if place == nil {
			place = scratch[:h.Payload]
		}
		if _, err := io.ReadFull(in, place); err != nil {
			return err
		}
		switch {
		case h.Class == wire.ClassHeartbeat:
		case h.Class == wire.ClassSwitch:
			if err := l.moveReader(in, &h, got); err != nil {
				return err
			}
		case h.Class == wire.ClassByeAck:
			l.acknowledged()
		case h.Class == wire.ClassBye:
			if !*finished && !ending {
				r.Left(l.peer, nil)
			}
			*finished = true
			l.queue.Put(channel.Control(wire.ClassByeAck))
		case !ending && !*finished:
			r.Deliver(l.peer, &h, place)
		}
	}
}

// hearing reads from a link's connection and notes that the peer lives.
type hearing struct {
	l    *link
	conn net.Conn
}

func (h hearing) Read(p []byte) (int, error) {
	n, err := h.conn.Read(p)
	if n > 0 {
		h.l.heard.Store(h.l.pulse.now())
	}
	return n, err
}
