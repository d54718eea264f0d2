// Package costmodel estimates what a collective takes in time and money over a channel.
//
// The time is Hockney's with LogP's overhead: a step costs the channel's latency, each message of the busiest rank some of
// its processor's time, and a byte through its link the inverse of the bandwidth,
//
//	seconds = steps * latency + sends * overhead + bytes / bandwidth
//	dollars = seconds * ranks * Second + messages * Message
//
// Defaults are of AWS Lambda, us-east-1, 2024 to 2026: between functions without a VPC 0.4 ms one way and, after a first
// burst, 78 MiB/s (Skyrise's measurements, arXiv 2501.07771); S3 27 ms to read and 41 ms to write (the same), 5 dollars a
// million of PUT or LIST and 0.4 a million of GET; 16.67 dollars a million GB-seconds, of which a function of one
// processor has 1.769. A JSON file may replace any of them, and what an environment measures as it opens replaces
// latency and bandwidth.
package costmodel

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Channel is what is known of one way between ranks.
type Channel struct {
	Latency   float64 `json:"latency"`   // of a short message, in seconds, one way
	Overhead  float64 `json:"overhead"`  // of sending one message, in seconds during which the rank sends no other
	Bandwidth float64 `json:"bandwidth"` // of one rank's link, in bytes a second, either way
	Message   float64 `json:"message"`   // price of one message, in dollars
	Put       float64 `json:"put"`       // price of leaving an object for all ranks
	Get       float64 `json:"get"`       // and of reading it
	Piece     float64 `json:"piece"`     // bytes of such an object; 0: the channel has none
}

// Model is all that is known.
type Model struct {
	Second   float64            `json:"second"`   // price of one rank's second, in dollars
	Channels map[string]Channel `json:"channels"` // by name of the path
}

// Prices and speeds of the defaults.
const (
	gigabyteSecond = 16.6667e-6
	oneProcessor   = 1.769 // GB
	s3Put, s3Get   = 5e-6, 0.4e-6

	lambdaLink = 78 << 20
)

// Default returns the model of AWS Lambda.
func Default() *Model {
	direct := Channel{Latency: 0.4e-3, Overhead: 10e-6, Bandwidth: lambdaLink}
	return &Model{
		Second: gigabyteSecond * oneProcessor,
		Channels: map[string]Channel{
			"loopback": {Latency: 30e-6, Overhead: 10e-6, Bandwidth: 1 << 30},
			"private":  direct, "public": direct, "punched": direct,
			"relay":  {Latency: 0.8e-3, Overhead: 10e-6, Bandwidth: lambdaLink / 2},
			"redis":  {Latency: 1e-3, Overhead: 50e-6, Bandwidth: lambdaLink / 2, Piece: 1 << 20},
			"s3":     {Latency: 0.12, Overhead: 10e-3, Bandwidth: lambdaLink / 2, Message: 2*s3Put + s3Get, Put: s3Put, Get: s3Get, Piece: 8 << 20}, // half a poll of 100 ms; PUT, LIST, GET
			"custom": {Latency: 0.05, Overhead: 1e-3, Bandwidth: lambdaLink / 2, Piece: 8 << 20},                                                    // half a poll; whose prices nobody knows
		},
	}
}

// maxJSON bounds a file of parameters.
const maxJSON = 1 << 20

// Parse returns the default model with what a JSON text replaces: {"second": dollars, "channels": {"punched": {"latency":
// seconds, "overhead": seconds, "bandwidth": bytes a second,
// "message": dollars}}}. Of a channel that it names, what it leaves out stays.
func Parse(text []byte) (*Model, error) {
	var given struct {
		Second   *float64                   `json:"second"`
		Channels map[string]json.RawMessage `json:"channels"`
	}
	m := Default()
	if len(text) > maxJSON {
		return nil, status.Errorf(status.Invalid, "a cost model of %d bytes: at most %d", len(text), maxJSON)
	}
	if err := decode(text, &given); err != nil {
		return nil, err
	}
	if given.Second != nil {
		m.Second = *given.Second
	}
	for name, raw := range given.Channels {
		c, known := m.Channels[name]
		if !known {
			return nil, status.Errorf(status.Invalid, "the cost model names the channel %q: the channels are loopback, private, public, punched, relay, redis, s3 and custom", name)
		}
		if err := decode(raw, &c); err != nil {
			return nil, err
		}
		m.Channels[name] = c
	}
	return m, m.check()
}

