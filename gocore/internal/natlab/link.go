package natlab

import (
	"context"
	"fmt"
)

// Frames of Ethernet carry so many bytes of TCP's payload in so many of their own.
const (
	segment = 1448
	frame   = segment + 66
)

// Shape limits the link of a host, each way, to a rate of TCP payload in bytes a second, by token buckets of Linux: one
// where the host sends, which holds its sockets back, and one where the network sends to the host, which drops what would
// wait there for longer than 20 ms. Segments are sent as they would be with cubic, as most machines do.
func (h *Host) Shape(rate int) {
	h.lab.t.Helper()
	bucket := func(at *Host, device, queue string) {
		at.run(fmt.Sprintf("tc qdisc replace dev %s root tbf rate %dbit burst 128kb mtu 80000 %s", device, rate*8/segment*frame, queue))
	}
	if out, err := h.Command(context.Background(), "tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", "1gbit", "burst", "64kb", "limit", "1mb").CombinedOutput(); err != nil {
		lack(h.lab.t, fmt.Sprintf("tc: %v: %s", err, out))
	}
	h.run("tc qdisc del dev lo root")
	if out, err := h.Command(context.Background(), "sh", "-c", "ip route replace $(ip route show default) congctl cubic").CombinedOutput(); err != nil {
		h.lab.t.Fatalf("%s: cubic: %v: %s", h.namespace, err, out)
	}
	bucket(h, h.device, "limit 64mb")
	bucket(h.upstream, h.port, "latency 20ms")
}

// Silence drops from now on, without a word, what the host sends and what is sent to it.
func (h *Host) Silence() {
	h.lab.t.Helper()
	h.upstream.nft(fmt.Sprintf(`
table ip silence {
	chain in { type filter hook prerouting priority -300; iifname "%[1]s" drop; }
	chain out { type filter hook postrouting priority 300; oifname "%[1]s" drop; }
}`, h.port))
}
