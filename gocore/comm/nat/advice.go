package nat

import (
	"fmt"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Advice says what the reports mean for direct connections, and what to change.
func Advice(reports []Report) (list []string) {
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for _, r := range reports {
		switch {
		case !r.Translated && r.Filtering == wire.EndpointIndependent.String():
			say("%s: every rank reaches this machine: nothing to change.", r.Family)
		case !r.Translated:
			say("%s: no NAT. If a firewall lets nothing in, ranks without a NAT of their own still connect from here, and others punch.", r.Family)
		case r.Mapping == wire.EndpointIndependent.String():
			say("%s: the NAT keeps one public port for all destinations: hole punching works with every rank whose NAT does so, too.", r.Family)
		case r.Mapping == wire.MappingUnknown.String():
			say("%s: whether hole punching works is not known: let the rendezvous server listen on a second address of this family (--listen A:PORT,B:PORT).", r.Family)
		default:
			say("%s: the NAT gives every destination another port: hole punching can't work, only ranks with a public address "+
				"and the relay can be reached. Set the NAT to endpoint-independent mapping (port-preserving, \"full cone\"), give this "+
				"machine a public address, or use IPv6.", r.Family)
		}
	}
	return list
}
