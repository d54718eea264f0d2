package memory

import (
	"bytes"
	"os"
	"strconv"
)

// Available returns about how many bytes the machine, or the container that the process is in, can still give;
// math.MaxInt64 where it doesn't tell. Memory that lies in the process's pool isn't among them.
func Available() int64 {
	free := wordAfter("/proc/meminfo", "MemAvailable:", 1<<10)
	if limit := wordAfter("/sys/fs/cgroup/memory.max", "", 1); limit != unknown {
		if used := wordAfter("/sys/fs/cgroup/memory.current", "", 1); used != unknown {
			free = min(free, max(limit-used, 0))
		}
	}
	return free
}

// wordAfter returns the number behind name in a file, times unit; unknown where there is none.
func wordAfter(path, name string, unit int64) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	_, rest, _ := bytes.Cut(text, []byte(name))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return unknown
	}
	n, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil || n > unknown/unit {
		return unknown
	}
	return n * unit
}
