// Package redis keeps ranks' mailboxes on a Redis server (6.2 or later): a list per rank.
//
//	Put    MULTI, RPUSH pycylon:<epoch>:<rank> object, PEXPIRE, EXEC
//	Take   BLPOP, which waits on the server, then LPOP of what else is there
//
// The client is redigo: small, without dependencies, and silent.
package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/gomodule/redigo/redis"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	dialTimeout = 5 * time.Second
	replyWithin = 10 * time.Second
	popSeconds  = 2  // that one BLPOP waits
	popMore     = 32 // objects that are taken at a time
	connections = 8  // for Put
)

// server is where a URL leads.
type server struct {
	url      *url.URL
	address  string
	database int
}

// New returns the server of a URL: redis://[user]:password@host:port/database, or rediss:// for TLS.
func New(rawURL string) (store.Server, error) {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Hostname() == "" {
		return nil, status.Errorf(status.Invalid, "a Redis store is named redis://:password@host:6379/0, or rediss:// for TLS") // the text may hold a password
	}
	s := &server{url: u, address: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "6379"))}
	if database := strings.Trim(u.Path, "/"); database != "" {
		if s.database, err = strconv.Atoi(database); err != nil || s.database < 0 {
			return nil, status.Errorf(status.Invalid, "the database of the Redis store at %s is %q: give its number, as in redis://:password@host:6379/0", u.Host, database)
		}
	}
	return s, nil
}

// Path implements store.Server.
func (s *server) Path() wire.Path { return wire.Redis }

// Traits implements store.Server.
func (s *server) Traits() store.Traits {
	return store.Traits{Object: 512 << 10, Window: 16, Parallel: 2, Piece: 1 << 20, Patience: 5 * time.Second}
}

// Open implements store.Server.
func (s *server) Open(ctx context.Context, epoch wire.Epoch, rank int) (store.Store, error) {
	m := &mailbox{server: s, prefix: "pycylon:" + hex.EncodeToString(epoch[:]) + ":", rank: rank}
	m.pool = &redis.Pool{DialContext: s.dial, MaxIdle: connections, MaxActive: connections, Wait: true, IdleTimeout: time.Minute}
	c, err := s.dial(ctx)
	if err != nil {
		return nil, s.explain(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := redis.DoContext(c, ctx, "PING"); err != nil {
		return nil, s.explain(err)
	}
	return m, nil
}

// dial connects and logs in. The client's own way takes no guard between it and TLS.
func (s *server) dial(ctx context.Context) (redis.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	if s.url.Scheme == "rediss" {
		secure := tls.Client(conn, &tls.Config{ServerName: s.url.Hostname(), MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secure
	}
	c := redis.NewConn(&guard{Conn: conn}, replyWithin, replyWithin)
	if password, ok := s.url.User.Password(); ok {
		login := []any{password}
		if user := s.url.User.Username(); user != "" {
			login = []any{user, password}
		}
		_, err = redis.DoContext(c, ctx, "AUTH", login...)
	}
	if err == nil && s.database != 0 {
		_, err = redis.DoContext(c, ctx, "SELECT", s.database)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// explain says what failed without the password of the URL.
func (s *server) explain(err error) error {
	text := err.Error()
	if password, ok := s.url.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "***")
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?' // the server chose the text, and terminals and logs will show it
	}, text)
	return status.Errorf(status.Unreachable, "the Redis server at %s does not answer as it should: %s. Check address, password and TLS (rediss://)", s.url.Host, text)
}

// mailbox implements store.Store.
type mailbox struct {
	server *server
	pool   *redis.Pool
	prefix string
	rank   int
	mu     sync.Mutex
	posted []any      // keys
	taking redis.Conn // of Take, kept from call to call; nil after a failure
}

func (m *mailbox) key(rank int) string { return fmt.Sprint(m.prefix, rank) }

// Put implements store.Store.
func (m *mailbox) Put(ctx context.Context, to int, _ string, object []byte) error {
	c, err := m.pool.GetContext(ctx)
	if err != nil {
		return m.server.explain(err)
	}
	defer func() { _ = c.Close() }()
	for _, command := range [][]any{{"MULTI"}, {"RPUSH", m.key(to), object}, {"PEXPIRE", m.key(to), store.Expiry.Milliseconds()}} {
		if err := c.Send(command[0].(string), command[1:]...); err != nil {
			return m.server.explain(err)
		}
	}
	if _, err := redis.DoContext(c, ctx, "EXEC"); err != nil {
		return m.server.explain(err)
	}
	return nil
}

// Take implements store.Store.
func (m *mailbox) Take(ctx context.Context) (objects [][]byte, err error) {
	if m.taking == nil {
		if m.taking, err = m.server.dial(ctx); err != nil {
			m.taking = nil
			return nil, m.server.explain(err)
		}
	}
	if objects, err = m.take(ctx); err != nil {
		_ = m.taking.Close()
		m.taking = nil
		return nil, m.server.explain(err)
	}
	return objects, nil
}

func (m *mailbox) take(ctx context.Context) ([][]byte, error) {
	for {
		first, err := redis.ByteSlices(redis.DoContext(m.taking, ctx, "BLPOP", m.key(m.rank), popSeconds))
		if errors.Is(err, redis.ErrNil) {
			continue
		}
		if err != nil {
			return nil, err
		}
		more, err := redis.ByteSlices(redis.DoContext(m.taking, ctx, "LPOP", m.key(m.rank), popMore))
		if err != nil && !errors.Is(err, redis.ErrNil) {
			return nil, err // what was popped first is lost with the connection: the peers notice
		}
		return append(first[1:], more...), nil // first[0] is the key
	}
}

// Post implements store.Store.
func (m *mailbox) Post(ctx context.Context, name string, object []byte) error {
	key := m.prefix + "all:" + name
	m.mu.Lock()
	m.posted = append(m.posted, key)
	m.mu.Unlock()
	_, err := m.do(ctx, "SET", key, object, "PX", store.Expiry.Milliseconds())
	return err
}

// Look implements store.Store.
func (m *mailbox) Look(ctx context.Context, name string) ([]byte, error) {
	object, err := redis.Bytes(m.do(ctx, "GET", m.prefix+"all:"+name))
	if errors.Is(err, redis.ErrNil) {
		return nil, nil
	}
	return object, err
}

func (m *mailbox) do(ctx context.Context, command string, arguments ...any) (any, error) {
	c, err := m.pool.GetContext(ctx)
	if err != nil {
		return nil, m.server.explain(err)
	}
	defer func() { _ = c.Close() }()
	answer, err := redis.DoContext(c, ctx, command, arguments...)
	if err != nil {
		return nil, m.server.explain(err)
	}
	return answer, nil
}

// Close implements store.Store.
func (m *mailbox) Close(ctx context.Context) error {
	if m.taking != nil {
		_ = m.taking.Close()
	}
	_, err := m.do(ctx, "DEL", append(m.posted, m.key(m.rank))...)
	return errors.Join(err, m.pool.Close())
}
