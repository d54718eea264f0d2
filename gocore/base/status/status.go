// Package status holds the one error type that crosses every boundary of pycylon: package to package, rank to
// rank (by code and text), and Go to Python (pycylon.errors has one class per Code).
//
// An error says what happened, to what, and what to do. Op names the operation as a user knows it ("merge",
// "read_csv"); Rank is the rank it happened on, or NoRank where ranks play no part.
package status

import (
	"context"
	"errors"
	"fmt"
)

// Code classifies an error. The numbers are part of the C ABI and of the wire format: append, never renumber.
type Code int32

const (
	// OK is no error.
	OK Code = iota
	// Invalid is a wrong argument or value: the caller's to mend.
	Invalid
	// NotFound is a column, file or key that isn't there.
	NotFound
	// TypeMismatch is two types that don't go together, or one an operation can't take.
	TypeMismatch
	// Unsupported is an Arrow type or a feature that this version refuses, by name.
	Unsupported
	// Malformed is input that can't be parsed: the text names file, line and column.
	Malformed
	// IO is a failure of a file or a device.
	IO
	// OutOfMemory is a reservation beyond the budget, or the machine's refusal of memory.
	OutOfMemory
	// Cancelled is an operation ended by its caller.
	Cancelled
	// Timeout is an operation that outlived its deadline: the text names the ranks that were absent.
	Timeout
	// Unreachable is a rendezvous or peer that can't be connected to. Retryable.
	Unreachable
	// Unauthenticated is a wrong, expired or foreign token, or a peer that failed its proof.
	Unauthenticated
	// PeerLost is a rank that died or stopped answering; Rank names it.
	PeerLost
	// Remote is an operation that failed on another rank; Rank names it.
	Remote
	// CollectiveMismatch is ranks that entered different collectives: the text names both call sites.
	CollectiveMismatch
	// Stale is a rank or connection of an earlier epoch or attempt.
	Stale
	// Closed is a use of an environment, table or handle after its close.
	Closed
	// Forked is a use of the library in a forked child.
	Forked
	// Overflow is an integer result that doesn't fit its type.
	Overflow
	// Internal is a defect of pycylon.
	Internal
)

var names = [...]string{"OK", "Invalid", "NotFound", "TypeMismatch", "Unsupported", "Malformed", "IO", "OutOfMemory",
	"Cancelled", "Timeout", "Unreachable", "Unauthenticated", "PeerLost", "Remote", "CollectiveMismatch", "Stale",
	"Closed", "Forked", "Overflow", "Internal"}

// String returns the code's name, as pycylon.errors spells it.
func (c Code) String() string {
	if c < 0 || int(c) >= len(names) {
		return fmt.Sprintf("Code(%d)", int32(c))
	}
	return names[c]
}

// Codes returns every code in order: the test that compares pycylon.errors with this list reads it.
func Codes() []Code {
	all := make([]Code, len(names))
	for i := range all {
		all[i] = Code(i)
	}
	return all
}

// NoRank is the Rank of an error in which ranks play no part.
const NoRank = -1

// Error is an error with a class, the operation it ended and the rank it happened on.
type Error struct {
	Code Code
	Op   string // as the user knows it; may be empty
	Rank int    // NoRank where ranks play no part
	Err  error  // what happened and what to do
}

// Error returns "op: text (rank r)".
func (e *Error) Error() string {
	text := e.Code.String()
	if e.Err != nil {
		text = e.Err.Error()
	}
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	if e.Rank != NoRank {
		text = fmt.Sprintf("%s (rank %d)", text, e.Rank)
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable tells whether the same call may succeed later without a change.
func (e *Error) Retryable() bool { return e.Code == Unreachable || e.Code == Timeout }

// Errorf makes an *Error with a formatted text and no rank. %w wraps.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Rank: NoRank, Err: fmt.Errorf(format, args...)}
}

// AtRank makes an *Error that happened on, or is about, rank.
func AtRank(code Code, rank int, format string, args ...any) *Error {
	return &Error{Code: code, Rank: rank, Err: fmt.Errorf(format, args...)}
}

// In returns err as an *Error whose Op is op, unless a deeper one is named already. nil stays nil.
func In(op string, err error) error {
	if err == nil {
		return nil
	}
	e := *From(err)
	if e.Op == "" {
		e.Op = op
	}
	return &e
}

// From returns err as an *Error: itself or the one it wraps, Cancelled and Timeout for the context's errors,
// Internal for any other. nil gives nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return &Error{Code: Cancelled, Rank: NoRank, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: Timeout, Rank: NoRank, Err: err}
	}
	return &Error{Code: Internal, Rank: NoRank, Err: err}
}

// CodeOf returns the class of err; OK for nil.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	return From(err).Code
}
