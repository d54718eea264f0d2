// Package servers starts real servers for tests, on 127.0.0.1, with secrets: Redis (redis-server, by TCP or TLS) and S3
// (versitygw over a folder). They end with the test. A test is skipped where the program is missing, unless
// PYCYLON_TEST_ALL=1 asks for failure; `make test-deps` installs both.
package servers

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to start.
const patience = 20 * time.Second

// program finds a program on PATH, or in .cache/bin of the checkout.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	_, file, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(file), "..", "..", "..", ".cache", "bin", name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("PYCYLON_TEST_ALL") == "1" {
		t.Fatalf("%s is missing: make test-deps installs it", name)
	}
	t.Skipf("%s is missing: make test-deps installs it", name)
	return ""
}

// freePort returns a port on which nobody listens. Another process may take it first: start tries again.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// start runs a server that listens on a port until the test ends.
func start(t testing.TB, command func(port int) *exec.Cmd) (port int) {
	t.Helper()
	var log string
	for range 3 {
		port = freePort(t)
		cmd := command(port)
		out, err := os.CreateTemp(t.TempDir(), "log")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout, cmd.Stderr = out, out
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if answers(port) {
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				_ = out.Close()
			})
			return port
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_, _ = out.Seek(0, io.SeekStart)
		said, _ := io.ReadAll(out)
		_ = out.Close()
		log = string(said)
	}
	t.Fatalf("the server doesn't start: %s", log)
	return 0
}

func answers(port int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = c.Close()
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}
