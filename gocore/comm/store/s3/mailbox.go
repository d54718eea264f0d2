package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/store"
)

// mailbox implements store.Store.
type mailbox struct {
	server  *server
	client  *s3.Client
	opening string // the keys of this opening begin with it
	rank    int
	idle    func()          // closes idle connections
	seen    map[string]bool // taken, but perhaps still listed
	done    []string        // of these, what is to be deleted

	mu     sync.Mutex
	posted []string // keys
}

func (m *mailbox) folder(rank int) string { return fmt.Sprintf("%s%d/", m.opening, rank) }

// Put implements store.Store.
func (m *mailbox) Put(ctx context.Context, to int, name string, object []byte) error {
	_, err := m.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &m.server.bucket, Key: aws.String(m.folder(to) + name), Body: bytes.NewReader(object)})
	return m.server.explain(err)
}

// Take implements store.Store.
func (m *mailbox) Take(ctx context.Context) ([][]byte, error) {
	var objects [][]byte
	err := store.Poll(ctx, firstPoll, func() (found bool, err error) {
		objects, err = m.look(ctx)
		return len(objects) > 0, m.server.explain(err)
	})
	return objects, err
}

// look lists the folder once, gets what is new in it, and deletes what was read before.
func (m *mailbox) look(ctx context.Context) ([][]byte, error) {
	g := task.NewGroup(ctx)
	done := m.done
	g.Go(func(ctx context.Context) error { return m.remove(ctx, done) })
	listed, err := m.list(ctx, m.folder(m.rank))
	if err = errors.Join(err, g.Wait()); err != nil {
		return nil, err
	}
	m.done = nil
	var fresh, foreign []string
	still := map[string]bool{}
	for _, o := range listed {
		key := aws.ToString(o.Key)
		switch still[key] = true; {
		case m.seen[key] || !strings.HasPrefix(key, m.opening):
		case aws.ToInt64(o.Size) > int64(m.server.Traits().ObjectBytes()): // no rank's: in the way of those that are
			foreign = append(foreign, key)
		case len(fresh) < takeMost:
			fresh = append(fresh, key)
		}
	}
	maps.DeleteFunc(m.seen, func(key string, _ bool) bool { return !still[key] })
	objects, err := m.getAll(ctx, fresh)
	if err != nil {
		return nil, err
	}
	m.done = append(fresh, foreign...)
	for _, key := range m.done {
		m.seen[key] = true
	}
	return objects, nil
}

// getAll gets objects of the mailbox; of one that is gone meanwhile, nothing.
func (m *mailbox) getAll(ctx context.Context, keys []string) ([][]byte, error) {
	objects := make([][]byte, len(keys))
	var next atomic.Int64
	g := task.NewGroup(ctx)
	for range min(getting, len(keys)) {
		g.Go(func(ctx context.Context) error {
			for i := int(next.Add(1) - 1); i < len(keys); i = int(next.Add(1) - 1) {
				object, err := m.get(ctx, keys[i], m.server.Traits().ObjectBytes())
				if err != nil {
					return err
				}
				objects[i] = object
			}
			return nil
		})
	}
	return objects, g.Wait()
}

// get returns an object: nil where there is none, and of one that is longer than most, no more than that.
func (m *mailbox) get(ctx context.Context, key string, most int) ([]byte, error) {
	got, err := m.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &m.server.bucket, Key: &key})
	var absent *types.NoSuchKey
	switch {
	case errors.As(err, &absent):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer func() { _ = got.Body.Close() }()
	return io.ReadAll(io.LimitReader(got.Body, int64(most)))
}

// list returns the first objects whose keys begin with prefix.
func (m *mailbox) list(ctx context.Context, prefix string) ([]types.Object, error) {
	page, err := m.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &m.server.bucket, Prefix: &prefix, MaxKeys: aws.Int32(batch)})
	if err != nil {
		return nil, err
	}
	return page.Contents, nil
}

// remove deletes keys, at most batch.
func (m *mailbox) remove(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	ids := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		ids[i].Key = &keys[i]
	}
	answer, err := m.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &m.server.bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
	if err != nil {
		return err
	}
	for _, failed := range answer.Errors {
		if aws.ToString(failed.Code) != "NoSuchKey" { // some servers mind what is gone already
			return fmt.Errorf("delete of %s: %s", aws.ToString(failed.Key), aws.ToString(failed.Message))
		}
	}
	return nil
}

// Post implements store.Store.
func (m *mailbox) Post(ctx context.Context, name string, object []byte) error {
	key := m.opening + everybody + "/" + name
	m.mu.Lock()
	m.posted = append(m.posted, key)
	m.mu.Unlock()
	_, err := m.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &m.server.bucket, Key: &key, Body: bytes.NewReader(object)})
	return m.server.explain(err)
}

// Look implements store.Store.
func (m *mailbox) Look(ctx context.Context, name string) ([]byte, error) {
	object, err := m.get(ctx, m.opening+everybody+"/"+name, m.server.Traits().PieceBytes())
	return object, m.server.explain(err)
}

// Close implements store.Store.
func (m *mailbox) Close(ctx context.Context) error {
	defer m.idle()
	for posted := range slices.Chunk(m.posted, batch) {
		if err := m.remove(ctx, posted); err != nil {
			return m.server.explain(err)
		}
	}
	for {
		left, err := m.list(ctx, m.folder(m.rank))
		if err != nil || len(left) == 0 {
			return m.server.explain(err)
		}
		keys := make([]string, len(left))
		for i, o := range left {
			keys[i] = aws.ToString(o.Key)
		}
		if err := m.remove(ctx, keys); err != nil {
			return m.server.explain(err)
		}
	}
}
