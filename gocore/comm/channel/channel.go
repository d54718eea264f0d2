package channel

// Channel connects one rank with all others.
type Channel interface {
	Rank() int
	Size() int
}
