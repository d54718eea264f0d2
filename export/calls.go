package main

// #include "shim.h"
import "C"

import (
	"context"
	"time"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/session"
)

//export goConfigure
func goConfigure(text *C.char, n C.size_t, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		var settings session.Settings
		if err := decode("the settings", text, n, &settings); err != nil {
			return err
		}
		return session.Configure(settings)
	})
}

//export goEnvOpen
func goEnvOpen(text *C.char, n C.size_t, out *C.pcy_handle, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		var options envOptions
		if err := decode("the environment's options", text, n, &options); err != nil {
			return err
		}
		op := start(func(ctx context.Context) (outcome, error) {
			env, err := session.Open(ctx, options.config())
			if err != nil {
				return outcome{}, err
			}
			return outcome{object: &environment{Env: env}, info: env.Describe()}, nil
		}, func() {})
		*out = C.pcy_handle(handles.add(op))
		return nil
	})
}

//export goEnvDescribe
func goEnvDescribe(h C.pcy_handle, out **C.char, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		env, err := environmentOf(handle(h))
		if err == nil {
			giveString(out, env.Describe())
		}
		return err
	})
}

//export goStart
func goStart(h C.pcy_handle, text *C.char, n C.size_t, tables *C.pcy_handle, count C.int32_t, site *C.char, out *C.pcy_handle, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		env, err := environmentOrAlone(handle(h))
		if err != nil {
			return err
		}
		plan, where := copyOf(unsafe.Pointer(text), n), C.GoString(site)
		args := make([]*table.Table, 0, count)
		release := func() {
			for _, t := range args {
				t.Release()
			}
		}
		for _, h := range unsafe.Slice(tables, count) {
			t, err := lookup(&handles, handle(h), (*table.Table).Retain)
			if err != nil {
				release()
				return err
			}
			args = append(args, t)
		}
		op := start(func(ctx context.Context) (outcome, error) {
			result, err := env.Run(ctx, plan, args, where)
			if err != nil {
				return outcome{}, err
			}
			made := outcome{info: result.Info}
			if result.Table != nil {
				made.object = result.Table
			}
			return made, nil
		}, release)
		*out = C.pcy_handle(handles.add(op))
		return nil
	})
}

//export goCollective
func goCollective(h C.pcy_handle, text *C.char, n C.size_t, data unsafe.Pointer, size C.size_t, out *C.pcy_handle, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		env, err := environmentOf(handle(h))
		if err != nil {
			return err
		}
		var call commCall
		if err := decode("the call", text, n, &call); err != nil {
			return err
		}
		op, err := call.start(env, bytesAt(data, int(size)))
		if err != nil {
			return err
		}
		if !call.Nowait && size <= shortCall && env.Spins() {
			op.spin()
		}
		*out = C.pcy_handle(handles.add(op))
		return nil
	})
}

//export goWait
func goWait(h C.pcy_handle, timeout C.int64_t, result *C.pcy_handle, info **C.char, e *C.pcy_error) C.int32_t {
	pending := false
	code := guard(e, func() error {
		op, err := lookup[*operation](&handles, handle(h), nil)
		if err != nil {
			return err
		}
		if pending = !op.wait(time.Duration(timeout) * time.Millisecond); pending {
			return nil
		}
		made, err := op.take()
		if err != nil {
			return err
		}
		if made.object != nil {
			*result = C.pcy_handle(handles.add(made.object))
		}
		giveString(info, made.info)
		return nil
	})
	if pending {
		return C.PCY_PENDING
	}
	return code
}

//export goCancel
func goCancel(h C.pcy_handle) C.int32_t {
	return guard(nil, func() error {
		_, err := lookup(&handles, handle(h), (*operation).cancel)
		return err
	})
}

//export goMessage
func goMessage(h C.pcy_handle, i C.int32_t, buffer unsafe.Pointer, n C.size_t, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		m, err := lookup(&handles, handle(h), (*messages).use)
		if err != nil {
			return err
		}
		defer m.release()
		if i < 0 || int(i) >= len(m.list) || len(m.list[i]) != int(n) {
			return status.Errorf(status.Invalid, "message %d of %d bytes was asked for; there are %d messages", int(i), int(n), len(m.list))
		}
		copy(bytesAt(buffer, int(n)), m.list[i])
		return nil
	})
}

//export goEvents
func goEvents(h C.pcy_handle, out **C.char, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		env, err := environmentOrAlone(handle(h))
		if err != nil {
			return err
		}
		if lines := env.news(); len(lines) > 0 {
			giveString(out, lines)
		}
		return nil
	})
}

//export goFree
func goFree(h C.pcy_handle) C.int32_t {
	return guard(nil, func() error {
		object, err := handles.remove(handle(h))
		if err == nil {
			discard(object)
		}
		return err
	})
}
