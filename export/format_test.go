package main

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

func TestFormatsRoundTrip(t *testing.T) {
	formats := []string{"tss:", "tsm:UTC", "tsu:Europe/Berlin", "tsn:+05:30", "tsu:a:b"}
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
		"e": "half_float", "z": "binary", "Z": "large_binary", "vz": "binary_view", "d:10,2": "decimal", "d:10,2,256": "decimal",
		"w:4": "fixed_size_binary", "tts": "time", "ttn": "time", "tDs": "duration", "tiM": "interval", "+l": "list", "+L": "large_list",
		"+vl": "list_view", "+w:3": "fixed_size_list", "+s": "struct", "+m": "map", "+ud:0,1": "dense_union", "+us:0": "sparse_union",
		"+r": "run_end_encoded", "": "Arrow format", "ts": "Arrow format", "tss": "Arrow format", "tsx:": "Arrow format", "uu": "Arrow format",
	} {
		_, err := parseFormat("price", format)
		require.Equal(t, status.Unsupported, status.CodeOf(err), format)
		require.ErrorContains(t, err, `column "price" has type `+name)
	}
}
