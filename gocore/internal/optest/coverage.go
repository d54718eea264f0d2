package optest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Coverage is the table of what cases have tested: operator x key type x {nulls, disk, threads}, and each operator's
// names in Python. A cell that no case fills must have a reason.
type Coverage struct {
	Operators []CoveredOperator
	Types     []string // of keys
}

// CoveredOperator is a column of the table. Cases say by its name that they are of it.
type CoveredOperator struct {
	Name    string
	Python  string            // names under which it is reached, separated by commas
	Reasons map[string]string // by key type, or "spill": why there is no case
}

// covered is what cases have done in this process, by operator and key type.
var covered = struct {
	sync.Mutex
	cells map[[2]string]coverage
}{cells: map[[2]string]coverage{}}

type coverage struct{ nulls, spill bool }

// cover notes that c has passed.
func (c *Case) cover(t *testing.T) {
	if c.Operator == "" {
		return
	}
	schema := Schema(t, c.Inputs[0].Columns)
	covered.Lock()
	defer covered.Unlock()
	for _, key := range c.Keys {
		at := [2]string{c.Operator, column.TypeName(schema.Field(key).Type)}
		cell := covered.cells[at]
		cell.nulls, cell.spill = cell.nulls || c.Model != nil, cell.spill || c.Spilling != nil
		covered.cells[at] = cell
	}
}

// text returns the table, and what is missing in it.
func (c *Coverage) text() (table string, missing []string) {
	b := &strings.Builder{}
	b.WriteString("# Operators and the types of their keys\n\n" +
		"Made by the tests of this package from the cases that they ran: with 1, 2 and 8 threads, *n* with nulls, *s* with the\n" +
		"input on disk. `PYCYLON_UPDATE_TABLE=1 go test ./gocore/engine/operator` writes it anew.\n\n| key |")
	for _, o := range c.Operators {
		fmt.Fprintf(b, " %s |", o.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(c.Operators)) + "\n| Python |")
	for _, o := range c.Operators {
		fmt.Fprintf(b, " %s |", o.Python)
	}
	var notes []string
	for _, typ := range c.Types {
		fmt.Fprintf(b, "\n| %s |", typ)
		for _, o := range c.Operators {
			cell, ok := covered.cells[[2]string{o.Name, typ}]
			text, reason := "", o.Reasons[typ]
			switch {
			case ok:
				text = strings.Join(slices.DeleteFunc([]string{mark("n", cell.nulls), mark("s", cell.spill)}, func(s string) bool { return s == "" }), " ")
				if !cell.nulls || !cell.spill && o.Reasons["spill"] == "" {
					missing = append(missing, fmt.Sprintf("%s by %s lacks nulls or spilling", o.Name, typ))
				}
				if !cell.spill {
					reason = o.Reasons["spill"]
				}
			case reason == "":
				missing = append(missing, fmt.Sprintf("%s by %s has neither a case nor a reason", o.Name, typ))
			}
			if reason != "" && (!ok || !cell.spill) {
				if !slices.Contains(notes, reason) {
					notes = append(notes, reason)
				}
				text = strings.TrimSpace(fmt.Sprintf("%s (%d)", text, slices.Index(notes, reason)+1))
			}
			fmt.Fprintf(b, " %s |", text)
		}
	}
	b.WriteString("\n\n")
	for i, note := range notes {
		fmt.Fprintf(b, "%d. %s\n", i+1, note)
	}
	return b.String(), missing
}

func mark(text string, there bool) string {
	if there {
		return text
	}
	return ""
}

// Check compares the table with the one in file, or writes it there if PYCYLON_UPDATE_TABLE=1, and returns what is wrong.
// It is of use after all tests of a package only.
func (c *Coverage) Check(file string) error {
	text, missing := c.text()
	if os.Getenv("PYCYLON_UPDATE_TABLE") == "1" {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the table of operators and key types has empty cells:\n\t%s", strings.Join(missing, "\n\t"))
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if string(old) != text {
		return fmt.Errorf("%s isn't what the tests have covered: look at it after PYCYLON_UPDATE_TABLE=1 go test ./gocore/engine/operator", file)
	}
	return nil
}
