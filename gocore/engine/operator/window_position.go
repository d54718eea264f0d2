package operator

// lagKernel finds the row offset rows before.
type lagKernel struct {
	offset int64
	part   span
}

func (k *lagKernel) begin(part span) { k.part = part }

func (k *lagKernel) rows(from, _ int, _, _ []uint32, out []uint64, _ []byte) error {
	for i := range out {
		row := int64(from+i) - k.offset
		if row < int64(k.part.from) || row >= int64(k.part.to) {
			row = -1 // windowNone
		}
		out[i] = uint64(row)
	}
	return nil
}

func (k *lagKernel) grow(to int) { k.part.to = to }

func (k *lagKernel) needs(next int) int { return min(next, next-int(k.offset)) }

func (k *lagKernel) renumber(m *renumbering) { k.part.from -= m.by }

// endKernel finds the first or the last row of a frame, of those with a value if values is given.
type endKernel struct {
	worker *windowWorker
	last   bool
	frame  WindowFrame
	values *windowColumn
	start  int    // the partition's first row
	seen   int    // last: rows before it have been looked at; first: rows before it have no value or are out of the frame
	found  uint64 // last: the last row seen that has a value
}

func (k *endKernel) begin(part span) { k.start, k.seen, k.found = part.from, part.from, windowNone }

func (k *endKernel) rows(_, _ int, low, high []uint32, out []uint64, _ []byte) error {
	for i := range out {
		first, end := int(low[i]), int(high[i])
		out[i] = windowNone
		switch {
		case first == end:
		case k.values == nil && k.last:
			out[i] = uint64(end - 1)
		case k.values == nil && k.frame.grows():
			out[i] = uint64(k.start)
		case k.values == nil:
			out[i] = uint64(first)
		case k.last:
			for ; k.seen < end; k.seen++ {
				if k.values.present[k.seen] != 0 {
					k.found = uint64(k.seen)
				}
				if err := k.yield(); err != nil {
					return err
				}
			}
			if k.found != windowNone && k.found >= uint64(first) {
				out[i] = k.found
			}
		default:
			k.seen = max(k.seen, first)
			for ; k.seen < end && k.values.present[k.seen] == 0; k.seen++ {
				if err := k.yield(); err != nil {
					return err
				}
			}
			if k.seen < end {
				out[i] = uint64(k.seen)
			}
		}
	}
	return nil
}

// yield yields once per unit of the rows looked at: a frame may have all rows of a partition.
func (k *endKernel) yield() error {
	if k.seen%windowUnitRows != 0 {
		return nil
	}
	return k.worker.worker.Yield()
}

func (k *endKernel) needs(next int) int {
	first := min(next, next+int(max(k.frame.End, -maxWindowRows)))
	if !k.frame.grows() {
		first = min(first, next+int(max(k.frame.Start, -maxWindowRows)))
	}
	if k.last && k.values != nil {
		first = min(first, k.seen)
	}
	return first
}

func (k *endKernel) renumber(m *renumbering) {
	switch {
	case k.values == nil:
		k.start = m.row(k.start)
	case !k.last:
		k.seen = m.row(k.seen)
	default:
		k.seen -= m.by
		if k.found != windowNone {
			k.found = uint64(m.row(int(k.found)))
		}
	}
}
