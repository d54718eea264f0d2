package memory

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

func newScope(t *testing.T, limit int64) *Scope {
	s := NewScope(NewBudget(limit), "test")
	t.Cleanup(s.Close)
	return s
}

func TestClassOf(t *testing.T) {
	last, lastClass := 0, uint8(0)
	for n := 0; n < 1<<12; n++ {
		size, class := classOf(n)
		require.GreaterOrEqual(t, size, n)
		require.Zero(t, size%minBlock)
		require.GreaterOrEqual(t, size, last, "sizes grow with n")
		require.GreaterOrEqual(t, class, lastClass, "classes grow with n")
		if class == lastClass && n > minBlock {
			require.Equal(t, last, size, "one class has one size, n=%d", n)
		}
		if n >= 512 {
			require.LessOrEqual(t, size, n+n/4+1, "waste of %d", n)
		}
		last, lastClass = size, class
	}
	for n := 1 << 12; n < 1<<45; n = n*17/16 + 1 {
		size, _ := classOf(n)
		require.GreaterOrEqual(t, size, n)
		require.LessOrEqual(t, size, n+n/4)
	}
}

func TestAllocIsAlignedAndApart(t *testing.T) {
	s := newScope(t, 0)
	var buffers []*Buffer
	for _, n := range []int{0, 1, 63, 64, 65, 1000, 1 << 16, largeBlock - 1, largeBlock, 3 << 20} {
		for range 3 {
			b, err := s.Alloc(n)
			require.NoError(t, err)
			require.Len(t, b.Bytes(), n)
			require.Zero(t, uintptr(unsafe.Pointer(unsafe.SliceData(b.Bytes())))%64)
			for i := range b.Bytes() {
				b.Bytes()[i] = byte(len(buffers))
			}
			buffers = append(buffers, b)
		}
	}
	for i, b := range buffers {
		require.Equal(t, len(b.Bytes()), bytes.Count(b.Bytes(), []byte{byte(i)}), "buffer %d", i)
		b.Release()
	}
	require.Zero(t, s.Held())
}

func TestBlocksAreReused(t *testing.T) {
	s := newScope(t, 0)
	for _, n := range []int{100, 10_000, 5 << 20} {
		b, err := s.Alloc(n)
		require.NoError(t, err)
		mapped := Stat().Mapped
		b.Release()
		again, err := s.Alloc(n)
		require.NoError(t, err)
		require.Equal(t, mapped, Stat().Mapped, "%d bytes", n)
		again.Release()
	}
}

func TestZeroed(t *testing.T) {
	s := newScope(t, 0)
	b, err := s.Alloc(1000)
	require.NoError(t, err)
	fill(b.Bytes())
	b.Release()
	b, err = s.Zeroed(1000)
	require.NoError(t, err)
	require.Equal(t, make([]byte, 1000), b.Bytes())
	b.Release()
}

func TestTrim(t *testing.T) {
	s := newScope(t, 0)
	var buffers []*Buffer
	for range 4 {
		b, err := s.Alloc(8 << 20)
		require.NoError(t, err)
		buffers = append(buffers, b)
	}
	held := Stat()
	for _, b := range buffers[1:] {
		b.Release()
	}
	idle := Stat()
	require.Equal(t, int64(24<<20), idle.Idle-held.Idle)
	require.Equal(t, int64(-24<<20), idle.Live-held.Live)
	require.Equal(t, held.Mapped, idle.Mapped, "freed blocks stay mapped")
	Trim(16 << 20)
	require.LessOrEqual(t, Stat().Idle, int64(16<<20))
	Trim(0)
	require.Zero(t, Stat().Idle)
	require.LessOrEqual(t, Stat().Mapped, idle.Mapped-24<<20)
	buffers[0].Bytes()[8<<20-1] = 1 // still mapped
	buffers[0].Release()
	Trim(0)
}

