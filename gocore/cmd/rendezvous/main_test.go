package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

func TestServeAndToken(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	reader, writer := io.Pipe()
	g := task.NewGroup(context.Background())
	ctx, stop := context.WithCancel(context.Background())
	g.Go(func(context.Context) error {
		return run(ctx, []string{"-listen", "127.0.0.1:0", "-state", dir}, writer)
	})
	line, err := bufio.NewReader(reader).ReadString('\n')
	require.NoError(t, err)
	address := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))

	var out bytes.Buffer
	require.NoError(t, run(ctx, []string{"-token", "1", "-address", address, "-state", dir, "-expiry", "1m"}, &out))
	token, err := trust.ParseToken(out.String())
	require.NoError(t, err)
	m, err := connect.Join(ctx, token, connect.Options{Timeout: 10 * time.Second})
	require.NoError(t, err)
	m.Close()

	stop()
	require.NoError(t, g.Wait())
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{{"extra"}, {"-token", "2"}, {"-token", "-1", "-state", t.TempDir(), "-address", "h:1"}, {"-listen", "nonsense"}} {
		require.Equal(t, status.Invalid, status.CodeOf(run(context.Background(), args, io.Discard)), "%v", args)
	}
}
