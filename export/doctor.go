package main

import (
	"context"
	"time"

	"github.com/pycylon/pycylon/gocore/session"
)

// examine finds out how this machine is connected, and returns when it has:
// {"kind", "servers", "token", "timeout"} -> session.Diagnosis.
func examine(options []byte) (service, []byte, error) {
	var o struct {
		Kind    string   `json:"kind"`
		Servers []string `json:"servers"`
		Token   string   `json:"token"`
		Timeout float64  `json:"timeout"`
	}
	if err := decodeBytes("the doctor's options", options, &o); err != nil {
		return nil, nil, err
	}
	told, err := session.Doctor(context.Background(), session.DoctorConfig{Servers: o.Servers, Token: o.Token, Timeout: time.Duration(o.Timeout * float64(time.Second))})
	return nil, told, err
}