func TestBudget(t *testing.T) {
	budget := NewBudget(1 << 20)
	a, b := budget.Reserve("join build"), budget.Reserve("sort")
	require.NoError(t, a.TryGrow(600<<10))
	err := b.TryGrow(600 << 10)
	require.Equal(t, status.OutOfMemory, status.CodeOf(err))
	require.EqualError(t, err, "sort needs 600.0 KiB more; it holds 0 B and the budget of 1.0 MiB has 600.0 KiB in use: "+
		"raise memory_limit (PYCYLON_MEMORY_LIMIT) or use more ranks")
	require.Zero(t, b.Held(), "a refusal takes nothing")
	require.NoError(t, b.TryGrow(424<<10), "up to the limit")
	require.Equal(t, int64(1<<20), budget.Used())
	a.Shrink(600 << 10)
	b.Shrink(424 << 10)
	require.Zero(t, budget.Used())
	require.Equal(t, int64(1<<20), budget.Peak())
	require.Positive(t, NewBudget(0).Limit())
}

func TestScopeClose(t *testing.T) {
	live := Stat().Live
	budget := NewBudget(0)
	s := NewScope(budget, "test")
	freed, err := s.Alloc(100)
	require.NoError(t, err)
	promoted, err := s.Alloc(100)
	require.NoError(t, err)
	kept, err := s.Alloc(3 << 20)
	require.NoError(t, err)
	order := ""
	s.OnClose(func() {
		order += "closing "
		require.NotNil(t, kept.Bytes(), "buffers are there when OnClose runs")
	})
	freed.Release()
	Promote(promoted)
	Promote(promoted) // a second time changes nothing
	require.Equal(t, int64(3<<20), s.Held())
	s.Close()
	require.Equal(t, "closing ", order)
	require.Nil(t, kept.Bytes())
	require.Len(t, promoted.Bytes(), 100, "what was promoted outlives its scope")
	require.Zero(t, budget.Used())
	promoted.Release()
	require.Equal(t, live, Stat().Live)
	s.Close()
	require.Equal(t, "closing ", order, "a second Close does nothing")
}

func TestReferences(t *testing.T) {
	s := newScope(t, 0)
	b, err := s.Alloc(10)
	require.NoError(t, err)
	b.Retain()
	b.Release()
	require.Len(t, b.Bytes(), 10)
	b.Release()
	require.Nil(t, b.Bytes())
	require.Panics(t, b.Release)
}

func TestForeign(t *testing.T) {
	calls := 0
	lent := []byte("lent")
	b := Foreign(lent, func() { calls++ })
	Promote(b) // stays as it is
	b.Retain()
	b.Release()
	require.Equal(t, lent, b.Bytes())
	require.Zero(t, calls)
	b.Release()
	require.Equal(t, 1, calls)
	require.Panics(t, b.Release)
}

func TestRefusedAllocTakesNothing(t *testing.T) {
	s := newScope(t, 1000)
	_, err := s.Alloc(2000)
	require.Equal(t, status.OutOfMemory, status.CodeOf(err))
	_, _, err = Make[uint64](s, 1000)
	require.Equal(t, status.OutOfMemory, status.CodeOf(err))
	require.Zero(t, s.Held())
	b, err := s.Alloc(500)
	require.NoError(t, err)
	b.Release()
}

func TestViews(t *testing.T) {
	s := newScope(t, 0)
	values, owner, err := Make[uint32](s, 5)
	require.NoError(t, err)
	require.Len(t, values, 5)
	values[4] = 0x01020304
	require.Equal(t, []byte{4, 3, 2, 1}, BytesOf(values)[16:])
	require.Len(t, As[uint64](BytesOf(values)), 2, "as many as fit")
	require.Nil(t, As[uint64](nil))
	require.Nil(t, BytesOf([]uint64{}))
	owner.Release()
}

func TestBytesString(t *testing.T) {
	for n, want := range map[Bytes]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 3 << 19: "1.5 MiB", 1 << 50: "1024.0 TiB"} {
		require.Equal(t, want, n.String())
	}
}

