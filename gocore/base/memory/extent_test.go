package memory

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkExtents walks all slabs: runs follow each other, free neighbours differ, bins hold what the slabs say.
func checkExtents(t *testing.T, e *extents) (free map[temperature]int) {
	free = map[temperature]int{}
	var idle int64
	for _, s := range e.slabs {
		last := used
		for u := uint32(0); u < slabUnits; {
			r := s.runs[u]
			require.NotZero(t, r.units)
			end := s.runs[u+r.units-1]
			require.Equal(t, r.units, end.units)
			require.Equal(t, r.kind, end.kind)
			if r.kind != used {
				require.NotEqual(t, last, r.kind, "neighbours of one kind are one extent")
				free[r.kind] += int(r.units)
				if r.kind == warm && r.units*unit >= trimBlock {
					idle += int64(r.units) * unit
				}
			}
			last, u = r.kind, u+r.units
		}
	}
	require.Equal(t, idle, e.idle)
	for kind := cold; kind <= warm; kind++ {
		binned := 0
		for bin, p := range e.bins[kind].first {
			require.Equal(t, p != 0, e.bins[kind].some[bin/64]>>(bin%64)&1 == 1)
			for p != 0 {
				s, u := e.at(p)
				require.Equal(t, kind, s.runs[u].kind)
				require.Equal(t, uint8(bin), binOf(int(s.runs[u].units)*unit))
				binned, p = binned+int(s.runs[u].units), s.runs[u].next
			}
		}
		require.Equal(t, free[kind], binned)
	}
	return free
}

func TestExtents(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var e extents
	for range 2 {
		mapping, err := mapAligned(slabSize, slabSize)
		require.NoError(t, err)
		e.add(mapping)
	}
	type block struct {
		bytes []byte
		mark  byte
	}
	var held []block
	for i := range 20_000 {
		switch {
		case random.IntN(100) == 0:
			if b := e.coolest(int64(random.IntN(1 << 20))); b != nil {
				discard(b)
				e.put(b, cold)
			}
		case len(held) > 0 && random.IntN(2) == 0:
			at := random.IntN(len(held))
			b := held[at]
			require.Equal(t, b.mark, b.bytes[0])
			require.Equal(t, b.mark, b.bytes[len(b.bytes)-1])
			e.put(b.bytes, warm)
			held[at] = held[len(held)-1]
			held = held[:len(held)-1]
		default:
			size, class := classOf(smallBlock + random.IntN(1<<(12+random.IntN(10))))
			if b, _ := e.take(size, class); b != nil {
				require.Len(t, b, size)
				b[0], b[size-1] = byte(i), byte(i)
				held = append(held, block{b, byte(i)})
			}
		}
		if i%100 == 0 {
			checkExtents(t, &e)
		}
	}
	for _, b := range held {
		e.put(b.bytes, warm)
	}
	for b := e.coolest(slabSize); b != nil; b = e.coolest(slabSize) {
		e.put(b, cold)
	}
	require.Less(t, checkExtents(t, &e)[warm], 2*slabUnits/100, "what isn't worth a system call")
}

// Memory of many small blocks serves as a large one.
func TestFreeBlocksJoin(t *testing.T) {
	Trim(0)
	s := newScope(t, 0)
	var buffers []*Buffer
	for range 100 {
		b, err := s.Alloc(100 << 10)
		require.NoError(t, err)
		buffers = append(buffers, b)
	}
	for _, b := range buffers {
		b.Release()
	}
	mapped := Stat().Mapped
	for range 2 {
		_, err := s.Alloc(4 << 20)
		require.NoError(t, err)
	}
	require.Equal(t, mapped, Stat().Mapped)
}
