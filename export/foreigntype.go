package main

// #include "shim.h"
import "C"

import (
	"strconv"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// foreignType is a type as its producer lays it out, and what it is here:
//
//	dictionary        of numbers, decimals, times and strings: itself, its rows views of the dictionary's values;
//	                  of anything else, and inside lists and structs: a column of the values
//	list, map, struct itself, with children named as pycylon names them
//	an extension type its storage
type foreignType struct {
	typ      arrow.DataType // here
	codes    arrow.DataType // of a dictionary, else nil
	values   *foreignType   // of a dictionary
	children []*foreignType // of a list or struct
}

// parseSchema returns the type of schema, of a column called name. depth counts the lists and structs around it.
func parseSchema(name string, schema *C.struct_ArrowSchema, depth int) (*foreignType, error) {
	if schema == nil || schema.format == nil {
		return nil, status.Errorf(status.Malformed, "column %q of the Arrow stream is broken: a part of it has no format", name)
	}
	if depth > column.MaxDepth {
		return nil, unsupported(name, "nested over "+strconv.Itoa(column.MaxDepth)+" deep")
	}
	format := C.GoString(schema.format)
	if schema.dictionary != nil {
		return parseDictionary(name, format, schema, depth)
	}
	if !isNestedFormat(format) {
		t, err := parseFormat(name, format)
		return &foreignType{typ: t}, err
	}
	if format == "+w:0" {
		return nil, unsupported(name, "fixed_size_list[0]") // Arrow v17 has no such type
	}
	if schema.n_children < 0 || schema.n_children > 0 && schema.children == nil {
		return nil, status.Errorf(status.Malformed, "column %q of the Arrow stream is broken: format %q with %d children", name, format, int(schema.n_children))
	}
	t := &foreignType{}
	var names []string
	for _, child := range unsafe.Slice(schema.children, schema.n_children) {
		parsed, err := parseSchema(name, child, depth+1)
		if err != nil {
			return nil, err
		}
		childName, err := nameOf(child)
		if err != nil {
			return nil, err
		}
		t.children = append(t.children, parsed)
		names = append(names, childName)
	}
	var ok bool
	if t.typ, ok = t.nested(format, names); !ok {
		return nil, status.Errorf(status.Malformed, "column %q of the Arrow stream is broken: format %q with %d children", name, format, len(t.children))
	}
	return t, nil
}

func nameOf(schema *C.struct_ArrowSchema) (string, error) {
	if schema == nil || schema.name == nil {
		return "", nil
	}
	name := C.GoString(schema.name)
	if err := column.CheckName(name); err != nil {
		return "", status.Errorf(status.Malformed, "the Arrow stream is broken: %w", err)
	}
	return name, nil
}

func isNestedFormat(format string) bool {
	return format == "+l" || format == "+L" || format == "+m" || format == "+s" || strings.HasPrefix(format, "+w:")
}

// nested returns the type of a nested format over t's children, and false where they don't go together.
func (t *foreignType) nested(format string, names []string) (arrow.DataType, bool) {
	types := make([]arrow.DataType, len(t.children))
	for i, child := range t.children {
		types[i] = child.typ
	}
	if format == "+s" {
		return column.StructOf(names, types), true
	}
	if len(types) != 1 {
		return nil, false
	}
	switch format {
	case "+l":
		return column.ListOf(types[0]), true
	case "+L":
		return column.LargeListOf(types[0]), true
	case "+m":
		entries, ok := types[0].(*arrow.StructType)
		if !ok || entries.NumFields() != 2 {
			return nil, false
		}
		m := column.MapOf(entries.Field(0).Type, entries.Field(1).Type)
		t.children[0].typ = column.ChildTypes(m)[0]
		return m, true
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(format, "+w:"), 10, 32)
	if err != nil || n < 1 {
		return nil, false
	}
	return column.FixedListOf(int32(n), types[0]), true
}

func parseDictionary(name, format string, schema *C.struct_ArrowSchema, depth int) (*foreignType, error) {
	codes, ok := simpleFormats[format]
	if !ok || !arrow.IsInteger(codes.ID()) {
		return nil, status.Errorf(status.Malformed, "column %q of the Arrow stream is broken: a dictionary with codes of format %q", name, format)
	}
	values, err := parseSchema(name, schema.dictionary, depth+1)
	if err != nil {
		return nil, err
	}
	t := &foreignType{typ: values.typ, codes: codes, values: values}
	encoded := &arrow.DictionaryType{IndexType: codes, ValueType: values.typ}
	if _, ok := column.KindOf(encoded); ok && depth == 0 {
		t.typ = encoded
	}
	return t, nil
}
