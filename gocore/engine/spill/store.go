package spill

import (
	"sync"
	"sync/atomic"
)

// Store is the files of one query. Close frees what is left of them, in every outcome.
type Store struct {
	When    When
	disk    *Disk
	parent  *Store
	written atomic.Int64
	mu      sync.Mutex
	files   map[*File]struct{}
	parts   []*Store
}

// When is when operators write their input to disk. Tests have them do so without need.
type When uint8

// The times.
const (
	Needed When = iota // as the budget has it
	AtEnd              // when all of it is there
	AtOnce             // as it comes
)

// NewStore returns a store without files.
func NewStore(disk *Disk) *Store { return &Store{disk: disk, files: map[*File]struct{}{}} }

// Within opens a store for a part of the query, which tells how much that part has written. s.Close closes it.
func (s *Store) Within() *Store {
	part := NewStore(s.disk)
	part.parent, part.When = s, s.When
	s.mu.Lock()
	s.parts = append(s.parts, part)
	s.mu.Unlock()
	return part
}

// Written returns how many bytes have been written so far; 0 where there is no store.
func (s *Store) Written() int64 {
	if s == nil {
		return 0
	}
	return s.written.Load()
}

// Create makes an empty file of some parts. It takes nothing of the disk before the first frame.
func (s *Store) Create(parts int) *File {
	f := &File{store: s, Parts: make([]*Part, parts), open: parts}
	for i := range f.Parts {
		f.Parts[i] = &Part{file: f}
	}
	s.mu.Lock()
	s.files[f] = struct{}{}
	s.mu.Unlock()
	return f
}

// Close frees all files.
func (s *Store) Close() {
	s.mu.Lock()
	files, parts := s.files, s.parts
	s.files, s.parts = map[*File]struct{}{}, nil
	s.mu.Unlock()
	for _, part := range parts {
		part.Close()
	}
	for f := range files {
		f.free()
	}
}

// wrote counts n bytes.
func (s *Store) wrote(n int64) {
	for ; s != nil; s = s.parent {
		s.written.Add(n)
	}
}

func (s *Store) forget(f *File) {
	s.mu.Lock()
	delete(s.files, f)
	s.mu.Unlock()
}
