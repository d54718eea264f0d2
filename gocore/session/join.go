package session

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/costmodel"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/store/custom"
	"github.com/pycylon/pycylon/gocore/comm/store/redis"
	"github.com/pycylon/pycylon/gocore/comm/store/s3"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// membership is how this rank is connected to the others, for Describe.
type membership struct {
	close func()
	board *connect.Board // nil without a store
	epoch string
	setup time.Duration
	each  []time.Duration

	mu       sync.Mutex
	paths    []string    // by rank: links move
	upgrades *task.Group // looks for better paths
}

// path returns how a rank is connected.
func (m *membership) path(rank int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.paths[rank]
}

// join connects to the token's other ranks.
func (e *Env) join(ctx context.Context) error {
	stores, closeStores, err := e.openStores()
	if err != nil {
		return err
	}
	if err := e.joinWith(ctx, stores, closeStores); err != nil {
		closeStores()
		return err
	}
	return nil
}

// joinWith is join with stores that are open; close closes them when the environment does.
func (e *Env) joinWith(ctx context.Context, stores []store.Server, closeStores func()) error {
	token, err := trust.ParseToken(e.config.Token)
	if err != nil {
		return err
	}
	opt := connect.Options{Rank: e.config.Rank, WorldSize: e.config.WorldSize, Timeout: e.config.ConnectTimeout, Paths: e.config.Paths, Stores: stores}
	if opt.After, err = epochOf(e.config.After); err != nil {
		return err
	}
	m, err := connect.Join(ctx, token, opt)
	if err != nil {
		return err
	}
	ch, err := tcp.New(m.Rank, m.Conns(), tcp.Options{})
	if err != nil {
		m.Close()
		return err
	}
	e.member = &membership{close: func() { m.Close(); closeStores() }, board: m.Board, epoch: hex.EncodeToString(m.Epoch[:]), setup: m.Setup}
	for _, l := range m.Links {
		e.member.paths = append(e.member.paths, l.Path)
		e.member.each = append(e.member.each, l.Setup)
	}
	if err := e.over(ctx, ch); err != nil {
		m.Close()
		return err
	}
	if err := e.comm.Calibrate(ctx); err != nil {
		return err
	}
	e.upgrade(m, ch)
	return nil
}

// upgrade moves links from the relay to direct paths, when such are found, until the environment closes.
func (e *Env) upgrade(m *connect.Membership, ch channel.Channel) {
	sw, ok := ch.(channel.Switcher)
	if !ok {
		return
	}
	e.member.upgrades = task.NewGroup(e.ctx)
	e.member.upgrades.Go(func(ctx context.Context) error {
		return m.Upgrade(ctx, func(peer int, l connect.Link, lead bool) {
			sw.Switch(peer, l.Conn, l.Name, lead)
			e.member.mu.Lock()
			defer e.member.mu.Unlock()
			e.member.paths[peer] = l.Path
		})
	})
}

// openStores returns the stores that the settings name, and what closes their sockets.
func (e *Env) openStores() (stores []store.Server, closeAll func(), err error) {
	var own []*custom.Server
	closeAll = func() {
		for _, s := range own {
			s.Close()
		}
	}
	for _, descriptors := range e.config.Custom { // first: they are taken over, whatever else is wrong
		s, err := custom.New(descriptors)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		own, stores = append(own, s), append(stores, s)
	}
	for _, url := range e.config.Stores {
		s, err := openStore(url)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		stores = append(stores, s)
	}
	return stores, closeAll, nil
}

// openStore returns the server that a URL names.
func openStore(url string) (store.Server, error) {
	scheme, _, _ := strings.Cut(url, "://")
	switch scheme {
	case "redis", "rediss":
		return redis.New(url)
	case "s3":
		return s3.New(url)
	}
	return nil, status.Errorf(status.Invalid, "a store's name begins with redis://, rediss:// or s3://") // the text may hold a password
}

// over makes the communicator over a channel, which it owns from here on.
func (e *Env) over(ctx context.Context, ch channel.Channel) error {
	c, err := e.newComm(ch)
	if err != nil {
		return errors.Join(err, ch.Close(ctx))
	}
	e.comm, e.comms = c, []*comm.Communicator{c}
	return nil
}

// newComm makes the communicator of all ranks over a channel.
func (e *Env) newComm(ch channel.Channel) (*comm.Communicator, error) {
	opt := comm.Options{Budget: e.process.machine.Budget, Model: costmodel.Default()}
	var err error
	if e.config.CostModel != "" {
		if opt.Model, err = costmodel.Parse([]byte(e.config.CostModel)); err != nil {
			return nil, err
		}
	}
	if opt.Hint, err = costmodel.ParseHint(e.config.Hint); err != nil {
		return nil, err
	}
	if e.member != nil {
		if b := e.member.board; b != nil {
			opt.Board, opt.BoardPath = b, b.Path()
		}
		for _, path := range e.member.paths {
			if path != "self" {
				opt.Paths = append(opt.Paths, path)
			}
		}
	}
	return comm.New(ch, opt)
}

// OpenOver opens an environment over a channel that is connected already: ranks within one process, for tests.
func OpenOver(ctx context.Context, ch channel.Channel, c Config) (*Env, error) {
	e := newEnv(c)
	if err := e.over(ctx, ch); err != nil {
		e.end(context.Canceled)
		return nil, err
	}
	return e, nil
}

// leave says goodbye; where there is a cause, by an operation that fails with it, so that ranks which wait for this one
// learn it.
func (e *Env) leave(ctx context.Context, cause error) error {
	e.mu.Lock()
	comms := e.comms
	e.mu.Unlock()
	if len(comms) == 0 {
		return nil
	}
	for _, c := range comms {
		if cause == nil || c == nil {
			continue
		}
		// A failure to tell it is no news for a caller who is leaving.
		if op, err := c.Begin(ctx, comm.Call{Name: "the program"}); err == nil {
			_ = op.End(status.Errorf(status.Cancelled, "it left the job after %w", cause))
		}
	}
	if e.member != nil && e.member.upgrades != nil {
		_ = e.member.upgrades.Wait() // a search that failed has cost nothing but the better path
	}
	err := comms[0].Close(ctx)
	if e.member != nil {
		e.member.close()
	}
	memory.Trim(0)
	return err
}

// epochOf returns the epoch that Describe told as text; zeros for "".
func epochOf(text string) (epoch wire.Epoch, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 0 && len(b) != len(epoch) {
		return epoch, status.Errorf(status.Invalid, "after=%q is no epoch that an environment described", text)
	}
	copy(epoch[:], b)
	return epoch, nil
}
