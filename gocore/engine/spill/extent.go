package spill

import (
	"cmp"
	"slices"
)

// extent is bytes [from, to) of a file.
type extent struct {
	from, to int64
	back     int64 // of which so many have been given back
}

// blockSize is what a file system gives back: whole blocks.
const blockSize = 4096

// giveBack gives the blocks back that only closed parts' frames lie in, and tells whether there were any. It takes a
// call to the system for each gap, so it is for a disk that is short of space.
func (f *File) giveBack() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.os == nil || len(f.gone) == 0 {
		return false
	}
	before := f.back
	f.gone = joined(f.gone)
	for i, e := range f.gone {
		from, to := (e.from+blockSize-1)/blockSize*blockSize, e.to/blockSize*blockSize
		if from >= to || e.back >= to-from {
			continue
		}
		if punch(f.os, from, to-from) != nil {
			break // a file system without holes
		}
		f.back += to - from - e.back
		f.gone[i].back = to - from
	}
	f.store.disk.used.Add(before - f.back)
	return f.back > before
}

// joined returns extents in order, neighbours as one.
func joined(extents []extent) []extent {
	slices.SortFunc(extents, func(a, b extent) int { return cmp.Compare(a.from, b.from) })
	out := extents[:1]
	for _, e := range extents[1:] {
		if last := &out[len(out)-1]; last.to == e.from {
			last.to, last.back = e.to, last.back+e.back
		} else {
			out = append(out, e)
		}
	}
	return out
}

// giveBack gives back what closed parts of all the query's files have, and tells whether that was anything.
func (s *Store) giveBack() bool {
	for s.parent != nil {
		s = s.parent
	}
	return s.giveBackAll()
}

func (s *Store) giveBackAll() bool {
	s.mu.Lock()
	parts, files := slices.Clone(s.parts), make([]*File, 0, len(s.files))
	for f := range s.files {
		files = append(files, f)
	}
	s.mu.Unlock()
	some := false
	for _, f := range files {
		some = f.giveBack() || some
	}
	for _, part := range parts {
		some = part.giveBackAll() || some
	}
	return some
}
