package main

import (
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// encode writes dictionary column i of batches as codes of one dictionary, so that no consumer has to unify several.
// The codes get a wider type where the dictionaries that came in together have more values than theirs holds.
func (s *lentStream) encode(i int, batches []*table.Batch, scope *memory.Scope) error {
	t := s.fields[i].Type.(*arrow.DictionaryType)
	dictionary, err := compute.NewDictionary(scope, t.ValueType)
	if err != nil {
		return err
	}
	defer dictionary.Release()
	codes := make([]column.Column, len(batches))
	for k, b := range batches {
		values, err := b.Cols[i].AsViews(scope)
		if err != nil {
			return err
		}
		defer values.Release()
		if codes[k], err = compute.New(scope, arrow.PrimitiveTypes.Uint32, b.Len); err != nil {
			return err
		}
		defer codes[k].Release()
		if err := dictionary.Encode(&values, column.Of[uint32](&codes[k])); err != nil {
			return err
		}
	}
	index := indexType(t.IndexType, dictionary.Len())
	s.fields[i].Type = &arrow.DictionaryType{IndexType: index, ValueType: t.ValueType}
	for k, b := range batches {
		if s.batches[k].Cols[i], err = codesOutside(&b.Cols[i], &codes[k], index, scope); err != nil {
			return err
		}
	}
	values, err := dictionary.Values()
	if err != nil {
		return err
	}
	defer values.Release()
	s.dictionaries[i], err = compute.Outside(scope, &values, t.ValueType)
	return err
}

// indexType returns t, or the narrowest signed type that is wider and holds codes below n.
func indexType(t arrow.DataType, n int) arrow.DataType {
	limits := map[arrow.Type]int{arrow.INT8: math.MaxInt8, arrow.UINT8: math.MaxUint8, arrow.INT16: math.MaxInt16, arrow.UINT16: math.MaxUint16}
	if limit, narrow := limits[t.ID()]; !narrow || n <= limit+1 {
		return t
	}
	if n <= math.MaxInt16+1 {
		return arrow.PrimitiveTypes.Int16
	}
	return arrow.PrimitiveTypes.Int32
}

// codesOutside returns codes, uint32, as a column of type index with the nulls of c.
func codesOutside(c, codes *column.Column, index arrow.DataType, scope *memory.Scope) (column.Column, error) {
	out, err := compute.Cast(scope, codes, index)
	if err != nil {
		return out, err
	}
	defer out.Release()
	c.Retain()
	out.Valid, out.Nulls, out.Owners = c.Valid, c.Nulls, append(slices.Clip(out.Owners), c.Owners...)
	return compute.Outside(scope, &out, index)
}
