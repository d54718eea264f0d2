package session

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/nat"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// DoctorConfig says what Doctor examines.
type DoctorConfig struct {
	Servers []string      // of the rendezvous, where there is no token
	Token   string        // of two ranks: the ways between them are tried, too
	Timeout time.Duration // for the other rank to come
}

// Diagnosis is what Doctor found out.
type Diagnosis struct {
	Families []nat.Report         `json:"families"` // of addresses, in which the server answers
	Pair     *connect.Examination `json:"pair"`     // nil: no token, or Failure
	Failure  string               `json:"failure"`  // why the pair wasn't examined
	Advice   []string             `json:"advice"`
}

// Doctor finds out what NATs are before this machine and, with a token, which paths lead to the machine of the other
// rank that calls it. It returns JSON.
func Doctor(ctx context.Context, c DoctorConfig) ([]byte, error) {
	servers, config := c.Servers, trust.AnyRendezvous()
	var token trust.Token
	if c.Token != "" {
		var err error
		if token, err = trust.ParseToken(c.Token); err != nil {
			return nil, err
		}
		servers, config = token.Addresses(), token.RendezvousClient()
	}
	d, err := diagnose(ctx, servers, config)
	if err != nil {
		return nil, err
	}
	if c.Token != "" {
		if d.Pair, err = connect.Examine(ctx, token, connect.Options{Timeout: c.Timeout}); err != nil {
			d.Failure = err.Error()
		}
	}
	d.Advice = append(d.Advice, nat.Advice(d.Families)...)
	d.Advice = append(d.Advice, connect.Advice(d.Pair)...)
	return json.Marshal(d)
}

func diagnose(ctx context.Context, servers []string, config *tls.Config) (*Diagnosis, error) {
	found := nat.Resolve(ctx, servers)
	if len(found) == 0 {
		return nil, status.Errorf(status.Unreachable, "no address is known of the rendezvous server %q: check the name", servers)
	}
	reports, err := nat.Find(ctx, found, config)
	if err != nil {
		return nil, status.Errorf(status.Unreachable, "the rendezvous server at %q does not answer: %w; check that it runs "+
			"(`python -m pycylon rendezvous`), and that this machine may connect to it", servers, err)
	}
	return &Diagnosis{Families: reports}, nil
}
