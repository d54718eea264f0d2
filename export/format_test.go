package main

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

func TestFormatsRoundTrip(t *testing.T) {
	formats := []string{"tss:", "tsm:UTC", "tsu:Europe/Berlin", "tsn:+05:30", "tsu:a:b", "d:10,2", "d:38,-3", "d:76,10,256", "w:0", "w:16"}
	for format := range simpleFormats {
		formats = append(formats, format)
	}
	for _, format := range formats {
		parsed, err := parseFormat("c", format)
		require.NoError(t, err, format)
		require.Equal(t, format, formatOf(parsed))
		_, ok := column.KindOf(parsed)
		require.True(t, ok, format)
	}
}

func TestTimestampFormats(t *testing.T) {
	parsed, err := parseFormat("c", "tsn:+05:30")
	require.NoError(t, err)
	require.Equal(t, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "+05:30"}, parsed)
}

func TestOtherFormatsAreRefusedByName(t *testing.T) {
	for format, name := range map[string]string{
		"d:9,2,32": "decimal32", "d:39,0": "decimal128", "d:0,0": "decimal128", "d:10": "decimal128", "d:77,0,256": "decimal256",
		"d:5,99": "decimal128", "d:a,b": "Arrow format", "d:1,2,3,4": "Arrow format", "w:-1": "Arrow format", "w:x": "Arrow format",
		"tiM": "interval", "+vl": "list_view", "+ud:0,1": "dense_union", "+us:0": "sparse_union",
		"+r": "run_end_encoded", "": "Arrow format", "ts": "Arrow format", "tss": "Arrow format", "tsx:": "Arrow format", "uu": "Arrow format",
	} {
		_, err := parseFormat("price", format)
		require.Equal(t, status.Unsupported, status.CodeOf(err), format)
		require.ErrorContains(t, err, `column "price" has type `+name)
	}
}

func FuzzParseFormat(f *testing.F) {
	for format := range simpleFormats {
		f.Add(format)
	}
	for _, format := range []string{"d:10,2", "d:76,-3,256", "w:16", "tsu:UTC", "+l", "d:,", "w:99999999999"} {
		f.Add(format)
	}
	f.Fuzz(func(t *testing.T, format string) {
		parsed, err := parseFormat("c", format)
		if err != nil {
			require.Equal(t, status.Unsupported, status.CodeOf(err))
			return
		}
		again, err := parseFormat("c", formatOf(parsed))
		require.NoError(t, err)
		require.True(t, arrow.TypeEqual(parsed, again))
	})
}
