// Package natlab builds small internets out of Linux network namespaces for tests: hosts behind NATs, each with a
// kernel of its own in all that concerns sockets. It needs root, ip (iproute2) and nft (nftables); New skips the test
// without them, unless PYCYLON_TEST_ALL=1 asks for failure.
//
//	               public: 203.0.113.1, routes between all
//	              /                   |                   \
//	198.51.100.2/30          198.51.100.6/30         198.51.100.10/30
//	      nat 1                    nat 2                 direct host
//	  10.0.1.1/24              10.0.2.1/24
//	        |                        |
//	  host 10.0.1.2            host 10.0.2.2
//
// Namespaces are named pcy-PID-NUMBER-NAME. They go with the test; what a killed test left goes with the next New.
package natlab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// PublicAddress is the address of the public host, in every lab.
const PublicAddress = "203.0.113.1"

// NAT is how a NAT behaves, in the words of RFC 4787. The zero value keeps the port of a private address for all
// destinations (endpoint-independent mapping) and drops what it did not ask for.
type NAT struct {
	RandomPorts bool // another random port for every destination (address and port-dependent mapping)
	Resets      bool // answers what it did not ask for with RST
	Cone        bool // lets anybody in at ports that a host has connected from (endpoint-independent filtering), to the first host
	NoUDP       bool // drops UDP
	Closed      bool // lets out only what goes to the public host
}

// Lab is one internet.
type Lab struct {
	t      testing.TB
	prefix string
	public *Host
	nets   int
}

// Host is a network namespace in which commands can run.
type Host struct {
	lab       *Lab
	namespace string
	router    *Host // of a host behind a NAT
	hosts     int   // behind a router
	// Address is the host's own.
	Address string
}

var labs atomic.Int32

// New returns a lab with its public host.
func New(t testing.TB) *Lab {
	t.Helper()
	if missing := requirement(); missing != "" {
		if os.Getenv("PYCYLON_TEST_ALL") == "1" {
			t.Fatalf("NETWORK NAMESPACES NOT AVAILABLE: %s", missing)
		}
		t.Skipf("NETWORK NAMESPACES NOT AVAILABLE, NAT TRAVERSAL IS NOT TESTED: %s", missing)
	}
	sweep()
	l := &Lab{t: t, prefix: fmt.Sprintf("pcy-%d-%d-", os.Getpid(), labs.Add(1))}
	l.public = l.host("public", PublicAddress)
	l.public.run("ip addr add " + PublicAddress + "/32 dev lo")
	l.public.run("sysctl -q -w net.ipv4.ip_forward=1")
	return l
}

// requirement returns what is missing for a lab, or nothing.
func requirement() string {
	if os.Geteuid() != 0 {
		return "this is not root"
	}
	for _, tool := range []string{"ip", "nft", "sysctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool + " is not installed"
		}
	}
	probe := fmt.Sprintf("pcy-%d-0-probe", os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", probe).CombinedOutput(); err != nil {
		return "ip netns add: " + strings.TrimSpace(string(out))
	}
	defer func() { _ = exec.Command("ip", "netns", "del", probe).Run() }()
	out, err := exec.Command("ip", "netns", "exec", probe, "nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100 ; }").CombinedOutput()
	if err != nil {
		return "nft: " + strings.TrimSpace(string(out))
	}
	return ""
}

// sweep removes namespaces of test processes that are gone.
func sweep() {
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(out), "\n") {
		name, _, _ := strings.Cut(line, " ")
		parts := strings.SplitN(name, "-", 4)
		if len(parts) != 4 || parts[0] != "pcy" {
			continue
		}
		if pid, err := strconv.Atoi(parts[1]); err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = exec.Command("ip", "netns", "del", name).Run()
		}
	}
}

// Public returns the host that everybody reaches.
func (l *Lab) Public() *Host { return l.public }

// Direct adds a host with a public address of its own.
func (l *Lab) Direct() *Host {
	l.t.Helper()
	l.nets++
	h := l.host(fmt.Sprintf("direct%d", l.nets), "")
	h.Address = l.uplink(h)
	return h
}

// Behind adds a host behind a NAT of its own, or behind several, the outermost first.
func (l *Lab) Behind(nats ...NAT) *Host {
	l.t.Helper()
	var router *Host
	for _, nat := range nats {
		router = l.route(nat, router)
	}
	router.hosts++
	h := l.host(fmt.Sprintf("host%d", l.nets), router.inner()+"2")
	h.plug(router, "eth0", h.Address)
	return h
}

// route adds a NAT between a private network of its own and the outer router's, or the public host's if that is nil.
func (l *Lab) route(nat NAT, outer *Host) *Host {
	l.t.Helper()
	l.nets++
	router := l.host(fmt.Sprintf("nat%d", l.nets), fmt.Sprintf("10.0.%d.1", l.nets))
	if outer == nil {
		l.uplink(router)
	} else {
		outer.hosts++
		router.plug(outer, "wan", fmt.Sprintf("%s%d", outer.inner(), outer.hosts+1))
	}
	router.run("ip link add lan type bridge")
	router.run("ip addr add " + router.Address + "/24 dev lan")
	router.run("ip link set lan up")
	router.run("sysctl -q -w net.ipv4.ip_forward=1")
	router.nft(nat.rules(router.inner() + "2"))
	return router
}

