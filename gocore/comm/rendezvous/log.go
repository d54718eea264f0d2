package rendezvous

import (
	"encoding/hex"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// Log lines name a job by the first bytes of its id, which is a hash and no secret, as tokens describe themselves; what
// workers say is not repeated, but for their addresses.

// jobName is the attribute of a log line about a job.
func jobName(g trust.Grant) slog.Attr {
	return slog.Group("job", "id", hex.EncodeToString(g.Job[:4]), "attempt", g.Attempt, "world_size", g.WorldSize)
}

// refusalsPerSecond bounds the lines that strangers can cause.
const refusalsPerSecond = 10

// maxLogged bounds the text of an error, which may hold what a stranger sent.
const maxLogged = 300

// refusals writes the lines about connections that were refused.
type refusals struct {
	log *slog.Logger

	mu      sync.Mutex
	second  int64
	written int
	missed  int // since the last line
}

// write logs a refusal, unless there were many in this second.
func (r *refusals) write(from net.Addr, why string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now().Unix(); now != r.second {
		r.second, r.written = now, 0
	}
	if r.written >= refusalsPerSecond {
		r.missed++
		return
	}
	text := err.Error()
	r.log.Info("connection refused", "from", from.String(), "reason", why, "error", text[:min(len(text), maxLogged)], "not_logged_before", r.missed)
	r.written++
	r.missed = 0
}
