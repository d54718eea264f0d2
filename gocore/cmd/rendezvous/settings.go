package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
)

// settings are what the command line says.
type settings struct {
	server  rendezvous.Options
	figures string
	drain   time.Duration

	ranks   int // of a token to print; 0: serve
	address string
	expiry  time.Duration
}

const help = `rendezvous is where the ranks of a job find each other. They tell it where they are and learn where the others
are; data passes through it only between ranks that nothing else can connect, and only as ciphertext. It needs one TCP
port that every rank can reach.

  rendezvous -listen 0.0.0.0:7077 -state /var/lib/pycylon -metrics 127.0.0.1:9077      serve
  umask 077
  rendezvous -token 4 -address meet.example.org:7077 -state /var/lib/pycylon > job.token   a token for 4 ranks

The state directory holds the server's keys: who can read it can make tokens, and no more. With it a server that is
restarted accepts the tokens of the one before. Jobs that have formed don't notice a restart, also after kill -9, but
for ranks that the relay connects.

SIGTERM drains: jobs that have begun may finish forming, new ones are told to come again, /healthz says 503; the
program ends when none is left, or after -drain. A second signal ends it at once.

Every worker that waits, every connection that has not registered and both ends of every relayed pair take a
descriptor: raise the limit of open files (ulimit -n, LimitNOFILE) for more than a few hundred.

Options:
`

// parse reads the command line; help goes to errOut.
func parse(args []string, errOut io.Writer) (*settings, error) {
	set := &settings{}
	flags := flag.NewFlagSet("rendezvous", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.Usage = func() {
		_, _ = fmt.Fprint(errOut, help)
		flags.PrintDefaults()
	}
	o := &set.server
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:7474", "`ADDR:PORT[,...]` to serve on")
	flags.StringVar(&o.StateDir, "state", "", "`directory` of the server's keys (mode 0700; made if absent); without one they are new at every start")
	flags.StringVar(&set.figures, "metrics", "", "`ADDR:PORT` for Prometheus (/metrics) and health checks (/healthz); no job or worker is named there. Default: off")
	flags.DurationVar(&set.drain, "drain", defaultDrain, "how long SIGTERM waits for jobs that have begun and for relayed ranks")
	flags.IntVar(&o.MaxWorkers, "max-workers", 0, "registered workers at once (default 32768)")
	flags.IntVar(&o.MaxJobs, "max-jobs", 0, "jobs that are forming at once (default 4096)")
	flags.IntVar(&o.MaxWorldSize, "max-world-size", 0, "ranks of one job (default 32768)")
	flags.IntVar(&o.MaxUnauthenticated, "max-unauthenticated", 0, "connections that have not registered; beyond, the oldest gives way (default 16384)")
	flags.DurationVar(&o.RegisterTimeout, "register-timeout", 0, "from connection to registration (default 20s)")
	flags.DurationVar(&o.MaxWait, "max-wait", 0, "how long a worker may wait for its job, whatever it asks for (default 24h)")
	flags.BoolVar(&o.NoRelay, "no-relay", false, "don't connect ranks that can't reach each other")
	flags.IntVar(&o.Relay.Pairs, "relay-pairs", 0, "pairs of ranks that the relay connects at once (default 4096)")
	flags.IntVar(&o.Relay.PairsPerJob, "relay-pairs-per-job", 0, "of these, of one job (default 2048)")
	flags.Var((*size)(&o.Relay.BytesPerJob), "relay-bytes-per-job", "`size` of all that the relay copies for one job, as 500GiB (default: no limit)")
	level := flags.String("log-level", "info", "debug, info, warn, error or off; lines go to standard error and hold no secrets")
	format := flags.String("log-format", "text", "text or json")
	flags.IntVar(&set.ranks, "token", 0, "print a job token for `N` ranks, and don't serve")
	flags.StringVar(&set.address, "address", "", "with -token: where workers reach the server, `HOST:PORT[,HOST:PORT]`")
	flags.DurationVar(&set.expiry, "expiry", time.Hour, "with -token: how long it admits workers")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, status.Errorf(status.Invalid, "unexpected argument %q; -h lists the options", flags.Arg(0))
	}
	var err error
	o.Log, err = logger(errOut, *level, *format)
	return set, err
}

// logger returns what writes lines of at least a level.
func logger(to io.Writer, level, format string) (*slog.Logger, error) {
	if level == "off" {
		return slog.New(slog.DiscardHandler), nil
	}
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, status.Errorf(status.Invalid, "-log-level %q is none of debug, info, warn, error and off", level)
	}
	o := &slog.HandlerOptions{Level: least}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(to, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, o)), nil
	}
	return nil, status.Errorf(status.Invalid, "-log-format %q is neither text nor json", format)
}

// size is a number of bytes on the command line.
type size int64

// String returns nothing: the default is in the option's description.
func (s *size) String() string { return "" }

// Set parses a number with a unit.
func (s *size) Set(text string) error {
	number := strings.TrimRight(text, "KMGTiB")
	shift, known := map[string]int{"": 0, "B": 0, "K": 10, "M": 20, "G": 30, "T": 40}[strings.TrimSuffix(strings.TrimSuffix(text[len(number):], "B"), "i")]
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !known || n < 0 || n > 1<<62>>shift {
		return fmt.Errorf("%q is no size: write a number of bytes, or one with a unit such as 512MiB or 2TB", text)
	}
	*s = size(n << shift)
	return nil
}