// Scopes on several goroutines share the arena: no block is handed out twice.
func TestConcurrentScopes(t *testing.T) {
	live := Stat().Live
	budget := NewBudget(0)
	var wrong sync.Map
	g := task.NewGroup(t.Context())
	for worker := range 4 {
		g.Go(func(context.Context) error {
			s := NewScope(budget, "test")
			defer s.Close()
			rng := rand.New(rand.NewPCG(uint64(worker), 0))
			var held []*Buffer
			for range 500 {
				if b, err := s.Alloc(rng.IntN(1 << 15)); err == nil {
					for i := range b.Bytes() {
						b.Bytes()[i] = byte(worker)
					}
					held = append(held, b)
				}
				if i := rng.IntN(len(held)); rng.IntN(2) == 0 {
					for _, v := range held[i].Bytes() {
						if v != byte(worker) {
							wrong.Store(worker, v)
						}
					}
					held[i].Release()
					held = append(held[:i], held[i+1:]...)
				}
				if len(held) == 0 {
					held = append(held, Foreign(nil, func() {}))
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	wrong.Range(func(worker, v any) bool { require.Fail(t, "overwritten", "worker %v found %v", worker, v); return true })
	require.Zero(t, budget.Used())
	require.Equal(t, live, Stat().Live)
}

func TestScopeWithin(t *testing.T) {
	live := Stat().Live
	budget := NewBudget(1 << 20)
	s := NewScope(budget, "test")
	part := s.Within()
	kept, err := part.Alloc(1000)
	require.NoError(t, err)
	freed, err := part.Alloc(1000)
	require.NoError(t, err)
	promoted, err := part.Alloc(1000)
	require.NoError(t, err)
	require.Equal(t, 3*part.Held(), 3*s.Held(), "what a part holds counts in the whole")
	Promote(promoted)
	_, err = part.Alloc(2 << 20)
	require.ErrorContains(t, err, "test needs")
	closed := false
	part.OnClose(func() { closed = true })
	s.Adopt(kept)
	s.Adopt(freed)
	s.Adopt(promoted) // stays as it is
	_, err = part.Alloc(64)
	require.NoError(t, err)
	part.Close()
	require.True(t, closed)
	require.Zero(t, part.Held())
	require.Equal(t, budget.Used(), s.Held())
	freed.Release()
	require.Equal(t, int64(cap(kept.Bytes())), s.Held(), "a part's buffers are its whole's")
	require.Equal(t, int64(3*cap(kept.Bytes())), s.TakePeak())
	require.Equal(t, s.Held(), s.TakePeak(), "the peak since the last look")

	failed := s.Within()
	_, err = failed.Alloc(1000)
	require.NoError(t, err)
	failed.Close()
	require.Equal(t, int64(cap(kept.Bytes())), s.Held(), "a part that is closed gives its memory back")
	open := s.Within()
	order := ""
	open.OnClose(func() { order += "part " })
	late, err := open.Within().Alloc(1000)
	require.NoError(t, err)
	s.OnClose(func() {
		order += "whole"
		late.Release() // what a part holds may be released until its whole is closed
	})
	s.Close()
	require.Equal(t, "part whole", order)
	require.Nil(t, kept.Bytes())
	require.Zero(t, budget.Used())
	promoted.Release()
	require.Equal(t, live, Stat().Live)
}

// Buffers that are released while they are adopted are freed once.
func TestAdoptBesideRelease(t *testing.T) {
	live := Stat().Live
	budget := NewBudget(0)
	for range 200 {
		s := NewScope(budget, "test")
		part := s.Within()
		var buffers []*Buffer
		for range 20 {
			b, err := part.Alloc(100)
			require.NoError(t, err)
			buffers = append(buffers, b)
		}
		g := task.NewGroup(t.Context())
		g.Go(func(context.Context) error {
			for _, b := range buffers {
				b.Release()
			}
			return nil
		})
		for _, b := range buffers {
			s.Adopt(b)
		}
		require.NoError(t, g.Wait())
		require.Zero(t, s.Held())
		s.Close()
	}
	require.Zero(t, budget.Used())
	require.Equal(t, live, Stat().Live)
}

// A small budget bounds what is held and what waits for reuse together.
func TestBudgetBoundsIdleBlocks(t *testing.T) {
	Trim(0)
	start := Stat().Mapped
	s := newScope(t, 16<<20)
	for _, size := range []int{8 << 20, 9 << 20, 11 << 20, 13 << 20, 8 << 20} {
		b, err := s.Alloc(size)
		require.NoError(t, err)
		require.LessOrEqual(t, Stat().Mapped-start, int64(16<<20))
		b.Release()
	}
	Trim(0)
}
