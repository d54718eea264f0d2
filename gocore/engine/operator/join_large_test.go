package operator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// skewed returns keys of which half are one key, the others uniform in [0, 0.9 rows).
func skewed(seed uint64, rows int) func() int64 {
	next, i := uniform(seed, rows), 0
	return func() int64 {
		if i++; i%2 == 0 {
			return 12345
		}
		return next()
	}
}

// counted returns the keys 0, 1, 2, ...
func counted() func() int64 {
	i := int64(-1)
	return func() int64 {
		i++
		return i
	}
}

// rechunk cuts batches into slices of n rows.
func rechunk(batches []*table.Batch, n int) []*table.Batch {
	var out []*table.Batch
	for _, b := range batches {
		for from := 0; from < b.Len; from += n {
			s := b.Slice(from, min(n, b.Len-from))
			s.Seq = uint64(len(out))
			out = append(out, s)
		}
	}
	return out
}

// modelSum joins two inputs of keys and row numbers with a map: the number of rows of the outer join, and a sum over
// them that no order changes.
func modelSum(left, right []*table.Batch) (rows int, sum uint64) {
	byKey := map[int64][]int64{}
	for _, b := range right {
		for i, k := range column.Of[int64](&b.Cols[0]) {
			byKey[k] = append(byKey[k], column.Of[int64](&b.Cols[1])[i])
		}
	}
	matched := map[int64]bool{}
	for _, b := range left {
		for i, k := range column.Of[int64](&b.Cols[0]) {
			v := column.Of[int64](&b.Cols[1])[i]
			for _, r := range byKey[k] {
				rows, sum = rows+1, sum+rowSum(k, v, r)
			}
			if len(byKey[k]) == 0 {
				rows, sum = rows+1, sum+rowSum(k, v, -1)
			}
			matched[k] = true
		}
	}
	for k, values := range byKey {
		if !matched[k] {
			for _, r := range values {
				rows, sum = rows+1, sum+rowSum(k, -1, r)
			}
		}
	}
	return rows, sum
}

func rowSum(k, l, r int64) uint64 {
	return radix.Hash(radix.Hash(radix.Hash(uint64(k))+uint64(l)) + uint64(r))
}

// batchSum is rowSum over a batch, with -1 for null.
func batchSum(b *table.Batch) (sum uint64) {
	value := func(c *column.Column, i int) int64 {
		if c.IsNull(i) {
			return -1
		}
		return column.Of[int64](c)[i]
	}
	for i := range b.Len {
		sum += rowSum(value(&b.Cols[0], i), value(&b.Cols[1], i), value(&b.Cols[2], i))
	}
	return sum
}

// joinRun runs spec and returns each batch's Seq, rows and sum, in order.
func joinRun(ctx context.Context, t testing.TB, budget *memory.Budget, left, right []*table.Batch, threads int, limits joinLimits, spec JoinSpec, next func()) ([]string, int, uint64, error) {
	scope := memory.NewScope(budget, "join")
	defer func() {
		scope.Close()
		require.Zero(t, budget.Used())
	}()
	q := exec.NewQuery(ctx, exec.NewPool(threads), scope)
	j, err := NewJoin(spec, paperSchema, paperSchema)
	require.NoError(t, err)
	j.limits = limits
	sink := &exec.Collect{}
	run := func() error {
		if _, err := q.Run(exec.NewScan(left), nil, j.Left()); err != nil {
			return err
		}
		if _, err := q.Run(exec.NewScan(right), nil, j.Right()); err != nil {
			return err
		}
		src, err := j.Source(q)
		if err != nil {
			return err
		}
		_, err = q.Run(src, []exec.Transform{onBatch(next)}, sink)
		return err
	}
	err = run()
	if waited := q.Wait(); err == nil {
		err = waited
	}
	var batches []string
	rows, sum := 0, uint64(0)
	for _, b := range sink.Take() {
		s := batchSum(b)
		batches = append(batches, fmt.Sprint(b.Seq, " ", b.Len, " ", s))
		rows, sum = rows+b.Len, sum+s
		b.Release()
	}
	if err == nil {
		require.Zero(t, scope.Held(), "all is given back before the scope closes")
	}
	return batches, rows, sum, err
}

