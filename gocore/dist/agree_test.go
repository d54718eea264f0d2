package dist

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func TestToldSchemas(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		code status.Code
	}{
		"this version":             {`{"formats":{"hash":1,"encoding":2},"sources":{"0":[{"name":"k","type":"int64","nullable":true}]},"values":{}}`, status.OK},
		"another hash":             {`{"formats":{"hash":2,"encoding":2},"sources":{},"values":{}}`, status.Unsupported},
		"before there were any":    {`{"0":[]}`, status.Unsupported},
		"a type that nobody knows": {`{"formats":{"hash":1,"encoding":2},"sources":{"0":[{"name":"k","type":"int65"}]}}`, status.Unsupported},
		"no JSON":                  {`{`, status.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readSchemas([]byte(test.text))
			require.Equal(t, test.code, status.CodeOf(err), "%v", err)
		})
	}
}
