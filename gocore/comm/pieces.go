package comm

// pieces reads through the parts of a message.
type pieces struct {
	parts [][]byte
	left  int
}

// take lends the next n bytes to each, piece by piece.
func (g *pieces) take(n int, each func([]byte)) {
	g.left -= n
	for n > 0 {
		piece := g.parts[0][:min(n, len(g.parts[0]))]
		each(piece)
		n -= len(piece)
		g.parts[0] = g.parts[0][len(piece):]
		if len(g.parts[0]) == 0 {
			g.parts = g.parts[1:]
		}
	}
}
