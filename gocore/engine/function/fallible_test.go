package function

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"
)

func TestTellsZeros(t *testing.T) {
	half, single, double := arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64
	text, integer := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64
	for _, c := range []struct {
		name   string
		result arrow.DataType
		arg    arrow.DataType
		want   bool
	}{
		{"cast", text, half, true}, {"cast", text, single, true}, {"cast", text, double, true}, {"cast", text, integer, false},
		{"cast", integer, half, false}, {"cast", double, single, false}, {"cast", single, half, false},
		{"truediv", double, double, true}, {"truediv", double, integer, false}, {"add", double, double, false},
	} {
		b := &Bound{Name: c.name, Type: c.result, Args: []arrow.DataType{c.arg}}
		require.Equal(t, c.want, b.TellsZeros(), "%s of %s to %s", c.name, c.arg, c.result)
	}
}
