// Package store connects ranks through a server that keeps objects, such as Redis or S3, where no packet passes between
// them, or where somebody wants to measure what that costs.
//
// A Conn is a net.Conn whose bytes travel in objects: TLS, hello and channel run over it as over TCP, so that the server
// sees ciphertext only, under keys that are gone when the opening is. Every rank has a mailbox on the server, and an
// Office that takes from it what arrives for its Conns:
//
//	rank 0                                mailbox of rank 1                                rank 1
//	Conn.Write ─▶ pending ─▶ Put ───────▶ from 0: data 7, data 8 ───────▶ Take ─▶ Office ─▶ Conn.Read, by sequence
//	                 ▲                                                                        │
//	              window ◀── Office ◀─ Take ◀── from 1: acknowledged 7 ◀──────── Put ◀────────┘
//	                                      mailbox of rank 0
//
// What is written while objects are on their way gathers in the next. At most Traits.Window objects of a Conn are
// unacknowledged, so a rank that doesn't read stops those who write to it. An object, in front of its payload:
//
//	0        1      2         4       8           16              24
//	| version | kind | 0 0     | from  | sequence  | acknowledged  | payload ...
//
// Integers are big-endian. kind is data, ack (no sequence, no payload), end (of the writing; takes a sequence) or
// reset: the last two are put when all before them has reached the server, and only acknowledgements may follow. A reset is answered by one. Who
// closes waits for his peers' last objects, a second at most, and removes his mailbox then: nothing is left in it where both
// live. Nothing here is trusted: a stranger with access to the server can lose a Conn its bytes, as one on the network
// can, and TLS finds out.
package store

import (
	"context"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Expiry is how long an object is kept that nobody takes: its reader died. Objects of a reader that lives are taken at
// once, whatever it does with their bytes.
const Expiry = 10 * time.Minute

// Server is where mailboxes are: what a user's settings name. Its methods may be called from several goroutines.
type Server interface {
	// Path returns how a pair that uses the server is shown.
	Path() wire.Path
	// Traits returns what is known of the server's kind.
	Traits() Traits
	// Open opens a rank's mailbox of an opening. The error says what to do, and no secret.
	Open(ctx context.Context, epoch wire.Epoch, rank int) (Store, error)
}

// Traits are what a kind of server is good at.
type Traits struct {
	Object   int           // bytes of payload in one object, at most
	Window   int           // objects of one Conn that may be unacknowledged
	Parallel int           // objects of one Conn, or pieces of a Board, that are on their way at a time
	Piece    int           // bytes in one piece of what is on a Board
	Patience time.Duration // silence that is normal, and for how long a failing server is tried again
}

// ObjectBytes returns how long an object in a mailbox is, at most.
func (t Traits) ObjectBytes() int { return headerBytes + t.Object }

// PieceBytes returns how long a piece on a Board is, at most.
func (t Traits) PieceBytes() int { return sealBytes + t.Piece }

// Store is an open mailbox, and the way to the others of its opening.
type Store interface {
	// Put leaves an object for a rank. name is unique among the objects of this rank for that one.
	Put(ctx context.Context, to int, name string, object []byte) error
	// Take waits until there are objects for this rank, and takes some out, in any order. Only one goroutine calls it.
	Take(ctx context.Context) ([][]byte, error)
	// Post leaves an object for all ranks under a name, which is unique in the opening, until Close.
	Post(ctx context.Context, name string, object []byte) error
	// Look returns the object of a name; nil where there is none yet.
	Look(ctx context.Context, name string) ([]byte, error)
	// Close removes what is left in the mailbox, and what this rank has posted.
	Close(ctx context.Context) error
}
