package costmodel_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/costmodel"
)

func TestParse(t *testing.T) {
	m, err := costmodel.Parse([]byte(`{"second": 2e-5, "channels": {"punched": {"latency": 0.001}}}`))
	require.NoError(t, err)
	require.Equal(t, 2e-5, m.Second)
	want := costmodel.Default().Channels["punched"]
	want.Latency = 0.001
	require.Equal(t, want, m.Channels["punched"], "what isn't given stays")
	require.Equal(t, costmodel.Default().Channels["s3"], m.Channels["s3"])
	for _, text := range []string{``, `[]`, `{"colour": 1}`, `{"channels": {"pigeon": {}}}`, `{"channels": {"s3": {"speed": 1}}}`,
		`{"second": -1}`, `{"channels": {"s3": {"bandwidth": 0}}}`, `{"channels": {"s3": {"latency": 1e300}}}`, `{"channels": {"s3": 7}}`, `{} {}`} {
		_, err := costmodel.Parse([]byte(text))
		require.Equal(t, status.Invalid, status.CodeOf(err), text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"second": 2e-5, "channels": {"punched": {"latency": 0.001}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := costmodel.Parse(text); err == nil {
			cost := m.Of(costmodel.Shape{Steps: 3, Sends: 3, Bytes: 1e9, Messages: 9}, 4, m.Worst("s3", "punched"))
			require.GreaterOrEqual(t, cost.Seconds, 0.0)
			require.GreaterOrEqual(t, cost.Dollars, 0.0)
		}
	})
}

// The paper's scale: a broadcast over 32 functions, by hand.
func TestOf(t *testing.T) {
	m := costmodel.Default()
	c := m.Worst("punched", "relay")
	require.Equal(t, costmodel.Channel{Latency: 0.8e-3, Overhead: 10e-6, Bandwidth: 39 << 20}, c)
	cost := m.Of(costmodel.Shape{Steps: 5, Sends: 5, Bytes: 39 << 20, Messages: 31}, 32, c)
	require.InDelta(t, 1+5*0.8e-3+5*10e-6, cost.Seconds, 1e-9)
	require.InDelta(t, cost.Seconds*32*1.769*16.6667e-6, cost.Dollars, 1e-9)
	require.True(t, costmodel.Fast.Less(costmodel.Cost{Seconds: 1, Dollars: 2}, costmodel.Cost{Seconds: 2, Dollars: 1}))
	require.False(t, costmodel.Cheap.Less(costmodel.Cost{Seconds: 1, Dollars: 2}, costmodel.Cost{Seconds: 2, Dollars: 1}))
	_, err := costmodel.ParseHint("quick")
	require.ErrorContains(t, err, "fast and cheap")
}
