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

// frame is where a batch lies.
type frame struct {
	at       int64
	seq      uint64
	length   int
	rows     int
	checksum uint32
}

// Rows returns how many rows were written.
func (f *File) Rows() int64 { return f.rows }

// Bytes returns how many bytes were written.
func (f *File) Bytes() int64 { return f.size }

// Write appends a frame of so many rows, whose place in the order is seq.
func (f *File) Write(encoded []byte, rows int, seq uint64) error {
	fr := frame{length: len(encoded), rows: rows, seq: seq, checksum: crc32.Checksum(encoded, castagnoli)}
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

// Order puts the frames in order of Seq and returns how many there are. Nothing is written any more.
func (f *File) Order() int {
	slices.SortStableFunc(f.frames, func(a, b frame) int { return cmp.Compare(a.seq, b.seq) })
	return len(f.frames)
}

// RowsOf returns how many rows frame i has.
func (f *File) RowsOf(i int) int { return f.frames[i].rows }

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
