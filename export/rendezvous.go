package main

import (
	"context"
	"encoding/json"
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
}

// servers are the rendezvous servers of this process by address: they issue tokens without a state directory.
var servers sync.Map

// startRendezvous serves until it is stopped: {"kind", "listen", "advertise", "state"} -> {"address"}.
func startRendezvous(options []byte) (service, []byte, error) {
	var o struct {
		Kind      string   `json:"kind"`
		Listen    string   `json:"listen"`
		Advertise []string `json:"advertise"`
		State     string   `json:"state"`
	}
	if err := decodeBytes("the rendezvous server's options", options, &o); err != nil {
		return nil, nil, err
	}
	server, err := rendezvous.NewServer(rendezvous.Options{Listen: o.Listen, Advertise: o.Advertise, StateDir: o.State})
	if err != nil {
		return nil, nil, err
	}
	running := &runningServer{server: server, group: task.NewGroup(context.Background())}
	running.group.Go(server.Serve)
	servers.Store(server.Addr(), server)
	told, err := json.Marshal(map[string]string{"address": server.Addr()})
	return running, told, err
}

func (r *runningServer) stop() error {
	servers.Delete(r.server.Addr())
	closing := r.server.Close()
	if err := r.group.Wait(); err != nil {
		return err
	}
	return closing
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
	expiry := time.Duration(o.Expiry * float64(time.Second))
	token, err := func() (trust.Token, error) {
		if server, ok := servers.Load(o.Rendezvous); ok && o.State == "" {
			return server.(*rendezvous.Server).Token(o.WorldSize, expiry)
		}
		if o.State == "" {
			return trust.Token{}, status.Errorf(status.Invalid, "no rendezvous server of this process listens on %q: give the state directory of the server that does", o.Rendezvous)
		}
		state, err := trust.OpenState(o.State)
		if err != nil {
			return trust.Token{}, err
		}
		return state.Issue(trust.TokenSpec{Addresses: []string{o.Rendezvous}, WorldSize: o.WorldSize, Expiry: expiry})
	}()
	if err != nil {
		return nil, nil, err
	}
	told, err := json.Marshal(map[string]string{"token": token.Text()})
	return nil, told, err
}
