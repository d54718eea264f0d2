package session

import (
	"encoding/json"

	"github.com/pycylon/pycylon/gocore/comm"
)

// explanation is what explain returns, as JSON.
type explanation struct {
	Latency   float64    `json:"latency"`   // seconds
	Bandwidth float64    `json:"bandwidth"` // bytes a second
	Prospects []prospect `json:"prospects"`
}

type prospect struct {
	Channel   string  `json:"channel"`
	Algorithm string  `json:"algorithm"`
	Steps     int     `json:"steps"`
	Messages  int     `json:"messages"`
	Bytes     float64 `json:"bytes"` // through the busiest link
	Seconds   float64 `json:"seconds"`
	Dollars   float64 `json:"dollars"`
	Chosen    bool    `json:"chosen"`
}

// explain returns by what a communicator chooses an algorithm.
func explain(c *comm.Communicator, collective string, bytes int) (Received, error) {
	e, err := c.Explain(collective, bytes)
	if err != nil {
		return Received{}, err
	}
	told := explanation{Latency: e.Channel.Latency, Bandwidth: e.Channel.Bandwidth}
	for _, p := range e.Prospects {
		told.Prospects = append(told.Prospects, prospect{p.Channel, p.Algorithm, p.Shape.Steps, p.Shape.Messages, p.Shape.Bytes, p.Cost.Seconds, p.Cost.Dollars, p.Chosen})
	}
	text, err := json.Marshal(told)
	return Received{Messages: [][]byte{text}}, err
}
