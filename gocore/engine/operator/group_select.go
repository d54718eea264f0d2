package operator

import (
	"cmp"
	"math"
	"slices"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// quantile returns the state of a quantile of values, which it reorders.
func (c *groupCollector) quantile(values []uint64, a Agg, kind column.Kind) ([2]uint64, error) {
	n := len(values)
	if n == 0 {
		return [2]uint64{}, nil
	}
	place := a.Q * float64(n-1)
	at := min(int(place), n-1)
	rest := place - float64(at)
	if err := c.selectAt(values, at); err != nil {
		return [2]uint64{}, err
	}
	low, high := values[at], values[at]
	up := a.Interpolation == Higher || a.Interpolation == Nearest && (rest > 0.5 || rest == 0.5 && at%2 == 1)
	if rest > 0 && at+1 < n && (up || a.Interpolation == Linear || a.Interpolation == Midpoint) {
		var err error
		if high, err = c.least(values[at+1:]); err != nil {
			return [2]uint64{}, err
		}
	}
	switch {
	case up:
		return [2]uint64{raw(kind, high), 1}, nil
	case low == high || a.Interpolation == Lower || a.Interpolation == Nearest:
		return [2]uint64{raw(kind, low), 1}, nil
	case a.Interpolation == Midpoint:
		rest = 0.5
	}
	if !kind.IsFloat() {
		l, h := int64(raw(kind, low)), int64(raw(kind, high))
		return [2]uint64{uint64(l) + uint64(math.RoundToEven(float64(uint64(h-l))*rest)), 1}, nil
	}
	l, h := math.Float64frombits(raw(kind, low)), math.Float64frombits(raw(kind, high))
	return [2]uint64{math.Float64bits(l + (h-l)*rest), 1}, nil
}

// extremes moves the N greatest or least values to the front, in their order, and returns where they are.
func (c *groupCollector) extremes(values []uint64, a Agg, kind column.Kind) ([2]uint64, error) {
	n := min(a.N, len(values))
	if n == 0 {
		return [2]uint64{}, nil
	}
	if a.Fn == Largest {
		for i, w := range values {
			values[i] = ^w
		}
	}
	if n < len(values) {
		if err := c.selectAt(values, n-1); err != nil {
			return [2]uint64{}, err
		}
	}
	if err := sortPieces(c, values[:n], cmp.Compare[uint64]); err != nil {
		return [2]uint64{}, err
	}
	for i, w := range values[:n] {
		if a.Fn == Largest {
			w = ^w
		}
		values[i] = raw(kind, w)
	}
	return [2]uint64{uint64(uintptr(unsafe.Pointer(unsafe.SliceData(values)))), uint64(n)}, nil
}

// least returns the least of values.
func (c *groupCollector) least(values []uint64) (uint64, error) {
	least := values[0]
	for len(values) > 0 {
		piece := values[:min(len(values), collectorUnit)]
		for _, w := range piece {
			least = min(least, w)
		}
		if values = values[len(piece):]; len(values) > 0 {
			if err := c.worker.Yield(); err != nil {
				return 0, err
			}
		}
	}
	return least, nil
}

// selectAt reorders values so that values[k] is what it would be if they were sorted, with nothing greater before it and
// nothing less behind: quickselect, whose pivots are medians of a few values drawn at random.
func (c *groupCollector) selectAt(values []uint64, k int) error {
	seed := uint64(len(values))
	for len(values) > 16 {
		pivot := samplePivot(values, &seed)
		less, err := c.partition(values, pivot)
		if err != nil {
			return err
		}
		if k < less {
			values = values[:less]
			continue
		}
		values, k = values[less:], k-less
		if less > len(values)/8 {
			continue
		}
		if pivot == math.MaxUint64 {
			return nil // none is greater
		}
		// Few are less: many may equal the pivot.
		equal, err := c.partition(values, pivot+1)
		if err != nil || k < equal {
			return err
		}
		values, k = values[equal:], k-equal
	}
	for i := 1; i < len(values); i++ {
		w := values[i]
		j := i
		for ; j > 0 && values[j-1] > w; j-- {
			values[j] = values[j-1]
		}
		values[j] = w
	}
	return nil
}

// samplePivot returns the median of three values, or of three such medians.
func samplePivot(values []uint64, seed *uint64) uint64 {
	draw := func() uint64 {
		*seed = scramble(*seed + scramble2)
		return values[(*seed>>32)%uint64(len(values))]
	}
	three := func(a, b, c uint64) uint64 { return max(min(a, b), min(max(a, b), c)) }
	if len(values) < 512 {
		return three(draw(), draw(), draw())
	}
	return three(three(draw(), draw(), draw()), three(draw(), draw(), draw()), three(draw(), draw(), draw()))
}

// partition moves what is less than pivot to the front and returns how many that are. It has no branch to mispredict.
func (c *groupCollector) partition(values []uint64, pivot uint64) (int, error) {
	n := 0
	for from := 0; from < len(values); from += collectorUnit {
		to := min(from+collectorUnit, len(values))
		for i := from; i < to; i++ {
			w := values[i]
			values[i] = values[n]
			values[n] = w
			less := 0
			if w < pivot {
				less = 1
			}
			n += less
		}
		if to < len(values) {
			if err := c.worker.Yield(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// sortPiece is how many values are sorted between two yields.
const sortPiece = 16 << 10

// sortPieces is slices.SortFunc for any number of values: it sorts pieces of them and merges these.
func sortPieces[T any](c *groupCollector, values []T, compare func(a, b T) int) error {
	n := len(values)
	for from := 0; from < n; from += sortPiece {
		if from > 0 {
			if err := c.worker.Yield(); err != nil {
				return err
			}
		}
		if piece := values[from:min(from+sortPiece, n)]; !slices.IsSortedFunc(piece, compare) {
			slices.SortFunc(piece, compare)
		}
	}
	if n <= sortPiece {
		return nil
	}
	scratch, owner, err := memory.Make[T](c.worker.Scope(), n)
	if err != nil {
		return err
	}
	defer owner.Release()
	src, dst := values, scratch
	for width := sortPiece; width < n; width *= 2 {
		for from := 0; from < n; from += 2 * width {
			middle, to := min(from+width, n), min(from+2*width, n)
			if err := mergePieces(c, dst[from:to], src[from:middle], src[middle:to], compare); err != nil {
				return err
			}
		}
		src, dst = dst, src
	}
	copy(values, src) // onto themselves after an even number of merges
	return nil
}

// mergePieces merges two sorted lists into dst.
func mergePieces[T any](c *groupCollector, dst, a, b []T, compare func(a, b T) int) error {
	for i := range dst {
		if len(b) == 0 || len(a) > 0 && compare(a[0], b[0]) <= 0 {
			dst[i], a = a[0], a[1:]
		} else {
			dst[i], b = b[0], b[1:]
		}
		if i%collectorUnit == collectorUnit-1 {
			if err := c.worker.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}
