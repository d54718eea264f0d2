package local

import (
	"testing"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
)

func TestConformance(t *testing.T) {
	channeltest.Run(t, func(_ testing.TB, n int, _ time.Duration) channeltest.World {
		return channeltest.World{Channels: NewWorld(n)}
	})
}