// onBatch is a Transform that calls a function for each batch.
type onBatch func()

func (f onBatch) Push(_ *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	f()
	return emit(b)
}

// TestJoinManyRows joins more rows than fit one table, in every way, cut in every way, uniform and skewed: the right
// rows, and the same batches for any number of workers.
func TestJoinManyRows(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	const n = 150_000
	inputs := map[string][2][]*table.Batch{
		"uniform":         {paperInput(t, scope, n, uniform(1, n)), paperInput(t, scope, n*2/3, uniform(2, n))},
		"skewed left":     {paperInput(t, scope, n*2, skewed(1, n)), paperInput(t, scope, n/2, counted())},
		"skewed right":    {paperInput(t, scope, n/2, counted()), paperInput(t, scope, n*2, skewed(1, n))},
		"small right":     {paperInput(t, scope, n, uniform(1, n)), paperInput(t, scope, 1000, uniform(2, n))},
		"nothing matches": {paperInput(t, scope, n, func() int64 { return rand.Int64N(n) }), paperInput(t, scope, n, func() int64 { return -1 - rand.Int64N(n) })},
	}
	spec := paperSpec
	spec.How = JoinOuter
	for name, in := range inputs {
		wantRows, wantSum := modelSum(in[0], in[1])
		ways := map[string]joinLimits{"as is": joinDefaults, "partitions": {small: -1, large: n, output: n}, "divided": {small: -1, large: 5000, output: n}}
		for way, limits := range ways {
			var want []string
			for _, v := range []struct{ threads, rows int }{{1, n * 2}, {2, n * 2}, {8, n * 2}, {2, 150}} {
				t.Run(fmt.Sprintf("%s/%s/threads=%d,rows=%d", name, way, v.threads, v.rows), func(t *testing.T) {
					batches, rows, sum, err := joinRun(context.Background(), t, memory.NewBudget(0), rechunk(in[0], v.rows), rechunk(in[1], v.rows), v.threads, limits, spec, func() {})
					require.NoError(t, err)
					require.Equal(t, wantRows, rows)
					require.Equal(t, wantSum, sum)
					if v.rows < n {
						return
					}
					if want == nil {
						want = batches
					}
					require.Equal(t, want, batches)
				})
			}
		}
	}
}

// TestJoinManyPairs joins few rows that make many: batches stay within their bound, null keys included.
func TestJoinManyPairs(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	same := func() int64 { return 7 }
	left, right := paperInput(t, scope, 3000, same), paperInput(t, scope, 1000, same)
	nullKeys := func(batches []*table.Batch) []*table.Batch {
		b := *batches[0]
		b.Cols = append([]column.Column(nil), b.Cols...)
		b.Cols[0].Nulls, b.Cols[0].Valid = b.Len, column.Bitmap{Bits: make([]byte, column.BitmapBytes(b.Len))}
		return []*table.Batch{&b}
	}
	for name, in := range map[string][2][]*table.Batch{"one key": {left, right}, "null keys": {nullKeys(left), nullKeys(right)}} {
		for way, limits := range map[string]joinLimits{"as is": joinDefaults, "partitions": {small: -1, large: 1 << 30, output: 1 << 30}, "divided": {small: -1, large: 100, output: 1000}} {
			t.Run(name+"/"+way, func(t *testing.T) {
				var want []string
				for _, threads := range []int{1, 3} {
					batches, rows, _, err := joinRun(context.Background(), t, memory.NewBudget(0), in[0], in[1], threads, limits, paperSpec, func() {})
					require.NoError(t, err)
					require.Equal(t, 3_000_000, rows)
					if want == nil {
						want = batches
					}
					require.Equal(t, want, batches)
				}
			})
		}
	}
}

