package compute

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Repeat returns n rows of the value in the only row of c. Strings must be in the Views layout.
func Repeat(scope *memory.Scope, c *column.Column, n int) (column.Column, error) {
	ids, owner, err := memory.Make[uint32](scope, n)
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	clear(ids)
	return Gather(scope, c, ids[:n:n])
}
