package compute

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // 450 KB of library: minimal images, such as Lambda's, have no zone database

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Zone is the offsets of a place's clocks from UTC, in seconds. It remembers the periods in which it was asked, so it
// belongs to one goroutine.
type Zone struct {
	place *time.Location
	fixed *int64
	known [256]period
}

// period is seconds [from, to) since 1970 with one offset; none where both are 0.
type period struct{ from, to, offset int64 }

// NewZone returns the zone called name: a place of the IANA database ("Europe/Berlin"), "UTC" or an offset ("+05:30").
func NewZone(name string) (*Zone, error) {
	if offset, ok := fixedOffset(name); ok {
		return &Zone{fixed: &offset}, nil
	}
	if name == "" || name == "Local" {
		return nil, status.Errorf(status.Invalid, "%q is no time zone: give a place such as Europe/Berlin, UTC or an offset such as +05:30", name)
	}
	place, err := location(name)
	if err != nil {
		return nil, status.Errorf(status.Invalid, "%q is no time zone: give a place such as Europe/Berlin, UTC or an offset such as +05:30", name)
	}
	return &Zone{place: place}, nil
}

// locations are the places that were asked for, by name: to read one takes as long as a batch's dates.
var locations sync.Map

func location(name string) (*time.Location, error) {
	if place, ok := locations.Load(name); ok {
		return place.(*time.Location), nil
	}
	place, err := time.LoadLocation(name)
	if err == nil {
		locations.Store(name, place)
	}
	return place, err
}

// fixedOffset reads UTC, +05:30 or +0530.
func fixedOffset(name string) (int64, bool) {
	if name == "UTC" || name == "utc" || name == "Z" {
		return 0, true
	}
	digits := strings.ReplaceAll(name, ":", "")
	if len(digits) != 5 || digits[0] != '+' && digits[0] != '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits[1:], 10, 16)
	if err != nil || n/100 > 23 || n%100 > 59 {
		return 0, false
	}
	seconds := int64(n/100*3600 + n%100*60)
	if digits[0] == '-' {
		return -seconds, true
	}
	return seconds, true
}

// offset returns the offset at an instant, in seconds since 1970.
func (z *Zone) offset(at int64) int64 {
	if z.fixed != nil {
		return *z.fixed
	}
	p := &z.known[at>>22&255] // 48 days: most places change their clocks twice a year
	if at < p.from || at >= p.to {
		*p = z.period(at)
	}
	return p.offset
}

// nameAt returns the short name of the zone at an instant: CEST.
func (z *Zone) nameAt(at int64) string {
	if z.fixed != nil {
		if *z.fixed == 0 {
			return "UTC"
		}
		return ""
	}
	name, _ := time.Unix(at, 0).In(z.place).Zone()
	return name
}

// period returns the time around an instant in which the offset stays.
func (z *Zone) period(at int64) period {
	// Further away Go's calendar overflows; places have had the same rules for long then.
	const far = 1 << 40
	t := time.Unix(min(max(at, -far), far), 0).In(z.place)
	_, offset := t.Zone()
	p := period{math.MinInt64, math.MaxInt64, int64(offset)}
	start, end := t.ZoneBounds()
	if !start.IsZero() && at > -far {
		p.from = start.Unix()
	}
	if !end.IsZero() && at < far {
		p.to = end.Unix()
	}
	return p
}

// instants returns the instants at which clocks show a local time, in seconds: none where they skip it, two where they show
// it twice, the earlier first. Clocks are taken to change at most once in two days.
func (z *Zone) instants(local int64) (first, second int64, n int) {
	const day = 86400
	before, after := z.offset(local-day), z.offset(local+day)
	early, late := local-before, local-after
	isEarly, isLate := z.offset(early) == before, z.offset(late) == after
	switch {
	case isEarly && isLate && early != late:
		return min(early, late), max(early, late), 2
	case isEarly:
		return early, early, 1
	case isLate:
		return late, late, 1
	}
	return early, late, 0
}
