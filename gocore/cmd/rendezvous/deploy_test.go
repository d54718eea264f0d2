package main

import (
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDeployments holds the command lines of the unit and of the container file to the options that there are, and the
// time that they leave for draining to be enough.
func TestDeployments(t *testing.T) {
	unit, err := os.ReadFile("pycylon-rendezvous.service")
	require.NoError(t, err)
	start := regexp.MustCompile(`(?m)^ExecStart=\S+ (.*)$`).FindStringSubmatch(string(unit))
	require.NotNil(t, start)
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(string(unit))
	require.NotNil(t, stop)
	container, err := os.ReadFile("Containerfile")
	require.NoError(t, err)
	command := regexp.MustCompile(`(?m)^CMD (\[.*\])$`).FindSubmatch(container)
	require.NotNil(t, command)
	var arguments []string
	require.NoError(t, json.Unmarshal(command[1], &arguments))
	for _, line := range [][]string{strings.Fields(start[1]), arguments} {
		set, err := parse(line, io.Discard)
		require.NoError(t, err)
		require.NotEmpty(t, set.server.StateDir)
		require.NotEmpty(t, set.figures)
		patience, err := time.ParseDuration(stop[1] + "s")
		require.NoError(t, err)
		require.Less(t, set.drain, patience)
	}
}

// TestStaticBinary builds the program as the container file does: it needs no loader and no library.
func TestStaticBinary(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("builds the program anew without cgo, up to a minute: runs on Linux without -short")
	}
	program := filepath.Join(t.TempDir(), "rendezvous")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	file, err := elf.Open(program)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for _, part := range file.Progs {
		require.NotEqual(t, elf.PT_INTERP, part.Type)
	}
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
	help, err := exec.Command(program, "-h").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(help), "SIGTERM")
}
