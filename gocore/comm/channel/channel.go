// Package channel is how one rank's frames reach the others: the interface, and what its implementations share.
//
//	Communicator ──Send, Post──▶ Queue (one per peer) ──▶ writer ┄┄ link ┄┄▶ reader ──Place, Deliver──▶ Receiver
//	                             control before data                          never waits
//
// A Channel delivers the frames of a pair in order, except that control frames overtake data frames: a control frame
// waits behind at most the one that is being written. It watches its peers: a Receiver learns of each that it has
// finished (BYE) or is lost, once. HEARTBEAT, BYE and BYE-ACK are the channel's own and are not delivered.
//
// The implementations are in the folders beneath; channeltest is the suite that each passes.
package channel

import (
	"context"
	"net"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Channel connects one rank with all others. Its methods may be called from several goroutines.
type Channel interface {
	// Rank returns this rank, 0 .. Size()-1.
	Rank() int
	// Size returns the number of ranks.
	Size() int
	// Start begins to deliver to r: once, before the first Send.
	Start(r Receiver)
	// Send queues f for peer and takes it over. A data frame waits while peer's queue is full; a control frame does
	// not. A frame for a peer that has finished or is lost is dropped.
	Send(ctx context.Context, peer int, f *Frame) error
	// Post is Send that never waits: for a Receiver's calls.
	Post(peer int, f *Frame)
	// Lay is Post of a control frame that has no hurry: it leaves together with the next frame for peer, or with Flush. So
	// what is sent at once afterwards needs one write rather than two.
	Lay(peer int, f *Frame)
	// Flush sends what was laid. It doesn't wait.
	Flush()
	// Close tells the peers that this rank has finished, waits until each has read all that was sent, at most until
	// ctx ends, and joins the channel's goroutines. After Abort it only joins.
	Close(ctx context.Context) error
	// Abort drops what is queued but control frames, sends those and closes. It doesn't wait.
	Abort()
}

// Switcher is a Channel whose links can move to better connections while they are used.
type Switcher interface {
	// Switch moves the link with peer to conn, which it takes over. Both ranks call it, of the two ends of one connection,
	// with an id that no other connection of theirs has. The one that leads does when it knows that the other has its end.
	Switch(peer int, conn net.Conn, id uint64, lead bool)
}

// Receiver takes what a Channel delivers. The calls for one peer come from one goroutine, in order. None may wait
// for anything but a short lock: while it does, that peer's heartbeats aren't heard.
type Receiver interface {
	// Place is called for every data frame with a payload, before the payload is read, and returns where it is to be
	// put: h.Payload bytes. nil drops the frame; its Deliver is called regardless.
	Place(peer int, h *wire.Header) []byte
	// Deliver is called when a frame is complete. payload is what Place returned, or borrowed for the call.
	Deliver(peer int, h *wire.Header, payload []byte)
	// Left is the last call for peer: with nil it has finished, otherwise it is lost, and why; with Stale it is this
	// rank that was lost to peer.
	Left(peer int, err error)
}
