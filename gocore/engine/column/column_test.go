package column

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

func TestKindOf(t *testing.T) {
	tests := []struct {
		typ  arrow.DataType
		kind Kind
		ok   bool
	}{
		{arrow.Null, Null, true},
		{arrow.FixedWidthTypes.Boolean, Bool, true},
		{arrow.PrimitiveTypes.Uint16, Uint16, true},
		{arrow.PrimitiveTypes.Float32, Float32, true},
		{arrow.PrimitiveTypes.Date32, Int32, true},
		{arrow.PrimitiveTypes.Date64, Int64, true},
		{&arrow.TimestampType{Unit: arrow.Second, TimeZone: "Europe/Berlin"}, Int64, true},
		{arrow.BinaryTypes.String, String, true},
		{arrow.BinaryTypes.LargeString, String, true},
		{arrow.BinaryTypes.StringView, String, true},
		{arrow.BinaryTypes.Binary, String, true},
		{arrow.FixedWidthTypes.Time32s, Int32, true},
		{arrow.FixedWidthTypes.Float16, Float16, true},
		{&arrow.Decimal128Type{Precision: 3}, Decimal128, true},
		{&arrow.Decimal256Type{Precision: 3}, Decimal256, true},
		{arrow.ListOf(arrow.PrimitiveTypes.Int8), List, true},
		{arrow.ListOf(arrow.FixedWidthTypes.MonthInterval), List, false},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, String, true},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.ListOf(arrow.PrimitiveTypes.Int8)}, List, false},
		{arrow.FixedWidthTypes.MonthInterval, Null, false},
	}
	for _, test := range tests {
		kind, ok := KindOf(test.typ)
		require.Equal(t, test.ok, ok, "%s", test.typ)
		require.Equal(t, test.kind, kind, "%s", test.typ)
		if fixed, is := test.typ.(arrow.FixedWidthDataType); is && ok && kind != Bool && test.typ.ID() != arrow.DICTIONARY {
			require.Equal(t, fixed.Bytes(), kind.Width(), "%s", test.typ)
		}
	}
}

func TestKinds(t *testing.T) {
	for k := Null; k <= String; k++ {
		require.Equal(t, k >= Int8 && k <= Uint64, k.IsInteger())
		require.Equal(t, k == Int8 || k == Int16 || k == Int32 || k == Int64, k.IsSigned())
		require.Equal(t, k == Float32 || k == Float64, k.IsFloat())
	}
}

func TestSlice(t *testing.T) {
	valid := []byte{0b10110111}
	tests := []struct {
		name  string
		c     Column
		check func(t *testing.T, s *Column)
	}{
		{"null", Column{Kind: Null, Len: 8, Nulls: 8}, func(t *testing.T, s *Column) { require.Equal(t, 3, s.Nulls) }},
		{"bool", Column{Kind: Bool, Len: 8, Values: []byte{0b00101000}}, func(t *testing.T, s *Column) {
			values := Bitmap{Bits: s.Values, Offset: s.Offset}
			require.Equal(t, []bool{true, false, true}, []bool{values.Get(0), values.Get(1), values.Get(2)})
		}},
		{"int16", Column{Kind: Int16, Len: 8, Nulls: 2, Valid: Bitmap{Bits: valid}, Values: memory.BytesOf([]int16{0, 1, 2, 3, 4, 5, 6, 7})},
			func(t *testing.T, s *Column) {
				require.Equal(t, []int16{3, 4, 5}, Of[int16](s))
				require.Equal(t, 1, s.Nulls)
				require.True(t, s.IsNull(0))
				require.False(t, s.IsNull(1))
			}},
		{"views", Column{Kind: String, Len: 8, Views: make([]View, 8)}, func(t *testing.T, s *Column) { require.Len(t, s.Views, 3) }},
		{"offsets32", Column{Kind: String, Layout: Offsets32, Len: 8, Offsets: memory.BytesOf([]int32{0, 1, 2, 3, 4, 5, 6, 7, 8})},
			func(t *testing.T, s *Column) { require.Equal(t, []int32{3, 4, 5, 6}, memory.As[int32](s.Offsets)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.c.Slice(3, 3)
			require.Equal(t, 3, s.Len)
			test.check(t, &s)
			whole := test.c.Slice(0, 8)
			require.Equal(t, test.c.Nulls, whole.Nulls)
			require.Zero(t, test.c.Slice(8, 0).Len)
		})
	}
	c := Column{Kind: Int16, Len: 8, Nulls: 2, Valid: Bitmap{Bits: valid}, Values: make([]byte, 16)}
	s := c.Slice(0, 3)
	require.Nil(t, s.Valid.Bits, "a slice without nulls has no bitmap")
}

func TestReferencesReachEveryOwner(t *testing.T) {
	freed := 0
	var c Column
	for range 3 {
		c.Owners = append(c.Owners, memory.Foreign(nil, func() { freed++ }))
	}
	c.Retain()
	c.Release()
	require.Zero(t, freed)
	c.Release()
	require.Equal(t, 3, freed)
}
