package operator

// windowKernel computes one function. It is told of the partitions of a unit, and of each partition's rows from first to
// last, in pieces of at most windowBlock.
type windowKernel interface {
	begin(part span)
	// rows computes the results of rows [from, to) of the unit, whose frames are rows [low[i], high[i]): values, and
	// whether there is one, or numbers of rows of the unit, windowNone for none.
	rows(from, to int, low, high []uint32, out []uint64, valid []byte) error
	windowStreaming
}

// windowNone is the result of a function that finds no row.
const windowNone = ^uint64(0)

// kernel returns the kernel of a function, and whether it reads frames.
func (w *windowWorker) kernel(s *Window, f WindowFunction) (windowKernel, bool) {
	column := func(form windowForm) *windowColumn { return w.column(s, f.Column, form) }
	frame := windowAggregate{worker: w, minPeriods: f.MinPeriods, growing: f.Frame.grows()}
	if f.Fn != WindowCount && f.Fn != WindowSum && f.Fn != WindowProduct {
		frame.minPeriods = max(frame.minPeriods, 1)
	}
	switch f.Fn {
	case WindowLag:
		return &lagKernel{offset: min(max(f.Param, -maxWindowRows), maxWindowRows)}, false
	case WindowFirst, WindowLast:
		k := &endKernel{worker: w, last: f.Fn == WindowLast, frame: f.Frame}
		if f.IgnoreNull {
			k.values = column(onlyPresent)
		}
		return k, true
	case WindowCount:
		frame.values = column(onlyPresent)
		return &countKernel{windowAggregate: frame}, true
	case WindowMin, WindowMax:
		frame.values = column(extremeForm(s.schema, f))
		return &extremeKernel{windowAggregate: frame, least: f.Fn == WindowMin}, true
	case WindowVar, WindowStd:
		frame.values = column(asFloats)
		return &momentsKernel{windowAggregate: frame, ddof: f.Param, root: f.Fn == WindowStd}, true
	case WindowProduct:
		frame.values = column(sumForm(s.schema, f))
		return &productKernel{windowAggregate: frame}, true
	case WindowSum, WindowMean:
		frame.values = column(sumForm(s.schema, f))
		if frame.values.form == asFloats {
			return &floatSumKernel{windowAggregate: frame, mean: f.Fn == WindowMean}, true
		}
		return &intSumKernel{windowAggregate: frame, mean: f.Fn == WindowMean}, true
	}
	return &rankKernel{fn: f.Fn, buckets: f.Param, worker: w}, false
}
