// Package custom keeps ranks' mailboxes in a store of the user's, which can put, get, delete and list objects and is served
// over local sockets by whoever has it: the Python package, on threads of its own (requests.go). So no thread of Go ever
// enters Python. Keys are
//
//	<epoch>/<rank>/<name>.<seconds since 1970, when it was put>    in the mailbox of a rank
//	<epoch>/all/<name>.<seconds>                                   for all ranks
//
// An object is listed again and again, less often while nothing comes, got and deleted. What a crash leaves is deleted by
// the next opening in the same store that is more than store.Expiry later: the time in the key tells.
package custom

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	firstPoll = 5 * time.Millisecond // between two lists after something came
	takeMost  = 64                   // objects that are got at a time
)

// Server is a store of the user's.
type Server struct{ requests *requests }

// New returns the server that answers at the other ends of sockets, whose descriptors it takes over. As many requests are on
// their way at a time.
func New(descriptors []int) (*Server, error) {
	r, err := newRequests(descriptors)
	if err != nil {
		return nil, err
	}
	return &Server{r}, nil
}

// Close closes the sockets.
func (s *Server) Close() { s.requests.close() }

// Path implements store.Server.
func (s *Server) Path() wire.Path { return wire.Custom }

// Traits implements store.Server.
func (s *Server) Traits() store.Traits {
	return store.Traits{Object: 1 << 20, Window: 8, Parallel: 2, Piece: 8 << 20, Patience: 20 * time.Second}
}

// Open implements store.Server.
func (s *Server) Open(ctx context.Context, epoch wire.Epoch, rank int) (store.Store, error) {
	m := &mailbox{server: s, opening: hex.EncodeToString(epoch[:]) + "/", rank: rank, seen: map[string]bool{}}
	if rank == 0 {
		return m, m.sweep(ctx)
	}
	_, err := m.list(ctx, m.folder(rank))
	return m, err
}

// mailbox implements store.Store.
type mailbox struct {
	server  *Server
	opening string // the keys of this opening begin with it
	rank    int
	seen    map[string]bool // taken, but perhaps still listed

	mu     sync.Mutex
	posted []string // keys
}

func (m *mailbox) folder(rank int) string { return fmt.Sprintf("%s%d/", m.opening, rank) }

// dated returns the key of an object that is put now.
func dated(key string) string { return fmt.Sprintf("%s.%d", key, time.Now().Unix()) }

// Put implements store.Store.
func (m *mailbox) Put(ctx context.Context, to int, name string, object []byte) error {
	return m.put(ctx, dated(m.folder(to)+name), object)
}

// Take implements store.Store.
func (m *mailbox) Take(ctx context.Context) ([][]byte, error) {
	var objects [][]byte
	err := store.Poll(ctx, firstPoll, func() (found bool, err error) {
		objects, err = m.look(ctx)
		return len(objects) > 0, err
	})
	return objects, err
}

// look lists the mailbox once, and gets and deletes what is new in it.
func (m *mailbox) look(ctx context.Context) ([][]byte, error) {
	keys, err := m.list(ctx, m.folder(m.rank))
	if err != nil {
		return nil, err
	}
	still := map[string]bool{}
	for _, key := range keys {
		still[key] = true
	}
	maps.DeleteFunc(m.seen, func(key string, _ bool) bool { return !still[key] })
	var objects [][]byte
	for _, key := range keys {
		if m.seen[key] {
			continue
		}
		object, err := m.get(ctx, key, m.server.Traits().ObjectBytes())
		if err == nil {
			err = m.remove(ctx, key)
		}
		if err != nil {
			return objects, err
		}
		m.seen[key] = true
		if objects = append(objects, object); len(objects) == takeMost {
			break
		}
	}
	return objects, nil
}

// Post implements store.Store.
func (m *mailbox) Post(ctx context.Context, name string, object []byte) error {
	key := dated(m.opening + "all/" + name)
	m.mu.Lock()
	m.posted = append(m.posted, key)
	m.mu.Unlock()
	return m.put(ctx, key, object)
}

// Look implements store.Store.
func (m *mailbox) Look(ctx context.Context, name string) ([]byte, error) {
	keys, err := m.list(ctx, m.opening+"all/"+name+".")
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return m.get(ctx, keys[0], m.server.Traits().PieceBytes())
}

// Close implements store.Store.
func (m *mailbox) Close(ctx context.Context) error {
	left, err := m.list(ctx, m.folder(m.rank))
	m.mu.Lock()
	left = append(left, m.posted...)
	m.mu.Unlock()
	for _, key := range left {
		if err == nil {
			err = m.remove(ctx, key)
		}
	}
	return err
}

// sweep deletes what openings have left that ended long ago.
func (m *mailbox) sweep(ctx context.Context) error {
	keys, err := m.list(ctx, "")
	for _, key := range keys {
		if err == nil && expired(key, time.Now()) {
			err = m.remove(ctx, key)
		}
	}
	return err
}

// expired tells whether a key is one of these, and its object has been there for too long.
func expired(key string, now time.Time) bool {
	epoch, rest, _ := strings.Cut(key, "/")
	at := strings.LastIndexByte(rest, '.')
	if b, err := hex.DecodeString(epoch); err != nil || len(b) != len(wire.Epoch{}) || at < 0 {
		return false // something else is kept in the store
	}
	put, err := strconv.ParseInt(rest[at+1:], 10, 64)
	return err == nil && now.Sub(time.Unix(put, 0)) > store.Expiry
}

func (m *mailbox) put(ctx context.Context, key string, object []byte) error {
	_, err := m.server.requests.ask(ctx, put, key, object, 0)
	return err
}

func (m *mailbox) get(ctx context.Context, key string, most int) ([]byte, error) {
	return m.server.requests.ask(ctx, get, key, nil, most)
}

func (m *mailbox) remove(ctx context.Context, key string) error {
	_, err := m.server.requests.ask(ctx, remove, key, nil, 0)
	return err
}

// maxList bounds the bytes of a list.
const maxList = 16 << 20

// list returns the keys that begin with prefix.
func (m *mailbox) list(ctx context.Context, prefix string) ([]string, error) {
	text, err := m.server.requests.ask(ctx, list, prefix, nil, maxList)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	keys := strings.Split(string(text), "\n")
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) {
			return nil, status.Errorf(status.Malformed, "list(%q) returned %q, which doesn't begin so", prefix, key)
		}
	}
	return keys, nil
}
