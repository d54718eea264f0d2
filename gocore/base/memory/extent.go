package memory

import (
	"math/bits"
	"unsafe"
)

// Blocks of unit bytes and more are cut from slabs, runs of units. A free run is an extent: warm, if it may have memory
// behind it, or cold. Neighbours of one temperature are one extent, so that what was many small blocks serves as a large
// one and the other way round: a pipeline's blocks are what its predecessor's were.
//
//	slab  | block | warm extent | block | block | cold extent ... |
//	runs    used                                                    at its first and last unit: how long, and what it is
//	bins    by temperature and class: a list of extents of at least the class's size
//
// A block is taken from the first bin of large enough extents, of warm ones if there is any.
const (
	unit      = 1 << 10
	slabUnits = slabSize / unit
	slabBits  = 16 // of a slab's units
)

type temperature uint8

const (
	used temperature = iota
	cold
	warm
)

// run is what a slab notes at the first and the last unit of a block or an extent; next and before link a bin's list.
type run struct {
	units        uint32
	kind         temperature
	next, before place
}

// place is a slab's number and a unit in it; 0 is none, since slabs are numbered from 1.
type place uint64

// slab is a mapping at a multiple of its size.
type slab struct {
	number place
	bytes  []byte
	runs   []run
}

// bins are the extents of one temperature.
type bins struct {
	first [256]place
	some  [4]uint64 // bits: which aren't empty
}

// extents is the slabs of an arena.
type extents struct {
	slabs  []*slab           // by number - 1
	byAddr map[uintptr]*slab // by address / slabSize
	bins   [warm + 1]bins    // of cold and of warm ones
	idle   int64             // bytes of warm extents that Trim can give back
}

func (e *extents) at(p place) (s *slab, u uint32) {
	return e.slabs[p>>slabBits-1], uint32(p & (slabUnits - 1))
}

// add makes a slab of a mapping, which is cold.
func (e *extents) add(mapping []byte) {
	s := &slab{number: place(len(e.slabs)+1) << slabBits, bytes: mapping, runs: make([]run, slabUnits)}
	e.slabs = append(e.slabs, s)
	if e.byAddr == nil {
		e.byAddr = map[uintptr]*slab{}
	}
	e.byAddr[address(mapping)/slabSize] = s
	e.insert(s, 0, slabUnits, cold)
}

// smallPages returns how much of the next slab to be added does without huge pages.
func (e *extents) smallPages() int {
	if len(e.slabs) == 0 {
		return smallPages
	}
	return 0
}

func address(block []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(block))) }

// binOf returns the greatest class of whose size an extent has at least one.
func binOf(size int) uint8 {
	whole, class := classOf(size)
	if whole > size {
		class--
	}
	return class
}

// set notes a run at both of its ends.
func (s *slab) set(u, units uint32, kind temperature) {
	s.runs[u+units-1] = run{units: units, kind: kind}
	s.runs[u] = run{units: units, kind: kind}
}

// insert puts an extent, whose neighbours are of other kinds, into its bin.
func (e *extents) insert(s *slab, u, units uint32, kind temperature) {
	s.set(u, units, kind)
	bin := binOf(int(units) * unit)
	b := &e.bins[kind]
	p, next := s.number|place(u), b.first[bin]
	s.runs[u].next = next
	if next != 0 {
		other, v := e.at(next)
		other.runs[v].before = p
	}
	b.first[bin] = p
	b.some[bin/64] |= 1 << (bin % 64)
	e.count(kind, units, 1)
}

// remove takes an extent out of its bin.
func (e *extents) remove(s *slab, u uint32) {
	r := s.runs[u]
	b := &e.bins[r.kind]
	if r.next != 0 {
		other, v := e.at(r.next)
		other.runs[v].before = r.before
	}
	if r.before != 0 {
		other, v := e.at(r.before)
		other.runs[v].next = r.next
	} else {
		bin := binOf(int(r.units) * unit)
		if b.first[bin] = r.next; r.next == 0 {
			b.some[bin/64] &^= 1 << (bin % 64)
		}
	}
	e.count(r.kind, r.units, -1)
}

func (e *extents) count(kind temperature, units uint32, sign int64) {
	if size := int64(units) * unit; kind == warm && size >= trimBlock {
		e.idle += sign * size
	}
}

// take returns a block of size bytes of a class out of an extent, nil where there is none; wasCold tells of which kind.
func (e *extents) take(size int, class uint8) (block []byte, wasCold bool) {
	for kind := warm; kind >= cold; kind-- {
		p := e.bins[kind].from(class)
		if p == 0 {
			continue
		}
		s, u := e.at(p)
		have, n := s.runs[u].units, uint32(size/unit)
		e.remove(s, u)
		s.set(u, n, used)
		if have > n {
			e.insert(s, u+n, have-n, kind)
		}
		return s.bytes[int(u)*unit : int(u)*unit+size : int(u)*unit+size], kind == cold
	}
	return nil, false
}

// from returns the first extent of a class or the next larger one that there is, 0 where there is none.
func (b *bins) from(class uint8) place {
	word := int(class / 64)
	some := b.some[word] >> (class % 64) << (class % 64)
	for some == 0 {
		if word++; word == len(b.some) {
			return 0
		}
		some = b.some[word]
	}
	return b.first[word*64+bits.TrailingZeros64(some)]
}

// put makes a block an extent of the given kind, or a part of its neighbours.
func (e *extents) put(block []byte, kind temperature) {
	s := e.byAddr[address(block)/slabSize]
	u, units := uint32(address(block)%slabSize/unit), uint32(len(block)/unit)
	if u > 0 && s.runs[u-1].kind == kind {
		before := s.runs[u-1].units
		u, units = u-before, units+before
		e.remove(s, u)
	}
	if end := u + units; end < slabUnits && s.runs[end].kind == kind {
		units += s.runs[end].units
		e.remove(s, end)
	}
	e.insert(s, u, units, kind)
}

// coolest takes at most excess bytes off the end of the largest warm extent that is worth a system call; nil: there is
// none. The block is put back, cold.
func (e *extents) coolest(excess int64) []byte {
	for word := len(e.bins[warm].some) - 1; word >= 0; word-- {
		some := e.bins[warm].some[word]
		if some == 0 {
			continue
		}
		s, u := e.at(e.bins[warm].first[word*64+63-bits.LeadingZeros64(some)])
		units := s.runs[u].units
		if int(units)*unit < trimBlock {
			return nil
		}
		e.remove(s, u)
		n := min(units, uint32((excess+trimBlock-1)/trimBlock*(trimBlock/unit)))
		if units-n < trimBlock/unit {
			n = units
		}
		if n < units {
			e.insert(s, u, units-n, warm)
		}
		u += units - n
		s.set(u, n, used)
		return s.bytes[int(u)*unit : int(u+n)*unit : int(u+n)*unit]
	}
	return nil
}
