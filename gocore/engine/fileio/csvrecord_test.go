package fileio

import (
	"bytes"
	"encoding/csv"
	"github.com/stretchr/testify/require"
	"io"
	"strings"
	"testing"
)

// The records are those of encoding/csv, which keeps their meaning honest.
func FuzzRecords(f *testing.F) {
	f.Add("a,b\n\"x\"\"y\",1\r\n#c\n\n,\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "\r") {
			return
		} // encoding/csv drops a carriage return inside of quotes
		want := csv.NewReader(strings.NewReader(text))
		want.FieldsPerRecord, want.Comment = -1, '#'
		got := recordReader{data: bytes.Clone([]byte(text)), comma: ',', comment: '#', line: 1}
		for {
			a, err := want.Read()
			b, failed := got.next()
			if err == io.EOF {
				require.NoError(t, failed)
				require.Nil(t, b)
				return
			}
			if err != nil {
				require.Error(t, failed)
				return
			}
			require.NoError(t, failed)
			require.Equal(t, a, b)
		}
	})
}
