package session

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// description is Describe's JSON.
type description struct {
	Rank         int        `json:"rank"`
	WorldSize    int        `json:"world_size"`
	Epoch        string     `json:"epoch,omitempty"`
	SetupSeconds float64    `json:"setup_seconds"`
	Threads      int        `json:"threads"`
	Memory       memoryInfo `json:"memory"`
	Peers        []peerInfo `json:"peers"`
	Operations   string     `json:"operations,omitempty"` // the last ones, for people
}

type memoryInfo struct {
	Limit  int64 `json:"limit"` // 0: none
	Used   int64 `json:"used"`
	Peak   int64 `json:"peak"`
	Mapped int64 `json:"mapped"`
	Idle   int64 `json:"idle"`
}

type peerInfo struct {
	Rank          int     `json:"rank"`
	Path          string  `json:"path,omitempty"`
	SetupSeconds  float64 `json:"setup_seconds"`
	BytesSent     uint64  `json:"bytes_sent"`
	BytesReceived uint64  `json:"bytes_received"`
}

// Describe returns JSON: rank, world, epoch, threads, memory, and each peer with its path and traffic.
func (e *Env) Describe() []byte {
	b := e.process.machine.Budget
	usage := memory.Stat()
	d := description{Rank: e.Rank(), WorldSize: e.Size(), Threads: e.process.threads, Peers: []peerInfo{},
		Memory: memoryInfo{Limit: b.Limit(), Used: b.Used(), Peak: b.Peak(), Mapped: usage.Mapped, Idle: usage.Idle}}
	if d.Memory.Limit == math.MaxInt64 {
		d.Memory.Limit = 0
	}
	if e.member != nil {
		d.Epoch, d.SetupSeconds = e.member.epoch, e.member.setup.Seconds()
	}
	if e.comm != nil {
		d.Operations = e.comm.Describe()
		for _, p := range e.comm.Stats().Peers {
			if p.Rank == d.Rank {
				continue
			}
			info := peerInfo{Rank: p.Rank, BytesSent: p.BytesSent, BytesReceived: p.BytesReceived}
			if e.member != nil {
				info.Path, info.SetupSeconds = e.member.path(p.Rank), e.member.each[p.Rank].Seconds()
			}
			d.Peers = append(d.Peers, info)
		}
	}
	text, err := json.Marshal(&d)
	if err != nil {
		panic(fmt.Sprintf("session: a description that JSON can't hold: %v", err))
	}
	return text
}
