package dist

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/plan"
)

// certainlyFits is how many bytes of rows aren't compared with what the machine has.
const certainlyFits = 1 << 30

// checkFits refuses rows that are all held at one time, and are more than the machine has memory for.
func (l *lowerer) checkFits(at int, source exec.Source, schema *arrow.Schema) error {
	expected, ok := source.(exec.Expected)
	if !ok || !l.isHeld(at) {
		return nil
	}
	rows, err := expected.ExpectedRows(l.q)
	if err != nil {
		return err
	}
	width := int64(1)
	for _, f := range schema.Fields() {
		kind, _ := column.KindOf(f.Type)
		width += int64(kind.Width())
	}
	if rows < certainlyFits/width {
		return nil
	}
	if free := memory.Available(); rows > free/width {
		return status.Errorf(status.OutOfMemory, "the result would have about %d rows, %s or more, and %s of memory are free: "+
			"the keys repeat on both sides, so join on more of them, drop duplicates, or filter or aggregate the result in one deferred plan (lazy)",
			rows, sizeOf(rows, width), memory.Bytes(free))
	}
	return nil
}

func sizeOf(rows, width int64) memory.Bytes {
	if rows > 1<<62/width {
		return 1 << 62
	}
	return memory.Bytes(rows * width)
}

// isHeld tells whether the rows of a step are the plan's result, as they are or in another order or form.
func (l *lowerer) isHeld(at int) bool {
	if at == l.program.Root {
		return true
	}
	for i, s := range l.program.Steps {
		if l.uses[i] == 0 || len(s.Inputs) != 1 || s.Inputs[0] != at {
			continue
		}
		switch s.Op.(type) {
		case *plan.ProjectOp, *plan.SortOp, *plan.WindowOp:
			if l.isHeld(i) {
				return true
			}
		}
	}
	return false
}
