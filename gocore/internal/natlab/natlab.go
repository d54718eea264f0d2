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
// Over IPv6, which nothing translates, network n is 2001:db8:1:n::/64 behind the router 2001:db8:0:n::2, and 2001:db8::1
// is the public host.
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

// The addresses of the public host, in every lab: three, since who has one address can't tell what depends on it.
const (
	PublicAddress  = "203.0.113.1"
	SecondAddress  = "203.0.113.2"
	PublicAddress6 = "2001:db8::1"
)

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
	router    *Host  // of a host behind a NAT
	hosts     int    // behind a router
	net       int    // of a router: its number
	outside   string // of a router: its address on the other side
	families  Families
	device    string // its way out,
	upstream  *Host  // where that leads,
	port      string // and the other end, there
	// Address is the host's own: of IPv6 where it has no other.
	Address string
}

var labs atomic.Int32

// New returns a lab with its public host.
func New(t testing.TB) *Lab {
	t.Helper()
	if missing := requirement(); missing != "" {
		lack(t, missing)
	}
	sweep()
	l := &Lab{t: t, prefix: fmt.Sprintf("pcy-%d-%d-", os.Getpid(), labs.Add(1))}
	l.public = l.host("public", PublicAddress)
	for _, address := range []string{PublicAddress + "/32", SecondAddress + "/32", PublicAddress6 + "/128"} {
		l.public.run("ip addr add " + address + " dev lo")
	}
	l.public.run(forwarding)
	return l
}

const forwarding = "sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"

// lack ends a test for which something is missing.
func lack(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("PYCYLON_TEST_ALL") == "1" {
		t.Fatalf("NETWORK NAMESPACES NOT AVAILABLE: %s", missing)
	}
	t.Skipf("NETWORK NAMESPACES NOT AVAILABLE, CONNECTIONS BETWEEN HOSTS ARE NOT TESTED: %s", missing)
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
func (l *Lab) Direct(families Families) *Host {
	l.t.Helper()
	l.nets++
	h := l.host(fmt.Sprintf("direct%d", l.nets), "")
	h.families = families
	h.Address = l.uplink(h)
	h.greet(PublicAddress6)
	return h
}

// Behind adds a host behind a NAT of its own, or behind several, the outermost first.
func (l *Lab) Behind(nats ...NAT) *Host {
	l.t.Helper()
	var router *Host
	for _, nat := range nats {
		router = l.route(nat, router)
	}
	h := l.host(fmt.Sprintf("host%d", l.nets), "")
	h.plug(router, "eth0")
	h.greet(PublicAddress6)
	return h
}

// route adds a NAT between a private network of its own and the outer router's, or the public host's if that is nil.
func (l *Lab) route(nat NAT, outer *Host) *Host {
	l.t.Helper()
	l.nets++
	router := l.host(fmt.Sprintf("nat%d", l.nets), "")
	router.net, router.families = l.nets, nat.Families
	if outer == nil {
		router.outside = l.uplink(router)
	} else {
		router.outside = router.plug(outer, "wan")
	}
	router.run("ip link add lan type bridge")
	if nat.Families.four() {
		router.run("ip addr add " + router.inner(1) + "/24 dev lan")
		router.nft(nat.rules(router.inner(2), router.outside))
	}
	if nat.Families.six() {
		router.run("ip addr add " + router.inner6(1) + "/64 dev lan")
		router.nft(firewall6)
		l.public.run(fmt.Sprintf("ip route add %s/64 via %s", router.inner6(0), gateway6(l.nets, 2)))
	}
	router.run("ip link set lan up")
	router.run(forwarding)
	return router
}

// Replace gives the host's NAT another behaviour; what it has let through goes on.
func (h *Host) Replace(nat NAT) {
	h.lab.t.Helper()
	h.router.nft("delete table ip lab\n" + nat.rules(h.router.inner(2), h.router.outside))
}

// inner and inner6 return the address of a router's private side that ends in n.
func (h *Host) inner(n int) string  { return fmt.Sprintf("10.0.%d.%d", h.net, n) }
func (h *Host) inner6(n int) string { return fmt.Sprintf("2001:db8:1:%x::%x", h.net, n) }

// gateway6 returns an end of the public host's link to a network: its own is 1.
func gateway6(net, n int) string { return fmt.Sprintf("2001:db8:0:%x::%x", net, n) }

// Beside adds a host behind the same NAT.
func (l *Lab) Beside(neighbour *Host) *Host {
	l.t.Helper()
	router := neighbour.router
	h := l.host(fmt.Sprintf("%s-%d", strings.TrimPrefix(neighbour.namespace, l.prefix), router.hosts+1), "")
	h.plug(router, "eth0")
	h.greet(PublicAddress6)
	h.greet(router.inner6(router.hosts))
	return h
}

// greet connects to a host over IPv6, in vain, until the neighbours on the way know each other: once in a while, a kernel
// loses for good the packet that it looks for a neighbour with.
func (h *Host) greet(address string) {
	h.lab.t.Helper()
	for try := 0; h.families.six(); try++ {
		err := h.Command(context.Background(), "timeout", "0.5", "bash", "-c", "</dev/tcp/"+address+"/9").Run()
		if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 1 { // refused
			return
		}
		if try == 20 {
			h.lab.t.Fatalf("%s does not reach %s: %v", h.namespace, address, err)
		}
	}
}

// plug connects a host's device with the private side of its router, and returns its address there.
func (h *Host) plug(router *Host, device string) string {
	h.lab.t.Helper()
	router.hosts++
	h.router, h.families = router, router.families
	port := strings.ReplaceAll(strings.TrimPrefix(h.namespace, h.lab.prefix), "host", "h")
	h.device, h.upstream, h.port = device, router, port
	router.run("ip link add " + port + " type veth peer name " + device + " netns " + h.namespace)
	router.run("ip link set " + port + " master lan up")
	h.run("ip link set " + device + " up")
	if h.families.six() {
		h.Address = router.inner6(router.hosts + 1)
		h.run("ip addr add " + h.Address + "/64 dev " + device)
		h.run("ip route add default via " + router.inner6(1))
	}
	if h.families.four() {
		h.Address = router.inner(router.hosts + 1)
		h.run("ip addr add " + h.Address + "/24 dev " + device)
		h.run("ip route add default via " + router.inner(1))
	}
	return h.Address
}

// uplink connects a namespace with the public host and returns its public address.
func (l *Lab) uplink(h *Host) (address string) {
	port := fmt.Sprintf("p%d", l.nets)
	h.device, h.upstream, h.port = "wan", l.public, port
	l.public.run("ip link add " + port + " type veth peer name wan netns " + h.namespace)
	l.public.run("ip link set " + port + " up")
	h.run("ip link set wan up")
	link := func(gateway, own string, bits int) {
		l.public.run(fmt.Sprintf("ip addr add %s/%d dev %s", gateway, bits, port))
		h.run(fmt.Sprintf("ip addr add %s/%d dev wan", own, bits))
		h.run("ip route add default via " + gateway)
		address = own
	}
	if h.families.six() {
		link(gateway6(l.nets, 1), gateway6(l.nets, 2), 64)
	}
	if h.families.four() {
		base := 4 * (l.nets - 1)
		link(fmt.Sprintf("198.51.100.%d", base+1), fmt.Sprintf("198.51.100.%d", base+2), 30)
	}
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
	h.run("sysctl -q -w net.ipv6.conf.default.accept_dad=0") // addresses of IPv6 can be used at once
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
