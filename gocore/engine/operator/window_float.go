package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// pairSum is a sum of floats in two: what additions to hi round away is collected in lo.
type pairSum struct{ hi, lo float64 }

func (s *pairSum) add(x float64) {
	sum, rest := twoSum(s.hi, x)
	s.hi, s.lo = sum, s.lo+rest
}

// round returns the sum. Once it is infinite or NaN, only hi tells.
func (s pairSum) round() float64 {
	if sum := s.hi + s.lo; sum == sum {
		return sum
	}
	return s.hi
}

// floatSumKernel sums floats.
type floatSumKernel struct {
	windowAggregate
	mean  bool
	back  pairSum
	front []pairSum
}

func (k *floatSumKernel) begin(part span) {
	k.windowAggregate.begin(part)
	k.back = pairSum{}
}

func (k *floatSumKernel) makeRoom(scope *memory.Scope, rows int) (owner *memory.Buffer, err error) {
	k.front, owner, err = memory.Make[pairSum](scope, rows)
	return owner, err
}

func (k *floatSumKernel) rows(_, _ int, low, high []uint32, out []uint64, valid []byte) error {
	for i := range out {
		if err := k.move(k, int(low[i]), int(high[i])); err != nil {
			return err
		}
		sum := k.back
		if k.inFront() {
			front := k.front[k.low-k.base]
			sum.add(front.hi)
			sum.lo += front.lo
		}
		result := sum.round()
		if k.mean {
			result /= float64(k.n)
		}
		out[i], valid[i] = math.Float64bits(result), k.enough()
	}
	return nil
}

func (k *floatSumKernel) restack(low, high int) error {
	k.back = pairSum{}
	sum, row := pairSum{}, high
	return k.worker.inSteps(low, high, func(from, to int) {
		for range to - from {
			row--
			sum.add(math.Float64frombits(k.values.words[row]))
			k.front[row-low] = sum
		}
	})
}

func (k *floatSumKernel) add(end int) {
	for ; k.high < end; k.high++ {
		k.back.add(math.Float64frombits(k.values.words[k.high]))
		k.n += int(k.values.present[k.high])
	}
}

// moments are the number of values, their mean and the sum of their squared distances from it (Welford's and Chan's
// updates), from which neither cancellation nor a large mean takes digits.
type moments struct{ n, mean, squares float64 }

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / m.n
	m.squares += d * (x - m.mean)
}

func (m *moments) merge(other *moments) {
	if other.n == 0 {
		return
	}
	n := m.n + other.n
	d := other.mean - m.mean
	m.squares += other.squares + d*d*m.n*other.n/n
	m.mean += d * other.n / n
	m.n = n
}

// momentsKernel computes the variance or the standard deviation of a frame.
type momentsKernel struct {
	windowAggregate
	ddof  int64
	root  bool
	back  moments
	front []moments
}

func (k *momentsKernel) begin(part span) {
	k.windowAggregate.begin(part)
	k.back = moments{}
}

func (k *momentsKernel) makeRoom(scope *memory.Scope, rows int) (owner *memory.Buffer, err error) {
	k.front, owner, err = memory.Make[moments](scope, rows)
	return owner, err
}

func (k *momentsKernel) rows(_, _ int, low, high []uint32, out []uint64, valid []byte) error {
	for i := range out {
		if err := k.move(k, int(low[i]), int(high[i])); err != nil {
			return err
		}
		m := k.back
		if k.inFront() {
			m.merge(&k.front[k.low-k.base])
		}
		valid[i] = k.enough()
		if int64(k.n) <= k.ddof {
			valid[i] = 0
		}
		result := m.squares / float64(int64(k.n)-k.ddof)
		if k.root {
			result = math.Sqrt(result)
		}
		out[i] = math.Float64bits(result)
	}
	return nil
}

func (k *momentsKernel) restack(low, high int) error {
	k.back = moments{}
	m, row := moments{}, high
	return k.worker.inSteps(low, high, func(from, to int) {
		for range to - from {
			row--
			if k.values.present[row] != 0 {
				m.add(math.Float64frombits(k.values.words[row]))
			}
			k.front[row-low] = m
		}
	})
}

func (k *momentsKernel) add(end int) {
	for ; k.high < end; k.high++ {
		if k.values.present[k.high] != 0 {
			k.back.add(math.Float64frombits(k.values.words[k.high]))
			k.n++
		}
	}
}