func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errMore
	}
	if err != nil {
		return status.Errorf(status.Invalid, `the cost model isn't as {"second": dollars, "channels": {"punched": {"latency": seconds, "overhead": seconds, "bandwidth": bytes a second, "message": dollars}}}: %w`, err)
	}
	return nil
}

var errMore = status.Errorf(status.Malformed, "something follows its end")

func (m *Model) check() error {
	ok := func(x, least float64) bool { return x >= least && x <= math.MaxFloat32 }
	if !ok(m.Second, 0) {
		return status.Errorf(status.Invalid, "the cost model's price of a second is %g dollars", m.Second)
	}
	for name, c := range m.Channels {
		if !ok(c.Latency, 0) || !ok(c.Overhead, 0) || !ok(c.Bandwidth, 1) || !ok(c.Message, 0) ||
			!ok(c.Put, 0) || !ok(c.Get, 0) || !ok(c.Piece, 0) {
			return status.Errorf(status.Invalid, "the cost model's channel %q has a latency of %g s, an overhead of %g s, a bandwidth of %g B/s and a price of %g dollars a message: "+
				"they can't be negative, and a bandwidth not under 1", name, c.Latency, c.Overhead, c.Bandwidth, c.Message)
		}
	}
	return nil
}

// Worst returns a channel that is as slow and as dear as any of those named: what a collective over all of them is held up by.
func (m *Model) Worst(names ...string) Channel {
	worst := Channel{Bandwidth: math.MaxFloat32} // of messages: what a channel has for all ranks is another matter
	for _, name := range names {
		if c, ok := m.Channels[name]; ok {
			worst = Channel{Latency: max(worst.Latency, c.Latency), Overhead: max(worst.Overhead, c.Overhead),
				Bandwidth: min(worst.Bandwidth, c.Bandwidth), Message: max(worst.Message, c.Message)}
		}
	}
	return worst
}

// Shape is what a collective does with one algorithm.
type Shape struct {
	Steps    int     // messages one behind the other
	Sends    int     // messages that the busiest rank sends
	Bytes    float64 // through the busiest rank's link, the longer of the two ways
	Messages int     // of all ranks
}

// Cost is an estimate.
type Cost struct {
	Seconds, Dollars float64
}

// Of returns what a shape costs n ranks over a channel.
func (m *Model) Of(s Shape, n int, c Channel) Cost {
	seconds := float64(s.Steps)*c.Latency + float64(s.Sends)*c.Overhead + s.Bytes/c.Bandwidth
	return Cost{seconds, seconds*float64(n)*m.Second + float64(s.Messages)*c.Message}
}

// OfBoard returns what it costs n ranks that one leaves bytes in a store for all others, over channel c, which then read
// each piece as soon as it is there.
func (m *Model) OfBoard(bytes, n int, c Channel) Cost {
	pieces := math.Ceil(float64(bytes) / c.Piece)
	seconds := c.Latency + (float64(bytes)+min(float64(bytes), c.Piece))/c.Bandwidth
	return Cost{seconds, seconds*float64(n)*m.Second + pieces*(c.Put+float64(n-1)*c.Get)}
}

// Hint is what matters to the user.
type Hint string

// The hints.
const (
	Fast  Hint = "fast"
	Cheap Hint = "cheap"
)

// Less tells which of two costs is preferred.
func (h Hint) Less(a, b Cost) bool {
	if h == Cheap {
		return a.Dollars < b.Dollars
	}
	return a.Seconds < b.Seconds
}

// ParseHint returns the hint of a name; "" is Fast.
func ParseHint(name string) (Hint, error) {
	switch h := Hint(name); h {
	case "":
		return Fast, nil
	case Fast, Cheap:
		return h, nil
	}
	return "", status.Errorf(status.Invalid, "hint=%q: the hints are fast and cheap", name)
}
