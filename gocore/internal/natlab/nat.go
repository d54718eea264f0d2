package natlab

// Families are the kinds of addresses that a network has.
type Families int

// The combinations.
const (
	IPv4 Families = iota
	IPv6
	Both
)

func (f Families) four() bool { return f != IPv6 }
func (f Families) six() bool  { return f != IPv4 }

// NAT is how a NAT behaves, in the words of RFC 4787. The zero value keeps the port of a private address for all
// destinations (endpoint-independent mapping) and drops what it did not ask for. IPv6 it forwards untranslated, and drops
// what it did not ask for.
type NAT struct {
	RandomPorts bool     // another random port for every destination (address and port-dependent mapping)
	ByAddress   bool     // another port for every destination's address (address-dependent mapping)
	Resets      bool     // answers what it did not ask for with RST
	Cone        bool     // lets anybody in at ports that a host has connected from (endpoint-independent filtering), to the first host
	NoUDP       bool     // drops UDP
	NoTCP       bool     // drops TCP, but to the public host
	Closed      bool     // lets out only what goes to the public host
	Families    Families // of the network behind it, and of its way out
}

// rules returns the NAT as an nft script. The interface lan is the private side, wan the public one with the address
// outside; first is the address of the first host.
func (nat NAT) rules(first, outside string) string {
	masquerade, unasked, let, mapped := "masquerade", "drop", "", ""
	if nat.RandomPorts {
		masquerade += " random,fully-random"
	}
	if nat.ByAddress {
		masquerade = "meta l4proto { tcp, udp } snat to " + outside + " : jhash ip daddr . th sport mod 20000 offset 20000"
	}
	if nat.Resets {
		unasked = "reject with tcp reset"
	}
	if nat.NoUDP {
		let += `oifname "wan" meta l4proto udp drop; `
	}
	if nat.NoTCP {
		let += `oifname "wan" meta l4proto tcp ip daddr != { ` + PublicAddress + `, ` + SecondAddress + ` } drop; `
	}
	if nat.Closed {
		let += `oifname "wan" ip daddr != { ` + PublicAddress + `, ` + SecondAddress + ` } drop; `
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

// firewall6 is what a NAT does on IPv6.
const firewall6 = `
table ip6 lab {
	chain input { type filter hook input priority 0; iifname "wan" ct state established,related accept; iifname "wan" meta l4proto ipv6-icmp accept; iifname "wan" drop; }
	chain forward { type filter hook forward priority 0; policy drop; iifname "lan" accept; ct state established,related accept; }
}`
