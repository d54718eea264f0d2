package spill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

func newScope(t *testing.T) *memory.Scope {
	s := memory.NewScope(memory.NewBudget(0), "test")
	t.Cleanup(s.Close)
	return s
}

// read returns the text of all frames, in the file's order.
func read(t *testing.T, scope *memory.Scope, f *Part) (texts []string) {
	t.Helper()
	for i := range f.Order() {
		b, err := f.Read(scope, i, i+1)
		require.NoError(t, err)
		rows, bytes, place := f.Frame(i)
		require.Equal(t, len(b.Bytes()), rows)
		require.Equal(t, len(b.Bytes()), bytes)
		require.Equal(t, fmt.Sprintf("frame %d %d", place.Seq, place.Sub), string(b.Bytes()))
		texts = append(texts, string(b.Bytes()))
		b.Release()
	}
	return texts
}

func TestFramesComeBackInOrder(t *testing.T) {
	leak.Check(t)
	scope, dir := newScope(t), t.TempDir()
	disk := NewDisk(dir, 0)
	s := NewStore(disk)
	f := s.Create(1)
	g := task.NewGroup(t.Context())
	for worker := range 4 {
		g.Go(func(context.Context) error {
			for i := range 50 {
				text := fmt.Sprintf("frame %d %d", i, worker)
				if err := f.Write([]byte(text), Frame{0, len(text), len(text), Place{uint64(i), uint64(worker)}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "a file that a crash would leave")
	texts := read(t, scope, f.Parts[0])
	require.Len(t, texts, 200)
	for i, text := range texts {
		require.Equal(t, fmt.Sprintf("frame %d %d", i/4, i%4), text)
	}
	require.Equal(t, f.Parts[0].Bytes(), disk.Used())
	require.Equal(t, f.Parts[0].Bytes(), s.Written())
	f.Parts[0].Close()
	require.Zero(t, disk.Used())
	s.Close()
}

func TestStoreCloses(t *testing.T) {
	leak.Check(t)
	disk := NewDisk(t.TempDir(), 0)
	s := NewStore(disk)
	part := s.Within()
	require.NoError(t, part.Create(1).Write([]byte("of a part"), Frame{0, 9, 1, Place{Seq: 0}}))
	require.NoError(t, s.Create(1).Write([]byte("of all"), Frame{0, 6, 1, Place{Seq: 0}}))
	part.Create(1)
	require.Equal(t, int64(9), part.Written())
	require.Equal(t, int64(15), s.Written())
	s.Close()
	require.Zero(t, disk.Used())
	require.Zero(t, (*Store)(nil).Written())
}

func TestDiskLimit(t *testing.T) {
	dir := t.TempDir()
	disk := NewDisk(dir, 1000)
	s := NewStore(disk)
	defer s.Close()
	f := s.Create(1)
	require.NoError(t, f.Write(make([]byte, 600), Frame{0, 600, 1, Place{Seq: 0}}))
	err := f.Write(make([]byte, 600), Frame{0, 600, 1, Place{Seq: 1}})
	require.Equal(t, status.OutOfMemory, status.CodeOf(err))
	require.EqualError(t, err, "what exceeds the memory's budget goes to "+dir+", where 600 B more are needed and 600 B of 1000 B in use: "+
		"raise disk_limit (PYCYLON_DISK_LIMIT) or memory_limit (PYCYLON_MEMORY_LIMIT)")
	require.NoError(t, s.Create(1).Write(make([]byte, 400), Frame{0, 400, 1, Place{Seq: 0}}), "a refusal takes nothing")
	f.Parts[0].Close()
	require.NoError(t, s.Create(1).Write(make([]byte, 600), Frame{0, 600, 1, Place{Seq: 0}}), "a closed file's space is free")
}

func TestFailuresOfTheDisk(t *testing.T) {
	missing := NewStore(NewDisk(filepath.Join(t.TempDir(), "missing"), 0))
	err := missing.Create(1).Write([]byte("x"), Frame{0, 1, 1, Place{Seq: 0}})
	require.Equal(t, status.IO, status.CodeOf(err))
	require.ErrorContains(t, err, "temp_dir (PYCYLON_TEMP_DIR)")
	require.Zero(t, missing.disk.Used())

	err = NewDisk("/folder", 0).failure("written", &os.PathError{Op: "write", Err: syscall.ENOSPC})
	require.Equal(t, status.OutOfMemory, status.CodeOf(err))
	require.ErrorContains(t, err, "/folder, which is full")
	require.ErrorContains(t, err, "temp_dir (PYCYLON_TEMP_DIR)")
}

// TestFullDisk writes to the device that is always full.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	s := NewStore(NewDisk(t.TempDir(), 0))
	defer s.Close()
	f := s.Create(1)
	f.os = full
	err = f.Write([]byte("x"), Frame{0, 1, 1, Place{Seq: 0}})
	require.Equal(t, status.OutOfMemory, status.CodeOf(err))
	require.ErrorContains(t, err, "which is full")
}

func TestDamageIsAnError(t *testing.T) {
	scope := newScope(t)
	damages := map[string]func(t *testing.T, f *File){
		"a changed byte": func(t *testing.T, f *File) {
			_, err := f.os.WriteAt([]byte{'!'}, 3)
			require.NoError(t, err)
		},
		"a shorter file": func(t *testing.T, f *File) { require.NoError(t, f.os.Truncate(15)) },
		"another frame": func(t *testing.T, f *File) {
			_, err := f.os.WriteAt([]byte("frame two."), 0)
			require.NoError(t, err)
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			s := NewStore(NewDisk(t.TempDir(), 0))
			defer s.Close()
			f := s.Create(1)
			require.NoError(t, f.Write([]byte("frame one."), Frame{0, 10, 1, Place{Seq: 0}}))
			require.NoError(t, f.Write([]byte("frame two."), Frame{0, 10, 1, Place{Seq: 1}}))
			damage(t, f)
			var err error
			for i := 0; i < f.Parts[0].Order() && err == nil; i++ {
				var b *memory.Buffer
				if b, err = f.Parts[0].Read(scope, i, i+1); err == nil {
					b.Release()
				}
			}
			require.Equal(t, status.IO, status.CodeOf(err))
			require.ErrorContains(t, err, "came back changed")
			require.Zero(t, scope.Held())
		})
	}
}

// TestParts writes frames of several parts at once.
func TestParts(t *testing.T) {
	scope, disk := newScope(t), NewDisk(t.TempDir(), 0)
	s := NewStore(disk)
	f := s.Create(3)
	text := func(i int) string { return fmt.Sprintf("frame %d 0", i) }
	for _, i := range []int{4, 0} {
		var all string
		var frames []Frame
		for part := range 3 {
			all += text(i + part)
			frames = append(frames, Frame{part, 9, 9, Place{Seq: uint64(i + part)}})
		}
		require.NoError(t, f.Write([]byte(all), frames...))
	}
	require.Equal(t, []string{text(1), text(5)}, read(t, scope, f.Parts[1]))
	require.Equal(t, int64(18), f.Parts[1].Bytes())
	require.Equal(t, []string{text(0), text(4)}, read(t, scope, f.Parts[0]))
	f.Parts[1].Close()
	f.Parts[0].Close()
	f.Parts[0].Close()
	require.Equal(t, int64(54), disk.Used(), "a part is still open")
	require.Equal(t, []string{text(2), text(6)}, read(t, scope, f.Parts[2]))
	f.Parts[2].Close()
	require.Zero(t, disk.Used())
}

// TestShortOfSpace closes parts of a file, whose blocks are given back as soon as others want them.
func TestShortOfSpace(t *testing.T) {
	scope, disk := newScope(t), NewDisk(t.TempDir(), 16<<10)
	s := NewStore(disk)
	f := s.Create(3)
	first := []byte("frame 0 0")
	for _, frames := range [][]Frame{
		{{0, 3000, 1, Place{}}, {1, 3000, 1, Place{}}, {2, 9, 9, Place{}}}, // the first block is of two parts
		{{0, 5000, 1, Place{}}, {1, 5000, 1, Place{}}},
	} {
		size := 0
		for _, fr := range frames {
			size += fr.Bytes
		}
		encoded := make([]byte, size)
		if len(frames) == 3 {
			copy(encoded[6000:], first)
		}
		require.NoError(t, f.Write(encoded, frames...))
	}
	require.Equal(t, int64(16_009), disk.Used())
	other := s.Within().Create(1)
	more := make([]byte, 4096)
	require.Equal(t, status.OutOfMemory, status.CodeOf(other.Write(more, Frame{0, 4096, 1, Place{}})))
	f.Parts[0].Close()
	require.Equal(t, int64(16_009), disk.Used(), "nobody was short")
	require.Equal(t, status.OutOfMemory, status.CodeOf(other.Write(more, Frame{0, 4096, 1, Place{}})), "no whole block is free")
	f.Parts[1].Close()
	require.NoError(t, other.Write(more, Frame{0, 4096, 1, Place{}}))
	require.Equal(t, int64(16_009-4096-4096), disk.Used()-4096, "blocks 0 and 2 are given back")
	require.NoError(t, other.Write(more, Frame{0, 4096, 1, Place{}}), "the rest of it")
	require.Equal(t, status.OutOfMemory, status.CodeOf(other.Write(more, Frame{0, 4096, 1, Place{}})), "nothing is given back twice")
	require.Equal(t, []string{string(first)}, read(t, scope, f.Parts[2]), "what lies between holes")
	f.Parts[2].Close()
	require.Equal(t, int64(2*4096), disk.Used())
	s.Close()
	require.Zero(t, disk.Used())
}