// TestJoinRefusesMemory gives budgets too small: the error says so, and nothing stays behind.
func TestJoinRefusesMemory(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	const n = 100_000
	left, right := paperInput(t, scope, n, uniform(1, n)), paperInput(t, scope, n, uniform(2, n))
	refused := 0
	for limit := int64(1 << 10); limit < 64<<20; limit = limit * 3 / 2 {
		_, _, _, err := joinRun(context.Background(), t, memory.NewBudget(limit), left, right, 2, joinDefaults, paperSpec, func() {})
		if err != nil {
			refused++
			require.Equal(t, status.OutOfMemory, status.CodeOf(err), "%v", err)
			require.Contains(t, err.Error(), "join needs")
		}
	}
	require.Greater(t, refused, 10)
}

// TestJoinCancelled cancels in the middle of the result, and of the preparation.
func TestJoinCancelled(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	const n = 400_000
	left, right := paperInput(t, scope, n, uniform(1, n)), paperInput(t, scope, n, uniform(2, n))
	for _, at := range []int32{0, 1, 5} {
		ctx, cancel := context.WithCancel(context.Background())
		var seen atomic.Int32
		if at == 0 {
			time.AfterFunc(time.Millisecond, cancel)
		}
		_, _, _, err := joinRun(ctx, t, memory.NewBudget(0), left, right, 2, joinDefaults, paperSpec, func() {
			if seen.Add(1) == at {
				cancel()
			}
		})
		cancel()
		require.Equal(t, status.Cancelled, status.CodeOf(err), "cancelled at batch %d: %v", at, err)
	}
}

func TestJoinRefusesPartitionsBeyond32Bits(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "join")
	defer scope.Close()
	j, err := NewJoin(paperSpec, paperSchema, paperSchema)
	require.NoError(t, err)
	side := newJoinSide(j.left, true, []bool{true, true})
	q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
	defer func() { require.NoError(t, q.Wait()) }()
	_, err = side.allocate(q, &joinDefaults, [radix.Parts]int{3: maxPartRows + 1})
	require.Equal(t, status.Unsupported, status.CodeOf(err))
	require.ErrorContains(t, err, "left side")
}

func TestNewJoinRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spec JoinSpec
		code status.Code
		text string
	}{
		"right of a semi":  {JoinSpec{How: JoinSemi, LeftKeys: []int{0}, RightKeys: []int{0}, Output: []JoinColumn{{FromRight, 1}}}, status.Invalid, "left side only"},
		"unequal keys":     {JoinSpec{LeftKeys: []int{0}, RightKeys: []int{0, 1}}, status.Invalid, "as many left keys"},
		"no such key":      {JoinSpec{LeftKeys: []int{0}, RightKeys: []int{9}}, status.NotFound, "right side has no column number 9"},
		"no such output":   {JoinSpec{LeftKeys: []int{0}, RightKeys: []int{0}, Output: []JoinColumn{{FromLeft, 2}}}, status.NotFound, "left side"},
		"no such key pair": {JoinSpec{LeftKeys: []int{0}, RightKeys: []int{0}, Output: []JoinColumn{{Coalesced, 1}}}, status.Invalid, "key number 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewJoin(c.spec, paperSchema, paperSchema)
			require.Equal(t, c.code, status.CodeOf(err))
			require.ErrorContains(t, err, c.text)
		})
	}
}

// TestJoinHeap checks that the bulk of a join lies off Go's heap.
func TestJoinHeap(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	n := 5_000_000 // on each side
	if testing.Short() {
		n = 500_000
	}
	left, right := paperInput(t, scope, n, uniform(1, n)), paperInput(t, scope, n, uniform(2, n))
	optest.RequireSmallHeap(t, func() { joinOnce(t, paperSpec, left, right, 2) })
}

// TestJoinScaling compares one worker with two on 10M rows in all, uniform and with one key that half the rows of a side have.
func TestJoinScaling(t *testing.T) {
	optest.SkipUnlessTimed(t)
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	const n = 5_000_000
	right := paperInput(t, scope, n, uniform(2, n))
	for name, key := range map[string]func() int64{"uniform": uniform(1, n), "skewed": skewed(1, n)} {
		t.Run(name, func(t *testing.T) {
			left := paperInput(t, scope, n, key)
			optest.RequireScaling(t, func(threads int) { joinOnce(t, paperSpec, left, right, threads) })
		})
	}
}
