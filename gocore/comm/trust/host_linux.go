package trust

import "os"

// hostName names this boot of this machine and the network namespace, within which loopback reaches.
func hostName() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	namespace, _ := os.Readlink("/proc/self/ns/net")
	name, _ := os.Hostname()
	return string(boot) + "|" + namespace + "|" + name
}
