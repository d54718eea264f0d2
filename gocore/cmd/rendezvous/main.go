// Command rendezvous is the rendezvous server as a program of its own, for machines without Python. `rendezvous -h`
// says how to run it; beside it lie a systemd unit and a container file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "rendezvous:", err)
		os.Exit(1)
	}
}

// run is the program without the process around it: it serves until the context ends, and then until what has begun is
// done.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	set, err := parse(args, errOut)
	if err != nil {
		return err
	}
	if set.ranks != 0 {
		return printToken(out, set)
	}
	server, err := rendezvous.NewServer(set.server)
	if err != nil {
		return err
	}
	g := task.NewGroup(context.Background())
	g.Go(server.Serve)
	if set.figures != "" {
		address, err := serveFigures(g, set.figures, server)
		if err != nil {
			return errors.Join(err, server.Close(), g.Wait())
		}
		set.server.Log.Info("figures at /metrics, health at /healthz", "address", address)
	}
	if _, err := fmt.Fprintln(out, "listening on", strings.Join(server.Addrs(), ",")); err != nil {
		return errors.Join(err, server.Close(), g.Wait())
	}
	g.Go(func(serving context.Context) error {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(serving, set.drain)
			defer cancel()
			server.Drain(end)
		case <-serving.Done():
		}
		g.Fail(errEnded)
		return nil
	})
	if err := g.Wait(); !errors.Is(err, errEnded) {
		return err
	}
	set.server.Log.Info("stopped")
	return nil
}

var errEnded = status.Errorf(status.Closed, "the program was asked to end")

func printToken(out io.Writer, set *settings) error {
	if set.server.StateDir == "" || set.address == "" {
		return status.Errorf(status.Invalid, "-token needs -state, the server's directory of keys, and -address, where workers reach the server")
	}
	state, err := trust.OpenState(set.server.StateDir)
	if err != nil {
		return err
	}
	token, err := state.Issue(trust.TokenSpec{Addresses: strings.Split(set.address, ","), WorldSize: set.ranks, Expiry: set.expiry})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token.Text())
	return err
}

// defaultDrain is how long jobs that have begun may take to form, and relayed ranks to finish, when the server is
// asked to end.
const defaultDrain = 30 * time.Second
