package store

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParseObject(f *testing.F) {
	f.Add((&object{kind: data, from: 1, sequence: 3, acknowledged: 2, payload: []byte("x")}).appendMarshal(nil))
	f.Add((&object{kind: end, from: 2}).appendMarshal(nil))
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := parseObject(b, 3, 100)
		if err != nil {
			return
		}
		require.Less(t, o.from, 3)
		require.LessOrEqual(t, len(o.payload), 100)
		require.True(t, bytes.Equal(b, o.appendMarshal(nil)), "one form per object")
	})
}
