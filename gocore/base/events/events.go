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
	Progress Kind = "progress" // rows an operation has seen so far
	Span     Kind = "span"     // a step of an operation that began and ended: the timeline
	Log      Kind = "log"      // a line for people
)

// Event is one thing that happened. Fields that don't apply are left out of its JSON.
type Event struct {
	Number  uint64    `json:"number"`
	Kind    Kind      `json:"kind"`
	Time    time.Time `json:"time"` // of its end
	Rank    int       `json:"rank"`
	Op      string    `json:"op,omitempty"`
	Rows    int64     `json:"rows,omitempty"`
	Bytes   int64     `json:"bytes,omitempty"`
	Seconds float64   `json:"seconds,omitempty"`
	Level   string    `json:"level,omitempty"` // of a log line: "debug", "info", "warning", "error"
	Text    string    `json:"text,omitempty"`
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
