//go:build !unix

package holepunch

import "syscall"

// reuse does nothing where a port can't be shared: then there is no punching.
func reuse(_, _ string, _ syscall.RawConn) error { return nil }
