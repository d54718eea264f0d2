package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
)

// serveFigures answers /metrics and /healthz on an address until the group ends, and returns the address.
func serveFigures(g *task.Group, address string, server *rendezvous.Server) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", status.Errorf(status.Invalid, "cannot serve figures on %q: %w; give -metrics ADDR:PORT of this machine, with a free port", address, err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(figures{server}, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if server.Stats().Draining {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	const patience = 10 * time.Second // with a client that is slow in asking or in reading
	web := &http.Server{Handler: mux, ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14}
	g.Go(func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = web.Close() })
		defer stop()
		if err := web.Serve(listener); ctx.Err() == nil {
			return err
		}
		return nil
	})
	return listener.Addr().String(), nil
}

// figures are the server's Stats as Prometheus asks for them. Labels are error codes and names of limits, never jobs or
// workers.
type figures struct{ server *rendezvous.Server }

const prefix = "pycylon_rendezvous_"

func describe(name, text string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, text, labels, nil)
}

var (
	jobs       = describe("jobs", "Jobs by phase: gathering (ranks are awaited), sealed (ranks are connecting to each other), remembered (formed, token still valid).", "phase")
	workers    = describe("workers", "Registered workers that are connected.")
	unproven   = describe("unauthenticated_connections", "Connections that have not registered.")
	draining   = describe("draining", "1 if no new jobs are taken.")
	registered = describe("handshakes_succeeded_total", "Workers that have registered.")
	answered   = describe("observations_total", "Questions how the server sees a connection, and connections made for them, that were answered.")
	refused    = describe("handshakes_failed_total", "Connections that were not let in, by reason.", "reason")
	formed     = describe("jobs_formed_total", "Jobs all of whose ranks are connected.")
	failed     = describe("jobs_failed_total", "Jobs that did not form, by the error's code.", "code")
	quotas     = describe("quota_hits_total", "Connections that met a limit, by its name.", "quota")
	messages   = describe("messages_total", "Messages of registered workers, by direction.", "direction")
	gather     = describe("gather_seconds", "From a job's first registration to its last.")
	roster     = describe("roster_seconds", "From a job's last registration until its roster is written to a worker, for every worker.")
	connected  = describe("connect_seconds", "From a job's last registration until all its ranks are connected.")
	pairs      = describe("relay_pairs", "Pairs of ranks that the relay connects.")
	waiting    = describe("relay_waiting", "Connections at the relay whose peers have not come yet.")
	joined     = describe("relay_pairs_total", "Pairs of ranks that the relay has connected.")
	relayed    = describe("relay_bytes_total", "Bytes that the relay has copied.")
)

// Describe tells what Collect sends.
func (f figures) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(f, to) }

// Collect sends the figures of one instant.
func (f figures) Collect(to chan<- prometheus.Metric) {
	s := f.server.Stats()
	gauge := func(d *prometheus.Desc, value int, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	each := func(d *prometheus.Desc, values map[string]uint64) {
		for label, value := range values {
			counter(d, value, label)
		}
	}
	histogram := func(d *prometheus.Desc, h *rendezvous.Histogram) {
		to <- prometheus.MustNewConstHistogram(d, h.Count(), h.Sum(), h.Cumulative())
	}
	gauge(jobs, s.Gathering, "gathering")
	gauge(jobs, s.Sealed, "sealed")
	gauge(jobs, s.Remembered, "remembered")
	gauge(workers, s.Workers)
	gauge(unproven, s.Unproven)
	if s.Draining {
		gauge(draining, 1)
	} else {
		gauge(draining, 0)
	}
	counter(registered, s.Registered)
	counter(answered, s.Answered)
	each(refused, s.Refused)
	counter(formed, s.Formed)
	each(failed, s.Failed)
	each(quotas, s.Quotas)
	each(quotas, s.Relay.Quotas)
	counter(messages, s.Received, "received")
	counter(messages, s.Sent, "sent")
	histogram(gather, &s.Gather)
	histogram(roster, &s.Roster)
	histogram(connected, &s.Connect)
	gauge(pairs, s.Relay.Pairs)
	gauge(waiting, s.Relay.Waiting)
	counter(joined, s.Relay.Joined)
	counter(relayed, s.Relay.Bytes)
}
