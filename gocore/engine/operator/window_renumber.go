package operator

// windowStreaming is what a kernel does where a partition streams by (window_stream.go).
type windowStreaming interface {
	// needs returns the first row, at most next, that it may read again for row next and those after it, but for one
	// that it holds on to.
	needs(next int) int
	// renumber tells it that rows are numbered anew, as those that aren't needed are gone.
	renumber(m *renumbering)
}

// renumbering takes rows from keep on by off their numbers.
type renumbering struct {
	keep, by int
	pin      func(row int) // keeps a row that lies before, as number slot
	slot     int
}

// row returns the new number of a row that is held on to.
func (m *renumbering) row(row int) int {
	if row >= m.keep {
		return row - m.by
	}
	m.pin(row)
	return m.slot
}
