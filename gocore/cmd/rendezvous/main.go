// Command rendezvous is the rendezvous server as a program of its own, for machines without Python.
//
//	rendezvous [-listen ADDR:PORT] [-state DIR]                     serve until interrupted
//	rendezvous -token N -address HOST:PORT -state DIR [-expiry 1h]  print a job token for N ranks
//
// Both use the keys in the state directory; a server without one keeps them in memory and can't share them.
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
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			_, _ = fmt.Fprintln(os.Stderr, "rendezvous:", err)
		}
		os.Exit(1)
	}
}

// run is the program without the process around it.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("rendezvous", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:7474", "address and port to serve on")
	state := flags.String("state", "", "directory of the server's keys (mode 0700; made if absent)")
	ranks := flags.Int("token", 0, "print a job token for this many ranks, and don't serve")
	address := flags.String("address", "", "with -token: where workers reach the server, HOST:PORT[,HOST:PORT]")
	expiry := flags.Duration("expiry", time.Hour, "with -token: how long it admits workers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return status.Errorf(status.Invalid, "unexpected argument %q; -h lists the options", flags.Arg(0))
	}
	if *ranks != 0 {
		return printToken(out, *state, *address, *ranks, *expiry)
	}
	server, err := rendezvous.NewServer(rendezvous.Options{Listen: *listen, StateDir: *state})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "listening on", server.Addr()); err != nil {
		return err
	}
	return server.Serve(ctx)
}

func printToken(out io.Writer, dir, address string, ranks int, expiry time.Duration) error {
	if dir == "" || address == "" {
		return status.Errorf(status.Invalid, "-token needs -state, the server's directory of keys, and -address, where workers reach the server")
	}
	state, err := trust.OpenState(dir)
	if err != nil {
		return err
	}
	token, err := state.Issue(trust.TokenSpec{Addresses: strings.Split(address, ","), WorldSize: ranks, Expiry: expiry})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token.Text())
	return err
}
