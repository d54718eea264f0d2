package natlab_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/internal/natlab"
)

func TestHostsBehindNATsReachOnlyThePublic(t *testing.T) {
	var lab *natlab.Lab
	t.Run("lab", func(t *testing.T) {
		lab = natlab.New(t)
		a, b, d := lab.Behind(natlab.NAT{}), lab.Behind(natlab.NAT{}), lab.Direct(natlab.IPv4)
		ping := func(from *natlab.Host, to string) error {
			return from.Command(context.Background(), "bash", "-c", "timeout 1 bash -c '</dev/tcp/"+to+"/9'").Run()
		}
		refused := func(err error) bool { // reached: nobody listens there
			exit, ok := err.(*exec.ExitError)
			return ok && exit.ExitCode() == 1
		}
		require.True(t, refused(ping(a, natlab.PublicAddress)))
		require.True(t, refused(ping(b, d.Address)))
		require.False(t, refused(ping(a, b.Address)))
		require.True(t, refused(ping(lab.Beside(a), a.Address)))
		require.False(t, refused(ping(d, "198.51.100.2"))) // the outside of a's NAT drops
	})
	out, err := exec.Command("ip", "netns", "list").Output()
	if err == nil && lab != nil {
		require.NotContains(t, strings.ReplaceAll(string(out), "\n", " "), lab.Prefix())
	}
}
