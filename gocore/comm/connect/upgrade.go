package connect

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Ranks that only the relay connects look for a direct connection again, for roundTime each: some seconds after the
// opening, and then after twice the time, up to lastRound apart. The clock that the punches began by tells both when,
// so that nothing has to be said about it, and their ports are open to others only then.
const (
	firstRound = 5 * time.Second
	lastRound  = 5 * time.Minute
	roundTime  = 3 * time.Second
)

// Upgrade looks for direct connections over TCP to the ranks that the relay connects, until the context ends or there are none,
// and hands each found to move (channel.Switcher.Switch), from several goroutines. Both ranks of a pair have to call it.
func (m *Membership) Upgrade(ctx context.Context, move func(peer int, l Link, lead bool)) error {
	j := m.relayed
	if j == nil {
		return nil
	}
	waiting := map[int]bool{}
	for peer, l := range m.Links {
		if l.Path == wire.Relayed.String() {
			waiting[peer] = true
		}
	}
	after := j.opt.UpgradeAfter
	if after == 0 {
		after = firstRound
	}
	for at := j.start; len(waiting) > 0 && after > 0 && ctx.Err() == nil; after = min(2*after, lastRound) {
		if at = at.Add(after); time.Until(at) < -roundTime {
			continue // slept through it
		}
		pause(ctx, time.Until(at))
		if err := j.again(at).round(ctx, waiting, move); err != nil {
			return err
		}
	}
	return nil
}

// again returns a joiner for a round: the same rank of the same opening, without the paths that are no better.
func (j *joiner) again(at time.Time) *joiner {
	r := &joiner{opt: j.opt, token: j.token, network: j.network, allowed: map[wire.Path]bool{}, began: j.began, identity: j.identity, port: j.port,
		rank: j.rank, roster: j.roster, ranks: j.ranks, epoch: j.epoch, sealed: at, start: at.Add(punchAfter),
		pairs: make([]*pair, len(j.pairs)), settled: make(chan struct{}, len(j.pairs)),
		slots: make(chan struct{}, outgoing), nearSlots: make(chan struct{}, outgoingNear)}
	for path := wire.Loopback; path <= wire.Punched; path++ { // TCP's: the socket for QUIC is closed
		r.allowed[path] = j.allowed[path]
	}
	return r
}

// punchAfter is how long after the begin of a round ranks punch: by then those that can dial each other have.
const punchAfter = 150 * time.Millisecond

// round tries to connect to the peers that wait, and takes from them those that it has moved.
func (j *joiner) round(ctx context.Context, waiting map[int]bool, move func(peer int, l Link, lead bool)) error {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	g := task.NewGroup(ctx)
	ctx = g.Context()
	for peer := range waiting {
		j.pairs[peer] = newPair(ctx, j.rank, peer)
	}
	if port := j.roster.Entries[j.rank].Member.Port; port != 0 {
		var lc net.ListenConfig
		lc.SetMultipathTCP(false)
		var err error
		if j.listener, err = lc.Listen(ctx, "tcp", net.JoinHostPort("", strconv.Itoa(int(port)))); err == nil { // else somebody else has it by now
			stop := context.AfterFunc(ctx, func() { _ = j.listener.Close() })
			defer stop()
			g.Go(func(ctx context.Context) error { return j.accept(ctx, g) })
		}
	}
	j.use = func(p *pair, r *racer) {
		name, err := nameOf(r.conn)
		if err != nil {
			r.close()
			return
		}
		move(p.peer, Link{Conn: r.conn, Path: r.path.String(), Setup: time.Since(j.sealed), Name: name}, p.lower)
	}
	for _, p := range j.pairs {
		if p != nil {
			j.race(g, p)
		}
	}
	for found := 0; found < len(waiting) && ctx.Err() == nil; found++ {
		select {
		case <-j.settled:
		case <-ctx.Done():
		}
	}
	over := ctx.Err() != nil // not for an error of the group's
	g.Fail(errDone)
	err := g.Wait()
	for peer, p := range j.pairs {
		if p != nil {
			p.close(true)
			if p.isSettled() {
				delete(waiting, peer)
			}
		}
	}
	if over || errors.Is(err, errDone) {
		err = nil
	}
	return err
}

// nameOf returns what only the two ends of a connection have in common.
func nameOf(conn net.Conn) (uint64, error) {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	state := secure.ConnectionState()
	name, err := state.ExportKeyingMaterial("EXPORTER-pycylon-switch", nil, 8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(name), nil
}
