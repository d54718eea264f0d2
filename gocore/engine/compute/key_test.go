package compute_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// Keys come back as the values that they were, of every type and in every form of column.
func TestKeysRoundTrip(t *testing.T) {
	for _, b := range randomBatches(t, 300, 300, 1) {
		for i := range b.Cols {
			c := &b.Cols[i]
			key, ok := compute.KeyType(c.Type)
			if !ok {
				require.True(t, column.IsNested(c.Kind))
				continue
			}
			s := scope(t)
			keys, err := compute.AsKey(s, c)
			require.NoError(t, err)
			require.True(t, arrow.TypeEqual(key, keys.Type))
			require.LessOrEqual(t, keys.Kind, column.String)
			back, err := compute.FromKey(s, &keys, c.Type)
			require.NoError(t, err)
			keys.Release()
			want := make([]string, c.Len)
			for r := range want {
				want[r] = compute.Format(c, r)
			}
			check(t, &back, want)
		}
	}
}

// Keys are ordered as the values are.
func TestKeysKeepTheOrder(t *testing.T) {
	s := scope(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"decimal128(18, 2)", "decimal128(38, 2)", "decimal256(19, 0)", "decimal256(76, 5)"} {
		typ := optest.Schema(t, "x "+name).Field(0).Type
		kind, _ := column.KindOf(typ)
		const n = 500
		c := column.Column{Type: typ, Kind: kind, Len: n, Values: make([]byte, n*kind.Width())}
		decimals := make([]column.Decimal, n)
		for i := range decimals {
			d, _ := column.DecimalOf(rng.Int64N(1 << 59)).Rescale(-rng.IntN(15))
			if precision := typ.(arrow.DecimalType).GetPrecision(); precision > 30 {
				d, _ = d.Rescale(rng.IntN(int(precision) - 20))
			}
			if rng.IntN(2) == 0 {
				d = d.Neg()
			}
			decimals[i] = d
			c.SetDecimal(i, d)
		}
		keys, err := compute.AsKey(s, &c)
		require.NoError(t, err)
		rows := rng.Perm(n)
		slices.SortFunc(rows, func(a, b int) int {
			if keys.Kind == column.Int64 {
				return int(min(max(column.Of[int64](&keys)[a]-column.Of[int64](&keys)[b], -1), 1))
			}
			return column.CompareViews(&keys.Views[a], keys.Heaps, &keys.Views[b], keys.Heaps)
		})
		for i := 1; i < n; i++ {
			require.False(t, decimals[rows[i]].Add(decimals[rows[i-1]].Neg()).IsNegative(), name)
		}
		keys.Release()
	}
}

func TestKeysRefuse(t *testing.T) {
	s := scope(t)
	for _, name := range []string{"list<int8>", "struct<a: int8>", "map<utf8, int8>"} {
		c := optest.Column(t, name, nil)
		_, err := compute.AsKey(s, &c)
		require.Equal(t, status.Unsupported, status.CodeOf(err))
		require.ErrorContains(t, err, name)
	}
	sum := optest.Column(t, "int64", nil, 1_000_000_000_000_000_000)
	_, err := compute.FromKey(s, &sum, optest.Schema(t, "x decimal128(18, 2)").Field(0).Type)
	require.Equal(t, status.Overflow, status.CodeOf(err))
}

// A dictionary has each value once, whatever columns it is of.
func TestDictionary(t *testing.T) {
	batches := randomBatches(t, 300, 0, 65, 1, 200)
	for i := range batches[0].Cols {
		typ := batches[0].Cols[i].Type
		if kind, ok := column.KindOf(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: column.ValueType(typ)}); !ok || kind == column.Null {
			continue
		}
		s := scope(t)
		d, err := compute.NewDictionary(s, column.ValueType(typ))
		require.NoError(t, err)
		codes := make([][]uint32, len(batches))
		views := make([]column.Column, len(batches))
		for k, b := range batches {
			codes[k] = make([]uint32, b.Len)
			views[k], err = b.Cols[i].AsViews(s)
			require.NoError(t, err)
			require.NoError(t, d.Encode(&views[k], codes[k]))
		}
		values, err := d.Values()
		require.NoError(t, err)
		require.Equal(t, d.Len(), values.Len)
		seen := map[string]bool{}
		for v := range values.Len {
			text := compute.Format(&values, v)
			require.False(t, seen[text], "%s twice in a dictionary of %s", text, typ)
			seen[text] = true
		}
		for k := range views {
			for r, code := range codes[k] {
				if !views[k].IsNull(r) {
					require.Equal(t, compute.Format(&views[k], r), compute.Format(&values, int(code)))
				}
			}
			views[k].Release()
		}
		values.Release()
		d.Release()
	}
}
