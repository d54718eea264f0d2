//go:build !linux

package trust

import "os"

func hostName() string {
	name, _ := os.Hostname()
	return name
}
