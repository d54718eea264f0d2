package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// runningServer is a rendezvous server as a service.
type runningServer struct {
	server *rendezvous.Server
	group  *task.Group
	log    *os.File // nil: none
}

// servers are the rendezvous servers of this process by address: they issue tokens without a state directory, drain,
// and tell their figures.
var servers sync.Map

// serverOptions are the options of the service "rendezvous". Limits of 0 are the defaults; times are in seconds.
type serverOptions struct {
	Kind               string   `json:"kind"`
	Listen             string   `json:"listen"`
	Advertise          []string `json:"advertise"`
	State              string   `json:"state"`
	MaxWorkers         int      `json:"max_workers"`
	MaxJobs            int      `json:"max_jobs"`
	MaxWorldSize       int      `json:"max_world_size"`
	MaxUnauthenticated int      `json:"max_unauthenticated"`
	RegisterTimeout    float64  `json:"register_timeout"`
	MaxWait            float64  `json:"max_wait"`
	NoRelay            bool     `json:"no_relay"`
	RelayPairs         int      `json:"relay_pairs"`
	RelayPairsPerJob   int      `json:"relay_pairs_per_job"`
	RelayBytesPerJob   int64    `json:"relay_bytes_per_job"`
	LogTo              *uintptr `json:"log_to"` // a file descriptor, which the service closes: this library owns none
	LogLevel           string   `json:"log_level"`
}

// startRendezvous serves until it is stopped: serverOptions -> {"address"}.
func startRendezvous(options []byte) (service, []byte, error) {
	var o serverOptions
	if err := decodeBytes("the rendezvous server's options", options, &o); err != nil {
		return nil, nil, err
	}
	opt := rendezvous.Options{Listen: o.Listen, Advertise: o.Advertise, StateDir: o.State, MaxWorkers: o.MaxWorkers, MaxJobs: o.MaxJobs,
		MaxWorldSize: o.MaxWorldSize, MaxUnauthenticated: o.MaxUnauthenticated, RegisterTimeout: seconds(o.RegisterTimeout),
		MaxWait: seconds(o.MaxWait), NoRelay: o.NoRelay}
	opt.Relay.Pairs, opt.Relay.PairsPerJob, opt.Relay.BytesPerJob = o.RelayPairs, o.RelayPairsPerJob, o.RelayBytesPerJob
	running := &runningServer{group: task.NewGroup(context.Background())}
	if o.LogTo != nil {
		var level slog.Level
		if err := level.UnmarshalText([]byte(o.LogLevel)); err != nil {
			return nil, nil, status.Errorf(status.Invalid, "log_level %q is none of debug, info, warn and error", o.LogLevel)
		}
		running.log = os.NewFile(*o.LogTo, "log")
		opt.Log = slog.New(slog.NewTextHandler(running.log, &slog.HandlerOptions{Level: level}))
	}
	var err error
	if running.server, err = rendezvous.NewServer(opt); err != nil {
		_ = running.log.Close() // of none: an error
		return nil, nil, err
	}
	running.group.Go(running.server.Serve)
	addresses := strings.Join(running.server.Addrs(), ",")
	servers.Store(addresses, running.server)
	told, err := json.Marshal(map[string]string{"address": addresses})
	return running, told, err
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (r *runningServer) stop() error {
	servers.Delete(strings.Join(r.server.Addrs(), ","))
	closing := r.server.Close()
	if err := r.group.Wait(); err != nil {
		return err
	}
	_ = r.log.Close() // of none: an error
	return closing
}

// serverAt returns a rendezvous server of this process.
func serverAt(address string) (*rendezvous.Server, error) {
	server, ok := servers.Load(address)
	if !ok {
		return nil, status.Errorf(status.Invalid, "no rendezvous server of this process listens on %q: give the state directory of the server that does", address)
	}
	return server.(*rendezvous.Server), nil
}

// drainRendezvous has a server of this process take no new jobs, and returns when those that have begun are done, or
// after so many seconds: {"kind", "rendezvous", "seconds"}.
func drainRendezvous(options []byte) (service, []byte, error) {
	var o struct {
		Kind       string  `json:"kind"`
		Rendezvous string  `json:"rendezvous"`
		Seconds    float64 `json:"seconds"`
	}
	if err := decodeBytes("the options of draining", options, &o); err != nil {
		return nil, nil, err
	}
	server, err := serverAt(o.Rendezvous)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), seconds(o.Seconds))
	defer cancel()
	server.Drain(ctx)
	return nil, nil, nil
}

// issueToken makes a job token, with the keys of a server of this process or of a state directory:
// {"kind", "rendezvous", "world_size", "expiry", "state"} -> {"token"}.
func issueToken(options []byte) (service, []byte, error) {
	var o struct {
		Kind       string  `json:"kind"`
		Rendezvous string  `json:"rendezvous"`
		WorldSize  int     `json:"world_size"`
		Expiry     float64 `json:"expiry"`
		State      string  `json:"state"`
	}
	if err := decodeBytes("the token's options", options, &o); err != nil {
		return nil, nil, err
	}
	expiry := seconds(o.Expiry)
	token, err := func() (trust.Token, error) {
		if o.State == "" {
			server, err := serverAt(o.Rendezvous)
			if err != nil {
				return trust.Token{}, err
			}
			return server.Token(o.WorldSize, expiry)
		}
		state, err := trust.OpenState(o.State)
		if err != nil {
			return trust.Token{}, err
		}
		return state.Issue(trust.TokenSpec{Addresses: strings.Split(o.Rendezvous, ","), WorldSize: o.WorldSize, Expiry: expiry})
	}()
	if err != nil {
		return nil, nil, err
	}
	told, err := json.Marshal(map[string]string{"token": token.Text()})
	return nil, told, err
}
