package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// find returns the position of the column called name. Where it isn't, the error names close ones and what there is;
// of says which frame ("the left frame"), or is empty.
func find(s *arrow.Schema, name, of string) (int, error) {
	if at := s.FieldIndices(name); len(at) > 0 {
		return at[0], nil
	}
	where := ""
	if of != "" {
		where = " in " + of
	}
	hint := ""
	if close := similar(s, name); len(close) > 0 {
		hint = fmt.Sprintf(" Did you mean %s?", strings.Join(close, " or "))
	}
	return -1, status.Errorf(status.NotFound, "there is no column %q%s: the columns are [%s].%s", name, where, list(s), hint)
}

// findAll is find for several names, which may not repeat.
func findAll(s *arrow.Schema, names []string, of string) ([]int, error) {
	positions := make([]int, len(names))
	for i, name := range names {
		at, err := find(s, name, of)
		if err != nil {
			return nil, err
		}
		if slices.Contains(positions[:i], at) {
			return nil, status.Errorf(status.Invalid, "key %q is given twice", name)
		}
		positions[i] = at
	}
	return positions, nil
}

// similar returns up to three quoted column names that a typing error may have turned into name.
func similar(s *arrow.Schema, name string) []string {
	type candidate struct {
		name string
		far  int
	}
	var all []candidate
	for _, f := range s.Fields() {
		far := distance(strings.ToLower(f.Name), strings.ToLower(name))
		if far <= 1+len(name)/4 {
			all = append(all, candidate{f.Name, far})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.far - b.far })
	var names []string
	for _, c := range all[:min(3, len(all))] {
		names = append(names, fmt.Sprintf("%q", c.name))
	}
	return names
}

// distance is the least number of characters to insert, delete or replace to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(y)]
}
