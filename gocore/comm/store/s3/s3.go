// Package s3 keeps ranks' mailboxes in a bucket of Amazon S3, or of a server that speaks its protocol: a folder per rank.
//
//	Put    PUT <prefix>/<epoch>/<rank>/<name>
//	Take   LIST of the rank's folder, again and again, less often while nothing comes; GET of what is new, in parallel
//
// Objects are deleted when they have been read. What a crash leaves is deleted by the next opening under the same prefix
// that is more than store.Expiry later; a lifecycle rule of the bucket for the prefix does it where none follows. Other keys
// under the prefix are left alone.
// A LIST costs as much as a PUT, about 5 dollars a million: an idle rank makes ten a second.
package s3

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	firstPoll = 5 * time.Millisecond // between two LISTs after something came; half as much again each time
	lastPoll  = 100 * time.Millisecond
	everybody = "all" // the folder of what is posted, beside those of the ranks
	batch     = 1000  // keys of a LIST or a DELETE, at most
	takeMost  = 64    // objects that are got at a time
	getting   = 8     // of these, at once

	connections = 64       // that are kept for the next request
	maxAnswer   = 16 << 20 // bytes of an answer: of the longest object, or of a LIST
)

// server is a bucket and a prefix.
type server struct {
	bucket, prefix, endpoint, region string
}

// New returns the server of a URL: s3://bucket/prefix, with ?endpoint=https://host:port for one that is not Amazon's,
// and &region=. Credentials are where AWS's tools look for them.
func New(rawURL string) (store.Server, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "s3" || u.Hostname() == "" || u.User != nil {
		return nil, status.Errorf(status.Invalid, "an S3 store is named s3://bucket/prefix, and ?endpoint=https://host:port for a server of your own; "+
			"credentials are taken from where AWS's tools look for them")
	}
	q := u.Query()
	for name := range q {
		if name != "endpoint" && name != "region" {
			return nil, status.Errorf(status.Invalid, "s3://%s: unknown option %q: the options are endpoint and region", u.Host, name)
		}
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix == "" {
		prefix = "pycylon"
	}
	return &server{bucket: u.Host, prefix: prefix, endpoint: q.Get("endpoint"), region: q.Get("region")}, nil
}

// Path implements store.Server.
func (s *server) Path() wire.Path { return wire.S3 }

// Traits implements store.Server.
func (s *server) Traits() store.Traits {
	return store.Traits{Object: 1 << 20, Window: 8, Parallel: 4, Piece: 8 << 20, Patience: 20 * time.Second}
}

// Open implements store.Server.
func (s *server) Open(ctx context.Context, epoch wire.Epoch, rank int) (store.Store, error) {
	base := awshttp.NewBuildableClient()
	loaded, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(base), config.WithLogger(logging.Nop{})) // its own would write to Python's standard error
	if err != nil {
		return nil, status.Errorf(status.Invalid, "s3://%s: the settings for AWS can't be read: %w", s.bucket, err)
	}
	switch {
	case s.region != "":
		loaded.Region = s.region
	case loaded.Region == "" && s.endpoint != "":
		loaded.Region = "us-east-1" // which other servers take for any
	case loaded.Region == "":
		return nil, status.Errorf(status.Invalid, "s3://%s: the region is not known: set AWS_REGION, or add ?region= to the store's name", s.bucket)
	}
	if configured, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok { // with the authorities that the settings name
		base = configured
	}
	transport := base.GetTransport() // a copy, whose idle connections can be closed
	transport.MaxIdleConnsPerHost = connections
	loaded.HTTPClient = &http.Client{Transport: bounded{transport}}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		if s.endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = aws.String(s.endpoint), true
		}
	})
	m := &mailbox{server: s, client: client, opening: s.prefix + "/" + hex.EncodeToString(epoch[:]) + "/", rank: rank, seen: map[string]bool{},
		idle: transport.CloseIdleConnections}
	if rank == 0 {
		err = m.sweep(ctx)
	} else {
		_, err = m.list(ctx, m.folder(rank))
	}
	if err != nil {
		m.idle()
		return nil, s.explain(err)
	}
	return m, nil
}

func (s *server) explain(err error) error {
	if err == nil {
		return nil
	}
	return status.Errorf(status.Unreachable, "s3://%s/%s does not answer as it should: %w. Check the bucket's name and region, and that "+
		"these credentials may list, get, put and delete there", s.bucket, s.prefix, err)
}

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
	for pause := firstPoll; ; pause = min(pause*3/2, lastPoll) {
		objects, err := m.look(ctx)
		if err != nil || len(objects) > 0 {
			return objects, m.server.explain(err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
	}
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

// bounded is a transport that reads no more of an answer than any is long: a server may be hostile.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	}
	return answer, err
}
