package s3

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// sweep deletes what openings have left that ended long ago.
func (m *mailbox) sweep(ctx context.Context) error {
	pages := s3.NewListObjectsV2Paginator(m.client, &s3.ListObjectsV2Input{Bucket: &m.server.bucket, Prefix: aws.String(m.server.prefix + "/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var old []string
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); m.server.owns(key) && time.Since(aws.ToTime(o.LastModified)) > store.Expiry {
				old = append(old, key)
			}
		}
		if err := m.remove(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

// owns tells whether an opening made a key: under the prefix may be what is somebody's.
func (s *server) owns(key string) bool {
	name, below := strings.CutPrefix(key, s.prefix+"/")
	parts := strings.Split(name, "/")
	if !below || len(parts) != 3 || len(parts[0]) != hex.EncodedLen(len(wire.Epoch{})) {
		return false
	}
	_, noEpoch := hex.DecodeString(parts[0])
	_, noRank := strconv.ParseUint(parts[1], 10, 32)
	return noEpoch == nil && (noRank == nil || parts[1] == everybody)
}
