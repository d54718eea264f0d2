package dist_test

import (
	"testing"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/channel/local"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// TestLawOverTCP runs all operators over TLS connections.
func TestLawOverTCP(t *testing.T) {
	leak.Check(t)
	parts := randomParts(11, []int{60, 0, 1, 45})
	envs := openWorld(t, channeltest.TCPWorld(t, len(parts), 10*time.Second).Channels)
	alone := openWorld(t, local.NewWorld(1))
	for _, p := range plans {
		t.Run(p.name, func(t *testing.T) { requireSameIn(t, alone, envs, p.plan, p.ordered, concatenated(parts), parts) })
	}
}
