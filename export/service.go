package main

// #include "shim.h"
import "C"

import (
	"encoding/json"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// service is work that goes on until it is stopped.
type service interface{ stop() error }

// serviceKind starts a service from its JSON: it returns nil for one that ended at once, and what to tell the caller.
type serviceKind func(options []byte) (service, []byte, error)

// serviceKinds are the services by the name that "kind" gives.
var serviceKinds = map[string]serviceKind{"rendezvous": startRendezvous, "drain": drainRendezvous, "token": issueToken, "doctor": examine}

//export goServiceStart
func goServiceStart(text *C.char, n C.size_t, out *C.pcy_handle, info **C.char, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		options := copyOf(unsafe.Pointer(text), n)
		var named struct {
			Kind string `json:"kind"`
		}
		if err := json.Unmarshal(options, &named); err != nil {
			return status.Errorf(status.Invalid, "the service's options: %w", err)
		}
		begin, ok := serviceKinds[named.Kind]
		if !ok {
			return status.Errorf(status.NotFound, "there is no service of kind %q", named.Kind)
		}
		s, told, err := begin(options)
		if err != nil {
			return err
		}
		if s != nil {
			*out = C.pcy_handle(handles.add(s))
		}
		giveString(info, told)
		return nil
	})
}
