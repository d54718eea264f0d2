package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Resolve is what becomes of local times that clocks show twice, or skip.
type Resolve uint8

// The ways.
const (
	Refuse   Resolve = iota // an Invalid error
	MakeNull                // a null
	Earlier                 // the first of two instants; the last one before the gap
	Later                   // the second of two; the first one behind the gap
)

// LocalTime returns what the clocks of their zone show at instants: timestamps without a zone.
func LocalTime(scope *memory.Scope, a *column.Column) (column.Column, error) {
	m, err := newMoments(a)
	if err != nil {
		return column.Column{}, err
	}
	dst, err := newResult(scope, &arrow.TimestampType{Unit: a.Type.(*arrow.TimestampType).Unit}, a)
	if err != nil {
		return column.Column{}, err
	}
	out := column.Of[int64](&dst)
	for i, v := range column.Of[int64](a) {
		out[i] = m.local(v)
		if apart := out[i]^v < 0; apart && (v > 1<<62 || v < -1<<62) && !a.IsNull(i) {
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s of type %s has no local time in the type's range", Format(a, i), a.Type)
		}
	}
	return dst, nil
}

// Localize returns the instants at which the clocks of a zone show local timestamps.
func Localize(scope *memory.Scope, a *column.Column, zone string, ambiguous, missing Resolve) (column.Column, error) {
	z, err := NewZone(zone)
	if err != nil {
		return column.Column{}, err
	}
	unit := a.Type.(*arrow.TimestampType).Unit
	dst, err := newResult(scope, &arrow.TimestampType{Unit: unit, TimeZone: zone}, a)
	if err != nil {
		return column.Column{}, err
	}
	perSecond := 1_000_000_000 / TickNanos(a.Type)
	out := column.Of[int64](&dst)
	var lost []int
	for i, v := range column.Of[int64](a) {
		if dst.IsNull(i) {
			out[i] = 0
			continue
		}
		seconds := floorDiv(v, perSecond)
		first, second, n := z.instants(seconds)
		how := ambiguous
		if n == 0 {
			how = missing
		}
		switch {
		case n == 1, how == Earlier && n == 2:
			out[i] = first*perSecond + v - seconds*perSecond
		case how == Later && n == 2:
			out[i] = second*perSecond + v - seconds*perSecond
		case how == MakeNull:
			lost, out[i] = append(lost, i), 0
		case how == Refuse:
			dst.Release()
			return column.Column{}, zoneError(a, i, zone, n)
		default:
			out[i] = gapEnd(z, max(first, second)) * perSecond
			if how == Earlier {
				out[i]--
			}
		}
	}
	if err := setNull(scope, &dst, lost); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	return dst, nil
}

// gapEnd returns the instant, within two days of at, from which on clocks have another offset.
func gapEnd(z *Zone, at int64) int64 {
	const day = 86400
	low, high := at-2*day, at+2*day // the offset changes between the two
	before := z.offset(low)
	for high-low > 1 {
		if middle := (low + high) / 2; z.offset(middle) == before {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func zoneError(a *column.Column, row int, zone string, n int) error {
	text, what, advice := FormatTime(a, row), "is shown twice", "ambiguous="
	if n == 0 {
		what, advice = "is skipped", "nonexistent="
	}
	return status.Errorf(status.Invalid, "%s %s by the clocks of %s: say by %s what shall become of it", text, what, zone, advice)
}
