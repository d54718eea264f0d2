package operator

import "math"

// rankKernel numbers the rows of a partition.
type rankKernel struct {
	fn      WindowFn
	buckets int64
	worker  *windowWorker // knows the peers
	part    span
	peers   span // of the row
	dense   uint64
}

func (k *rankKernel) begin(part span) {
	k.part, k.peers, k.dense = part, span{from: part.from, to: part.from}, 0
}

func (k *rankKernel) rows(from, to int, _, _ []uint32, out []uint64, valid []byte) error {
	for i := range out {
		valid[i] = 1
		row := from + i
		if row == k.peers.to && k.fn != WindowRowNumber && k.fn != WindowNTile {
			if err := k.nextPeers(row); err != nil {
				return err
			}
		}
		out[i] = k.result(row)
	}
	return nil
}

// nextPeers finds the peers of the first row that follows those of the row before, or more of the same.
func (k *rankKernel) nextPeers(row int) error {
	flags, end := k.worker.flags, row+1
	if flags[row]&newPeers != 0 {
		k.dense++
		k.peers.from = row
	}
	for end < k.part.to && flags[end]&newPeers == 0 {
		end++
		if (end-row)%windowUnitRows == 0 {
			if err := k.worker.worker.Yield(); err != nil {
				return err
			}
		}
	}
	k.peers.to = end
	return nil
}

func (k *rankKernel) grow(to int) { k.part.to = to }

func (k *rankKernel) needs(next int) int { return next }

func (k *rankKernel) renumber(m *renumbering) {
	k.part.from, k.peers.from, k.peers.to = k.part.from-m.by, k.peers.from-m.by, k.peers.to-m.by
}

func (k *rankKernel) result(row int) uint64 {
	before, upTo, rows := k.peers.from-k.part.from, k.peers.to-k.part.from, k.part.rows()
	switch k.fn {
	case WindowRank:
		return uint64(before + 1)
	case WindowRankMax:
		return uint64(upTo)
	case WindowDenseRank:
		return k.dense
	case WindowRankAverage:
		return math.Float64bits(float64(before+1+upTo) / 2)
	case WindowPercentRank:
		return math.Float64bits(float64(before) / float64(max(rows-1, 1)))
	case WindowCumeDist:
		return math.Float64bits(float64(upTo) / float64(rows))
	case WindowNTile:
		return k.bucket(int64(row-k.part.from), int64(rows))
	}
	return uint64(row - k.part.from + 1)
}

// bucket returns in which bucket row i of n lies: the first n % buckets have one row more.
func (k *rankKernel) bucket(i, n int64) uint64 {
	size, larger := n/k.buckets, n%k.buckets
	if i < larger*(size+1) {
		return uint64(i/(size+1) + 1)
	}
	return uint64((i-larger)/size + 1)
}
