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
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	firstPoll = 5 * time.Millisecond // between two LISTs after something came
	everybody = "all"                // the folder of what is posted, beside those of the ranks
	batch     = 1000                 // keys of a LIST or a DELETE, at most
	takeMost  = 64                   // objects that are got at a time
	getting   = 8                    // of these, at once

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
