package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// asProgram has the test's executable be the program, with the arguments in it, one a line.
const asProgram = "PYCYLON_TEST_RENDEZVOUS"

func TestMain(m *testing.M) {
	if arguments := os.Getenv(asProgram); arguments != "" {
		os.Args = append(os.Args[:1], strings.Split(arguments, "\n")...)
		main()
		return
	}
	os.Exit(m.Run())
}

// process is the program as a process of its own.
type process struct {
	t       testing.TB
	state   string
	address string
	log     *lines
	cmd     *exec.Cmd
}

func startProcess(t testing.TB, state string, options ...string) *process {
	t.Helper()
	p := &process{t: t, state: state, log: &lines{}}
	arguments := append([]string{"-listen", "127.0.0.1:0", "-state", state, "-log-level", "debug"}, options...)
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), asProgram+"="+strings.Join(arguments, "\n"))
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "%s", p.log)
	p.address = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	return p
}

// kill ends the process as kill -9 does. Only the first call counts.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGKILL))
		_ = p.cmd.Wait()
	}
}

// token makes one with the keys of the state directory.
func (p *process) token(size int) trust.Token {
	p.t.Helper()
	state, err := trust.OpenState(p.state)
	require.NoError(p.t, err)
	token, err := state.Issue(trust.TokenSpec{Addresses: []string{p.address}, WorldSize: size, Expiry: time.Minute})
	require.NoError(p.t, err)
	return token
}

// memory returns a figure of /proc/PID/status, in bytes: VmRSS, VmHWM.
func (p *process) memory(name string) int64 {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	require.NoError(p.t, err)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[0] == name+":" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			require.NoError(p.t, err)
			return kilobytes << 10
		}
	}
	require.Fail(p.t, "no "+name)
	return 0
}

// cpu returns the processor time that the process has used: fields 14 and 15 of /proc/PID/stat, in hundredths.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	require.NoError(p.t, err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
	total := 0
	for _, field := range fields[11:13] {
		ticks, err := strconv.Atoi(field)
		require.NoError(p.t, err)
		total += ticks
	}
	return time.Duration(total) * 10 * time.Millisecond
}
