package memory

import "math"

// unknown is an amount of memory that the machine doesn't tell.
const unknown int64 = math.MaxInt64
