package comm

import (
	"fmt"
	"strings"
	"time"
)

// recorded is how many operations the flight recorder keeps, and how far one rank may run ahead of another: so an
// OPEN that comes late can be compared with the operation that it belonged to.
const recorded = 64

// record is what the flight recorder keeps of an operation.
type record struct {
	sequence uint64
	call     Call
	began    time.Time
	took     time.Duration
	over     bool
	err      error
}

// recorder keeps the last operations of this rank.
type recorder struct{ ring [recorded]record }

func (r *recorder) begin(sequence uint64, call Call) {
	r.ring[sequence%recorded] = record{sequence: sequence, call: call, began: time.Now()}
}

func (r *recorder) end(sequence uint64, err error) {
	e := &r.ring[sequence%recorded]
	e.took, e.over, e.err = time.Since(e.began), true, err
}

// find returns the record of an operation; nil when it is too old or has not begun.
func (r *recorder) find(sequence uint64) *record {
	if e := &r.ring[sequence%recorded]; e.sequence == sequence {
		return e
	}
	return nil
}

// describe appends a line per operation, the oldest first.
func (r *recorder) describe(b *strings.Builder, newest uint64) {
	oldest := uint64(1)
	if newest > recorded {
		oldest = newest - recorded + 1
	}
	for s := oldest; s <= newest; s++ {
		e := r.find(s)
		if e == nil {
			continue
		}
		outcome := "ok"
		switch {
		case !e.over:
			e.took, outcome = time.Since(e.began), "running"
		case e.err != nil:
			outcome = e.err.Error()
		}
		fmt.Fprintf(b, "  %d %s: %v, %s\n", s, e.call, e.took.Round(time.Microsecond), outcome)
	}
}
