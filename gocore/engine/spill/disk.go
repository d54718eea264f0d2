// Package spill keeps on disk what exceeds a query's memory: frames of bytes, each an encoded batch (engine/encoding).
//
//	Disk     a folder and how many bytes of it may be used: one per process
//	 └ Store   what one query keeps there
//	    └ File   frames one behind the other
//	       └ Part some of them; who wrote them reads them, in any order, any number of times
//
// A file has no name: it is unlinked as it is made, so that the system frees its space when the process ends, however
// it ends. Where its frames lie, their lengths and checksums, are kept in memory: bytes that a disk has changed, or that
// belong somewhere else, are an error, never other rows.
//
// Calls wait for the disk: a worker makes them without its compute slot (exec.Worker.Block).
package spill

import (
	"errors"
	"math"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
)

// Disk is where files lie and how much they may take, all queries' together.
type Disk struct {
	dir   string
	limit int64
	used  atomic.Int64
}

// NewDisk returns a disk in folder dir, the system's temporary one if that is empty, of limit bytes; 0 is no limit.
func NewDisk(dir string, limit int64) *Disk {
	if dir == "" {
		dir = os.TempDir()
	}
	if limit <= 0 {
		limit = math.MaxInt64
	}
	return &Disk{dir: dir, limit: limit}
}

// Used returns the bytes in files.
func (d *Disk) Used() int64 { return d.used.Load() }

// take takes n bytes of the limit.
func (d *Disk) take(n int64) error {
	if used := d.used.Add(n); used > d.limit {
		d.used.Add(-n)
		return status.Errorf(status.OutOfMemory, "what exceeds the memory's budget goes to %s, where %s more are needed and %s of %s in use: "+
			"raise disk_limit (PYCYLON_DISK_LIMIT) or memory_limit (PYCYLON_MEMORY_LIMIT)",
			d.dir, memory.Bytes(n), memory.Bytes(used-n), memory.Bytes(d.limit))
	}
	return nil
}

// create makes a file without a name.
func (d *Disk) create() (*os.File, error) {
	f, err := os.CreateTemp(d.dir, "pycylon-spill-")
	if err != nil {
		return nil, d.failure("made", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // the first failure is told
		return nil, d.failure("unlinked", err)
	}
	return f, nil
}

// isFull tells whether err is that there is no space left.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// failure says what can be done about err.
func (d *Disk) failure(what string, err error) error {
	if isFull(err) {
		return status.Errorf(status.OutOfMemory, "what exceeds the memory's budget goes to %s, which is full (%s of it are this process's): "+
			"free space there, set temp_dir (PYCYLON_TEMP_DIR) to another folder or raise memory_limit (PYCYLON_MEMORY_LIMIT): %w",
			d.dir, memory.Bytes(d.Used()), err)
	}
	return status.Errorf(status.IO, "what exceeds the memory's budget goes to %s, where a file can't be %s: set temp_dir (PYCYLON_TEMP_DIR) to a folder that can be written: %w",
		d.dir, what, err)
}
