package operator

import "math"

// updateExtremes keeps the least or the greatest value.
func updateExtremes(op groupOp, cells groupCells, ids []uint32, v, seen groupVec) {
	switch op {
	case opMinInt:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = uint64(min(int64(s[0]), int64(v.at(i))))
			s[1] |= seen.at(i)
		}
	case opMaxInt:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = uint64(max(int64(s[0]), int64(v.at(i))))
			s[1] |= seen.at(i)
		}
	case opMinUint:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = min(s[0], v.at(i))
			s[1] |= seen.at(i)
		}
	case opMaxUint:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = max(s[0], v.at(i))
			s[1] |= seen.at(i)
		}
	case opMinFloat:
		for i, g := range ids {
			if x := math.Float64frombits(v.at(i)); x == x {
				s := cells.at(g)
				if x < math.Float64frombits(s[0]) {
					s[0] = math.Float64bits(x)
				}
				s[1] |= seen.at(i)
			}
		}
	case opMaxFloat:
		for i, g := range ids {
			if x := math.Float64frombits(v.at(i)); x == x {
				s := cells.at(g)
				if x > math.Float64frombits(s[0]) {
					s[0] = math.Float64bits(x)
				}
				s[1] |= seen.at(i)
			}
		}
	}
}
