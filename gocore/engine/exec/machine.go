package exec

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/spill"
)

// Machine is what the queries of one process share.
type Machine struct {
	Pool   *Pool
	Budget *memory.Budget
	Disk   *spill.Disk // nil: what exceeds the budget is refused
}
