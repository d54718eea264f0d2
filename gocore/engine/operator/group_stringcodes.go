package operator

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// stringCodes numbers short strings in the order of their insertion: a hash table with linear probing.
type stringCodes struct {
	slots []codedString
	shift uint // of the bits of a hash that choose a slot
	buf   *memory.Buffer
	n     int
}

type codedString struct {
	w0, w1 uint64
	code   uint64 // noCode: there is none
}

const (
	noCode = math.MaxUint64
	// slotsPerString keeps all but a few searches to one slot; the others, of few strings, take no cache.
	slotsPerString = 32
)

func (s *stringCodes) slot(w0, w1 uint64) uint64 {
	return (w0 ^ w1*scramble1) * scramble2 >> (s.shift & 63)
}

// find returns the slot of a string, or the one it would have.
func (s *stringCodes) find(w0, w1 uint64) *codedString {
	for at := s.slot(w0, w1); ; at = (at + 1) & uint64(len(s.slots)-1) {
		if e := &s.slots[at]; e.w0 == w0 && e.w1 == w1 || e.code == noCode {
			return e
		}
	}
}

// add adds the digits of strings to codes.
func (s *stringCodes) add(codes []uint32, w0, w1 []uint64, size, stride uint32) {
	if s.n == 0 {
		return // the one digit is 0
	}
	w0, w1 = w0[:len(codes)], w1[:len(codes)]
	for i := range codes {
		e := s.first(w0[i], w1[i])
		if (e.w0^w0[i])|(e.w1^w1[i]) != 0 {
			e = s.find(w0[i], w1[i])
		}
		codes[i] += uint32(min(e.code, uint64(size))) * stride
	}
}

// addOffsets is add for strings that offsets tell apart: what most strings come as.
func (s *stringCodes) addOffsets(codes []uint32, offsets []int32, heap []byte, size, stride uint32) {
	if s.n == 0 {
		return
	}
	chars, last := unsafe.Pointer(unsafe.SliceData(heap)), int32(len(heap)-shortString)
	at := offsets[0]
	for i, end := range offsets[1:][:len(codes)] {
		var w0, w1 uint64
		if n := end - at; uint32(n) <= shortString && at <= last {
			w0, w1 = shortWords(unsafe.Add(chars, at), int(n))
		} else {
			w0, w1 = stringWords(heap[at:end])
		}
		e := s.first(w0, w1)
		if (e.w0^w0)|(e.w1^w1) != 0 {
			e = s.find(w0, w1)
		}
		codes[i] += uint32(min(e.code, uint64(size))) * stride
		at = end
	}
}

// first returns the slot where the search for a string begins.
func (s *stringCodes) first(w0, w1 uint64) *codedString {
	return (*codedString)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s.slots)), unsafe.Sizeof(codedString{})*uintptr(s.slot(w0, w1))))
}

// insert gives a string a code, unless it has one.
func (s *stringCodes) insert(scope *memory.Scope, w0, w1 uint64) error {
	if len(s.slots) < slotsPerString*(s.n+1) {
		if err := s.resize(scope, max(64*slotsPerString, 2*len(s.slots))); err != nil {
			return err
		}
	}
	if e := s.find(w0, w1); e.code == noCode {
		*e = codedString{w0, w1, uint64(s.n)}
		s.n++
	}
	return nil
}

func (s *stringCodes) resize(scope *memory.Scope, n int) error {
	old, oldBuf := s.slots, s.buf
	slots, buf, err := memory.Make[codedString](scope, n)
	if err != nil {
		return err
	}
	s.slots, s.buf, s.shift = slots[:n], buf, uint(64-bits.TrailingZeros(uint(n)))
	for i := range s.slots {
		s.slots[i] = codedString{code: noCode}
	}
	for _, e := range old {
		if e.code != noCode {
			*s.find(e.w0, e.w1) = e
		}
	}
	if oldBuf != nil {
		oldBuf.Release()
	}
	return nil
}
