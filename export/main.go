// Command export is pycylon's C ABI: a shared library that Python loads through ctypes. pycylon.h is its contract.
//
//	caller ──▶ shim.c pcy_x ──▶ goX (guard: panics and errors become codes) ──▶ session, engine
//	             └ refuses in a forked child
//
//	handles.go   slot + generation ──▶ object          reaper.go    releases what others lent, one at a time
//	import.go    ArrowArrayStream ──▶ table.Table      lend.c       what pycylon lends, with guarded callbacks
//	export.go    table.Table ──▶ ArrowArrayStream      lend.go      ... as C structures
//	operation.go start, wait, cancel                   calls.go     the entry points
//
// It is the only package with `import "C"`: nothing below it knows of C. Only the entry points of shim.c are exported.
package main

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// version is the package's version, set by the linker: Python compares it with its own.
var version = "0.1.0"

var (
	versionString = C.CString(version)
	codeNames     = func() (names []*C.char) {
		for _, code := range status.Codes() {
			names = append(names, C.CString(code.String()))
		}
		return names
	}()
)

// Libraries beneath warn through the standard log, which would write to Python's standard error.
func init() { log.SetOutput(io.Discard) }

func main() {}

// guard runs an entry point's work: a panic becomes an Internal error, and an error fills e.
func guard(e *C.pcy_error, f func() error) C.int32_t {
	err := task.Recovered(f)
	if err == nil {
		return C.int32_t(status.OK)
	}
	s := status.From(err)
	if e != nil {
		e.code, e.rank = C.int32_t(s.Code), C.int32_t(s.Rank)
		if s.Op != "" {
			e.op = C.CString(s.Op)
		}
		e.message = C.CString(messageOf(err, s))
	}
	return C.int32_t(s.Code)
}

// messageOf returns the text of err without the operation and the rank of s, which travel beside it; what wraps s
// adds to the text.
func messageOf(err error, s *status.Error) string {
	if direct, ok := err.(*status.Error); ok && direct == s {
		if s.Err == nil {
			return s.Code.String()
		}
		return s.Err.Error()
	}
	return err.Error()
}

// decode reads a call's JSON into v. Unknown fields are refused: a misspelled option must not be ignored.
func decode(what string, text *C.char, n C.size_t, v any) error {
	return decodeBytes(what, copyOf(unsafe.Pointer(text), n), v)
}

func decodeBytes(what string, text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return status.Errorf(status.Invalid, "%s: %w", what, err)
	}
	return nil
}

// copyOf returns n bytes of the caller's as Go's own: work goes on with them after the call.
func copyOf(p unsafe.Pointer, n C.size_t) []byte { return bytes.Clone(bytesAt(p, int(n))) }

// giveString hands text to the caller, who frees it with pcy_string_free.
func giveString(out **C.char, text []byte) {
	if out == nil {
		return
	}
	block := (*C.char)(C.malloc(C.size_t(len(text) + 1)))
	room := unsafe.Slice((*byte)(unsafe.Pointer(block)), len(text)+1)
	copy(room, text)
	room[len(text)] = 0
	*out = block
}

//export goVersion
func goVersion() *C.char { return versionString }

//export goCodeName
func goCodeName(code C.int32_t) *C.char {
	if code < 0 || int(code) >= len(codeNames) {
		return nil
	}
	return codeNames[code]
}
