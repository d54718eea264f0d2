// Package events is what a running program tells: progress, timeline and log lines, kept in a bounded ring and polled.
//
//	Emit ──▶ ring of the last N events ──▶ Since(cursor): what is new, and how many were overwritten unread
//
// Nothing is pushed: a callback would have to enter Python from any goroutine. A writer never waits for a reader; a
// reader that comes late learns how many events it missed. Every event has a number, one higher than the one before.
package events

import (
	"sync"
	"time"
)

// Kind says what an event is about.
type Kind string

// The kinds.
const (
	Progress Kind = "progress" // how far an operation that runs for long has come
	Span     Kind = "span"     // an operation, or a step of one, that began and ended: the timeline
	Log      Kind = "log"      // a line for people
)

// Event is one thing that happened. Fields that don't apply are left out of its JSON.
type Event struct {
	Number        uint64    `json:"number"`
	Kind          Kind      `json:"kind"`
	Time          time.Time `json:"time"` // of its end
	Rank          int       `json:"rank"`
	Run           uint64    `json:"run,omitempty"`        // the operation's number, the same in all its events
	Op            string    `json:"op,omitempty"`         // the operation, as the user knows it
	Step          string    `json:"step,omitempty"`       // the operator of it that runs or ran; none for the whole
	Rows          int64     `json:"rows,omitempty"`       // of a span: that it made; of progress: that the step has read
	RowsTotal     int64     `json:"rows_total,omitempty"` // that the step will read, where that is known
	BytesSent     int64     `json:"bytes_sent,omitempty"` // to other ranks
	BytesReceived int64     `json:"bytes_received,omitempty"`
	Seconds       float64   `json:"seconds,omitempty"` // since the operation, or the span, began
	Level         string    `json:"level,omitempty"`   // of a log line: "debug", "info", "warning", "error"
	Text          string    `json:"text,omitempty"`
}

// Ring keeps the last events. Its methods may be called from several goroutines.
type Ring struct {
	mu   sync.Mutex
	kept []Event // event number n lies at n % len
	next uint64  // the number of the next event
}

// NewRing returns a ring of the last size events.
func NewRing(size int) *Ring { return &Ring{kept: make([]Event, max(size, 1))} }

// Emit adds e, giving it its number, and the time where it has none.
func (r *Ring) Emit(e Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Number = r.next
	r.kept[r.next%uint64(len(r.kept))] = e
	r.next++
}

// Since returns the kept events from number cursor on, the cursor of the next call, and how many events from cursor on
// are lost because newer ones took their place.
func (r *Ring) Since(cursor uint64) (events []Event, next, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := min(cursor, r.next)
	if size := uint64(len(r.kept)); r.next-from > size {
		lost = r.next - size - from
		from = r.next - size
	}
	for n := from; n < r.next; n++ {
		events = append(events, r.kept[n%uint64(len(r.kept))])
	}
	return events, r.next, lost
}
