package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// TimeClass tells dates, times and durations apart: those of one class count from the same point in different steps.
type TimeClass uint8

// The classes.
const (
	NoTime   TimeClass = iota
	Local              // dates, and timestamps without a zone
	Instant            // timestamps with a zone
	DayTime            // time32, time64
	Duration           // duration
)

// TimeClassOf returns the class of t.
func TimeClassOf(t arrow.DataType) TimeClass {
	switch t = column.ValueType(t); t.ID() {
	case arrow.DATE32, arrow.DATE64:
		return Local
	case arrow.TIMESTAMP:
		if HasZone(t) {
			return Instant
		}
		return Local
	case arrow.TIME32, arrow.TIME64:
		return DayTime
	case arrow.DURATION:
		return Duration
	}
	return NoTime
}

// HasZone tells whether t is a timestamp of instants rather than of a local clock.
func HasZone(t arrow.DataType) bool {
	ts, ok := t.(*arrow.TimestampType)
	return ok && ts.TimeZone != ""
}

func isTimestamp(t arrow.DataType) bool { return t.ID() == arrow.TIMESTAMP }

func isTime(t arrow.DataType) bool { return TimeClassOf(t) != NoTime }
