package memory

import "fmt"

// Bytes is a size that prints as people read it: "1.5 GiB".
type Bytes int64

// String returns the size with one decimal in the largest unit it fills.
func (n Bytes) String() string {
	v, unit := float64(n), 0
	for v >= 1024 && unit < len(units)-1 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", int64(n))
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}

var units = [...]string{"B", "KiB", "MiB", "GiB", "TiB"}