// inner returns what the addresses on a router's private side begin with.
func (h *Host) inner() string { return strings.TrimSuffix(h.Address, "1") }

// Beside adds a host behind the same NAT.
func (l *Lab) Beside(neighbour *Host) *Host {
	l.t.Helper()
	router := neighbour.router
	router.hosts++
	h := l.host(fmt.Sprintf("%s-%d", strings.TrimPrefix(neighbour.namespace, l.prefix), router.hosts), fmt.Sprintf("%s%d", router.inner(), router.hosts+1))
	h.plug(router, "eth0", h.Address)
	return h
}

// plug connects a host's device with the private side of its router.
func (h *Host) plug(router *Host, device, address string) {
	h.lab.t.Helper()
	h.router = router
	port := strings.ReplaceAll(strings.TrimPrefix(h.namespace, h.lab.prefix), "host", "h")
	router.run("ip link add " + port + " type veth peer name " + device + " netns " + h.namespace)
	router.run("ip link set " + port + " master lan up")
	h.run("ip addr add " + address + "/24 dev " + device)
	h.run("ip link set " + device + " up")
	h.run("ip route add default via " + router.Address)
}

// rules returns the NAT as an nft script. The interface lan is the private side, wan the public one; first is the
// address of the first host.
func (nat NAT) rules(first string) string {
	masquerade, unasked, let, mapped := "masquerade", "drop", "", ""
	if nat.RandomPorts {
		masquerade += " random,fully-random"
	}
	if nat.Resets {
		unasked = "reject with tcp reset"
	}
	if nat.NoUDP {
		let += `oifname "wan" meta l4proto udp drop; `
	}
	if nat.Closed {
		let += `oifname "wan" ip daddr != ` + PublicAddress + ` drop; `
	}
	if nat.Cone {
		let += `iifname "lan" meta l4proto tcp add @mapped { tcp sport }; ct status dnat accept; `
		mapped = `
	set mapped { type inet_service; size 1024; flags dynamic; }
	chain pre { type nat hook prerouting priority -100; iifname "wan" tcp dport @mapped dnat to ` + first + `; }`
	}
	return `
table ip lab {` + mapped + `
	chain post { type nat hook postrouting priority 100; oifname "wan" ` + masquerade + `; }
	chain input { type filter hook input priority 0; iifname "wan" ct state established,related accept; iifname "wan" meta l4proto tcp ` + unasked + `; iifname "wan" drop; }
	chain forward { type filter hook forward priority 0; policy drop; ` + let + `iifname "lan" accept; ct state established,related accept; }
}`
}

// uplink connects a namespace with the public host and returns its public address.
func (l *Lab) uplink(h *Host) string {
	base := 4 * (l.nets - 1)
	gateway, address := fmt.Sprintf("198.51.100.%d", base+1), fmt.Sprintf("198.51.100.%d", base+2)
	port := fmt.Sprintf("p%d", l.nets)
	l.public.run("ip link add " + port + " type veth peer name wan netns " + h.namespace)
	l.public.run("ip addr add " + gateway + "/30 dev " + port)
	l.public.run("ip link set " + port + " up")
	h.run("ip addr add " + address + "/30 dev wan")
	h.run("ip link set wan up")
	h.run("ip route add default via " + gateway)
	return address
}

func (l *Lab) host(name, address string) *Host {
	l.t.Helper()
	h := &Host{lab: l, namespace: l.prefix + name, Address: address}
	out, err := exec.Command("ip", "netns", "add", h.namespace).CombinedOutput()
	if err != nil {
		l.t.Fatalf("ip netns add %s: %v: %s", h.namespace, err, out)
	}
	l.t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", h.namespace).CombinedOutput(); err != nil {
			l.t.Errorf("ip netns del %s: %v: %s", h.namespace, err, out)
		}
	})
	h.run("ip link set lo up")
	return h
}

// run runs one command line of words in the namespace.
func (h *Host) run(line string) {
	h.lab.t.Helper()
	words := strings.Fields(line)
	if out, err := h.Command(context.Background(), words[0], words[1:]...).CombinedOutput(); err != nil {
		h.lab.t.Fatalf("%s: %s: %v: %s", h.namespace, line, err, out)
	}
}

func (h *Host) nft(script string) {
	h.lab.t.Helper()
	c := h.Command(context.Background(), "nft", "-f", "-")
	c.Stdin = strings.NewReader(script)
	if out, err := c.CombinedOutput(); err != nil {
		h.lab.t.Fatalf("%s: nft: %v: %s\n%s", h.namespace, err, out, script)
	}
}

// Command returns a command that runs on the host, and is killed when the context ends.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.namespace, name}, args...)...)
}

// Prefix returns what the names of the lab's namespaces begin with.
func (l *Lab) Prefix() string { return l.prefix }
