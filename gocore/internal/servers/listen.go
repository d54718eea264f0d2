package servers

import (
	"net"
	"sync"
	"testing"
)

// Listen serves connections at a port of this machine until the test ends, and returns the address. A connection is
// serve's to close, which runs in a goroutine of its own.
func Listen(t testing.TB, serve func(c net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for c, err := listener.Accept(); err == nil; c, err = listener.Accept() {
			running.Go(func() { serve(c) })
		}
	})
	return listener.Addr().String()
}
