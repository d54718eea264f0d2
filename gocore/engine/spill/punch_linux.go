package spill

import (
	"os"
	"syscall"
)

// punch gives n bytes of a file back to its file system; the file stays as long.
func punch(f *os.File, at, n int64) error {
	const keepSize, punchHole = 1, 2
	return syscall.Fallocate(int(f.Fd()), keepSize|punchHole, at, n)
}
