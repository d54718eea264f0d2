package spill

import (
	"cmp"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
)

// castagnoli is the polynomial that processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// File is the bytes of frames, each of one of its parts. Several workers may write it at once, or read it.
type File struct {
	Parts []*Part
	store *Store

	mu   sync.Mutex
	os   *os.File // nil before the first frame
	size int64
	open int      // parts that aren't closed
	gone []extent // of closed parts' frames
	back int64    // bytes of these that have been given back
}

// Part is some of a file's frames. Its space is free once all parts of the file are closed, or before, where the disk
// is short of it.
type Part struct {
	file   *File // nil when closed
	rows   int64
	bytes  int64
	frames []frame
}

// Frame describes a frame to write.
type Frame struct {
	Part, Bytes, Rows int
	Place             Place
}

// Place is where a frame belongs: frames are in order of Seq, those of one Seq in order of Sub.
type Place struct{ Seq, Sub uint64 }

// Compare orders two places: -1, 0 or 1.
func (p Place) Compare(o Place) int {
	if c := cmp.Compare(p.Seq, o.Seq); c != 0 {
		return c
	}
	return cmp.Compare(p.Sub, o.Sub)
}

// frame is where a batch lies.
type frame struct {
	place    Place
	at       int64
	length   int
	rows     int
	checksum uint32
}

// Rows returns how many rows were written.
func (p *Part) Rows() int64 { return p.rows }

// Bytes returns how many bytes were written.
func (p *Part) Bytes() int64 { return p.bytes }

// Write appends frames, which lie encoded one behind the other: a disk takes few large writes faster than many small ones.
func (f *File) Write(encoded []byte, frames ...Frame) error {
	size, disk := int64(len(encoded)), f.store.disk
	err := disk.take(size)
	if err != nil && f.store.giveBack() {
		err = disk.take(size)
	}
	if err != nil {
		return err
	}
	file, from, err := f.reserve(size)
	if err != nil {
		disk.used.Add(-size)
		return err
	}
	written, at := make([]frame, len(frames)), 0
	for i, fr := range frames {
		written[i] = frame{place: fr.Place, at: from + int64(at), length: fr.Bytes, rows: fr.Rows, checksum: crc32.Checksum(encoded[at:at+fr.Bytes], castagnoli)}
		at += fr.Bytes
	}
	_, err = file.WriteAt(encoded, from)
	if isFull(err) && f.store.giveBack() {
		_, err = file.WriteAt(encoded, from)
	}
	if err != nil {
		return disk.failure("written", err)
	}
	f.store.wrote(size)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fr := range frames {
		p := f.Parts[fr.Part]
		p.frames = append(p.frames, written[i])
		p.rows += int64(fr.Rows)
		p.bytes += int64(fr.Bytes)
	}
	return nil
}

// reserve returns the open file and where the next n bytes go.
func (f *File) reserve(n int64) (*os.File, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.os == nil {
		file, err := f.store.disk.create()
		if err != nil {
			return nil, 0, err
		}
		f.os = file
	}
	at := f.size
	f.size += n
	return f.os, at, nil
}

// Order puts the frames in order and returns how many there are. Nothing is written any more.
func (p *Part) Order() int {
	slices.SortStableFunc(p.frames, func(a, b frame) int { return a.place.Compare(b.place) })
	return len(p.frames)
}

// Frame tells how many rows and bytes frame i has, and its place.
func (p *Part) Frame(i int) (rows, bytes int, place Place) {
	fr := &p.frames[i]
	return fr.rows, fr.length, fr.place
}

// Read returns frames [from, to), one behind the other, allocated in scope. The caller releases them.
func (p *Part) Read(scope *memory.Scope, from, to int) (*memory.Buffer, error) {
	frames, size := p.frames[from:to], 0
	for i := range frames {
		size += frames[i].length
	}
	buffer, err := scope.Alloc(size)
	if err != nil {
		return nil, err
	}
	rest := buffer.Bytes()
	for i := range frames {
		if err := p.read(&frames[i], rest[:frames[i].length]); err != nil {
			buffer.Release()
			return nil, err
		}
		rest = rest[frames[i].length:]
	}
	return buffer, nil
}

func (p *Part) read(f *frame, to []byte) error {
	disk := p.file.store.disk
	if _, err := p.file.os.ReadAt(to, f.at); err != nil && err != io.EOF {
		return disk.failure("read", err)
	}
	if crc32.Checksum(to, castagnoli) != f.checksum {
		return status.Errorf(status.IO, "what was written to %s came back changed: its disk is damaged, or something else writes to its files", disk.dir)
	}
	return nil
}

// Close forgets the part's frames; the last part's frees the file's space.
func (p *Part) Close() {
	f := p.file
	if f == nil {
		return
	}
	f.mu.Lock()
	f.open--
	last := f.open == 0
	for _, fr := range p.frames {
		if last {
			break
		}
		f.gone = append(f.gone, extent{from: fr.at, to: fr.at + int64(fr.length)})
	}
	f.mu.Unlock()
	*p = Part{}
	if last {
		f.store.forget(f)
		f.free()
	}
}

func (f *File) free() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.os != nil {
		_ = f.os.Close() // it is gone in any case
		f.os = nil
		f.store.disk.used.Add(f.back - f.size)
	}
	f.size, f.back, f.gone = 0, 0, nil
}
