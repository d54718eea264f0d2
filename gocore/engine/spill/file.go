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

// File is frames. Several workers may write it at once, or read it.
type File struct {
	store *Store

	mu     sync.Mutex
	os     *os.File // nil before the first frame
	size   int64
	rows   int64
	frames []frame
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
func (f *File) Rows() int64 { return f.rows }

// Bytes returns how many bytes were written.
func (f *File) Bytes() int64 { return f.size }

// Write appends a frame of so many rows.
func (f *File) Write(encoded []byte, rows int, place Place) error {
	fr := frame{place: place, length: len(encoded), rows: rows, checksum: crc32.Checksum(encoded, castagnoli)}
	disk := f.store.disk
	if err := disk.take(int64(fr.length)); err != nil {
		return err
	}
	file, at, err := f.reserve(int64(fr.length))
	if err != nil {
		disk.used.Add(-int64(fr.length))
		return err
	}
	if _, err := file.WriteAt(encoded, at); err != nil {
		return disk.failure("written", err)
	}
	f.store.wrote(int64(fr.length))
	fr.at = at
	f.mu.Lock()
	f.frames = append(f.frames, fr)
	f.rows += int64(rows)
	f.mu.Unlock()
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
func (f *File) Order() int {
	slices.SortStableFunc(f.frames, func(a, b frame) int { return a.place.Compare(b.place) })
	return len(f.frames)
}

// Frame tells how many rows and bytes frame i has, and its place.
func (f *File) Frame(i int) (rows, bytes int, place Place) {
	fr := &f.frames[i]
	return fr.rows, fr.length, fr.place
}

// Read returns frame i, allocated in scope. The caller releases it.
func (f *File) Read(scope *memory.Scope, i int) (*memory.Buffer, error) {
	fr := f.frames[i]
	buffer, err := scope.Alloc(fr.length)
	if err != nil {
		return nil, err
	}
	if _, err := f.os.ReadAt(buffer.Bytes(), fr.at); err != nil && err != io.EOF {
		buffer.Release()
		return nil, f.store.disk.failure("read", err)
	}
	if crc32.Checksum(buffer.Bytes(), castagnoli) != fr.checksum {
		buffer.Release()
		return nil, status.Errorf(status.IO, "what was written to %s came back changed: its disk is damaged, or something else writes to its files", f.store.disk.dir)
	}
	return buffer, nil
}

// Close frees the file's space.
func (f *File) Close() {
	f.store.forget(f)
	f.free()
}

func (f *File) free() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.os != nil {
		_ = f.os.Close() // it is gone in any case
		f.os = nil
		f.store.disk.used.Add(-f.size)
	}
	f.frames, f.size, f.rows = nil, 0, 0
}
