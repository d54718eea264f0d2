package fileio

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
)

// readNames finds the fields' names: from Names, else the header, else 0, 1, ... for the first record's fields.
func (c *CSV) readNames(index *csvIndex) error {
	first := index.header
	if first.rows == 0 && len(index.chunks) > 0 {
		first = index.chunks[0]
	}
	if first.rows == 0 {
		if c.names = slices.Clone(c.options.Names); len(c.names) == 0 {
			return status.Errorf(status.Malformed, "%s is empty: there is no header to name columns by", c.path)
		}
		return nil
	}
	if first.size > chunkBytes {
		return malformed(c.path, first.line, "a first record of %s: is a quote never closed?", memory.Bytes(first.size))
	}
	r, err := c.reader(first, make([]byte, first.size))
	if err != nil {
		return err
	}
	record, err := r.next()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(record, func(name string) bool { return strings.Contains(name, "\r") }); i >= 0 && len(index.chunks) == 0 {
		return malformed(c.path, first.line, "lines end with carriage returns alone; convert the file (tr '\\r' '\\n')")
	}
	switch {
	case len(c.options.Names) > 0:
		if len(c.options.Names) != len(record) {
			return malformed(c.path, first.line, "%d fields for %d names", len(record), len(c.options.Names))
		}
		c.names = slices.Clone(c.options.Names)
	case c.options.Header:
		c.names = distinct(record)
	default:
		for i := range record {
			c.names = append(c.names, strconv.Itoa(i))
		}
	}
	return nil
}

// distinct makes names unique as pandas does: a, a.1, a.2.
func distinct(names []string) []string {
	seen := words(names)
	used := map[string]bool{}
	out := make([]string, len(names))
	for i, name := range names {
		if name == "" {
			name = fmt.Sprintf("Unnamed: %d", i)
		}
		out[i] = name
		for n := 1; used[out[i]]; n++ {
			if next := fmt.Sprintf("%s.%d", name, n); !seen[next] && !used[next] {
				out[i] = next
			}
		}
		used[out[i]] = true
	}
	return out
}

func (c *CSV) selectColumns() error {
	for _, list := range [][]string{c.options.UseColumns, c.options.ParseDates} {
		for _, name := range list {
			if !slices.Contains(c.names, name) {
				return status.Errorf(status.NotFound, "%s has no column %q; it has %s", c.path, name, strings.Join(c.names, ", "))
			}
		}
	}
	for i, name := range c.names {
		if len(c.options.UseColumns) == 0 || slices.Contains(c.options.UseColumns, name) {
			c.use = append(c.use, i)
		}
	}
	return nil
}
