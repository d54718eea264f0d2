package operator

import (
	"math"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// windowAggregate is what all aggregates of frames have: the values, and how many of them are in the frame.
type windowAggregate struct {
	worker     *windowWorker
	values     *windowColumn // nil: rows are counted
	minPeriods int
	growing    bool // nothing ever leaves the frame
	gone       int  // rows in the frame that aren't numbered any more
	twoStacks
	n int
}

func (a *windowAggregate) begin(part span) {
	a.twoStacks.begin(part.from)
	a.n, a.gone = 0, 0
}

func (a *windowAggregate) needs(next int) int {
	switch {
	case a.values == nil:
		return next
	case a.growing:
		return min(next, a.high)
	}
	return min(next, a.low, a.high)
}

func (a *windowAggregate) renumber(m *renumbering) {
	if a.growing {
		a.gone += max(m.by-a.low, 0)
		a.low = max(a.low-m.by, 0)
		a.middle, a.base, a.high = a.low, a.low, max(a.high-m.by, 0)
		return
	}
	a.low, a.middle, a.base, a.high = a.low-m.by, a.middle-m.by, a.base-m.by, a.high-m.by
}

// isFar tells whether it is more than a unit of work to move the frame's end to end.
func (a *windowAggregate) isFar(end int) bool { return end-a.high > windowUnitRows }

// approach calls add, a unit of work at a time, until it isn't far to end any more.
func (a *windowAggregate) approach(end int, add func(end int)) error {
	for a.isFar(end) {
		add(a.high + windowUnitRows)
		if err := a.worker.worker.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// stackedKernel is a kernel of two stacks.
type stackedKernel interface {
	// add takes the rows up to end into the back.
	add(end int)
	// restack empties the back and makes the front anew, of rows [low, high).
	restack(low, high int) error
}

// move makes the frame of k, whose windowAggregate this is, rows [low, high).
func (a *windowAggregate) move(k stackedKernel, low, high int) error {
	if a.isFar(high) {
		if err := a.approach(high, k.add); err != nil {
			return err
		}
	}
	if a.high < high {
		k.add(high)
	}
	if low == a.low {
		return nil
	}
	a.leave(low)
	if !a.turn(low) {
		return nil
	}
	return k.restack(low, a.high)
}

// leave takes the rows before low out of the count.
func (a *windowAggregate) leave(low int) {
	for _, present := range a.values.present[a.low:low] {
		a.n -= int(present)
	}
}

// enough tells, as 1 or 0, whether there are enough values.
func (a *windowAggregate) enough() byte {
	if a.n < a.minPeriods {
		return 0
	}
	return 1
}

// countKernel counts the values of a frame.
type countKernel struct{ windowAggregate }

func (k *countKernel) rows(_, _ int, low, high []uint32, out []uint64, valid []byte) error {
	for i := range out {
		first, end := int(low[i]), int(high[i])
		if k.values == nil {
			k.n = end - first + k.gone
		} else {
			if k.isFar(end) {
				if err := k.approach(end, k.add); err != nil {
					return err
				}
			}
			k.add(end)
			k.leave(first)
			k.low = first
		}
		out[i], valid[i] = uint64(k.n), k.enough()
	}
	return nil
}

func (k *countKernel) add(end int) {
	for ; k.high < end; k.high++ {
		k.n += int(k.values.present[k.high])
	}
}

// intSumKernel sums integers in 128 bits, from which what leaves the frame is subtracted.
type intSumKernel struct {
	windowAggregate
	mean   bool
	lo, hi uint64
}

func (k *intSumKernel) begin(part span) {
	k.windowAggregate.begin(part)
	k.lo, k.hi = 0, 0
}

func (k *intSumKernel) rows(_, _ int, low, high []uint32, out []uint64, valid []byte) error {
	for i := range out {
		first, end := int(low[i]), int(high[i])
		if k.isFar(end) {
			if err := k.approach(end, k.add); err != nil {
				return err
			}
		}
		k.add(end)
		k.subtract(first)
		if valid[i] = k.enough(); valid[i] == 0 {
			out[i] = 0
			continue
		}
		if k.mean {
			out[i] = math.Float64bits(k.float() / float64(k.n))
			continue
		}
		if !k.fits() {
			return status.Errorf(status.Overflow, "a sum in a window doesn't fit its type: cast the column to double first")
		}
		out[i] = k.lo
	}
	return nil
}

// sign returns the upper 64 bits of a value.
func (k *intSumKernel) sign(word uint64) uint64 {
	if k.values.form == asUints {
		return 0
	}
	return uint64(int64(word) >> 63)
}

func (k *intSumKernel) add(end int) {
	for ; k.high < end; k.high++ {
		word, carry := k.values.words[k.high], uint64(0)
		k.lo, carry = bits.Add64(k.lo, word, 0)
		k.hi += k.sign(word) + carry
		k.n += int(k.values.present[k.high])
	}
}

func (k *intSumKernel) subtract(low int) {
	for ; k.low < low; k.low++ {
		word, borrow := k.values.words[k.low], uint64(0)
		k.lo, borrow = bits.Sub64(k.lo, word, 0)
		k.hi -= k.sign(word) + borrow
		k.n -= int(k.values.present[k.low])
	}
}

func (k *intSumKernel) fits() bool { return k.hi == k.sign(k.lo) }

func (k *intSumKernel) float() float64 {
	switch {
	case !k.fits():
		return math.Ldexp(float64(int64(k.hi)), 64) + float64(k.lo)
	case k.values.form == asUints:
		return float64(k.lo)
	}
	return float64(int64(k.lo))
}

// productKernel multiplies the values of frames that begin with the partition: nothing leaves them.
type productKernel struct {
	windowAggregate
	float    float64
	integer  uint64
	overflow bool
}

func (k *productKernel) begin(part span) {
	k.windowAggregate.begin(part)
	k.float, k.integer, k.overflow = 1, 1, false
}

func (k *productKernel) rows(_, _ int, _, high []uint32, out []uint64, valid []byte) error {
	for i := range out {
		end := int(high[i])
		if k.isFar(end) {
			if err := k.approach(end, k.add); err != nil {
				return err
			}
		}
		k.add(end)
		valid[i] = k.enough()
		if k.values.form == asFloats {
			out[i] = math.Float64bits(k.float)
			continue
		}
		if k.overflow && valid[i] != 0 {
			return status.Errorf(status.Overflow, "a product in a window doesn't fit its type: cast the column to double first")
		}
		out[i] = k.integer
	}
	return nil
}

func (k *productKernel) add(end int) {
	for ; k.high < end; k.high++ {
		if k.values.present[k.high] != 0 {
			k.n++
			k.multiply(k.values.words[k.high])
		}
	}
}

func (k *productKernel) multiply(word uint64) {
	switch {
	case k.values.form == asFloats:
		k.float *= math.Float64frombits(word)
	case word == 0:
		k.integer, k.overflow = 0, false
	case k.values.form == asUints:
		hi, lo := bits.Mul64(k.integer, word)
		k.integer, k.overflow = lo, k.overflow || hi != 0
	default:
		hi, lo := bits.Mul64(magnitude(k.integer), magnitude(word))
		negative := int64(k.integer^word) < 0 && lo != 0
		most := uint64(math.MaxInt64)
		if negative {
			most, k.integer = most+1, -lo
		} else {
			k.integer = lo
		}
		k.overflow = k.overflow || hi != 0 || lo > most
	}
}

// magnitude returns the absolute value of an int64.
func magnitude(word uint64) uint64 {
	if int64(word) < 0 {
		return -word
	}
	return word
}
