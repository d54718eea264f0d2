// Package fileio reads and writes tables: CSV and Arrow IPC files.
//
//	CSV file ── index ──▶ records' byte ranges ── one pass ──▶ column types ── agreed by the ranks ──▶ batches
//
// A CSV file is read in chunks that begin and end between records (csvindex.go), so that ranks and workers share one
// file: a rank takes an equal share of its rows, a worker a chunk at a time. Types are inferred from every row, as
// pandas does, and not from a sample, so that a late value can't break a column: the file is parsed as the types of its
// first rows, and once more only where those don't hold for all.
package fileio

import (
	"fmt"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// CSVOptions is how a CSV file is read. The zero value is not valid: start from DefaultCSVOptions.
type CSVOptions struct {
	Delimiter     string            `json:"delimiter"`       // one character
	Header        bool              `json:"header"`          // the first record holds the names
	Names         []string          `json:"names"`           // replace the header's, or make up for one
	UseColumns    []string          `json:"use_columns"`     // empty: all
	Types         map[string]string `json:"types"`           // column to type name; others are inferred
	NAValues      []string          `json:"na_values"`       // more texts that mean null
	KeepDefaultNA bool              `json:"keep_default_na"` // pandas' texts mean null, too
	SkipRows      int               `json:"skip_rows"`       // lines before the header
	MaxRows       int64             `json:"max_rows"`        // -1: all
	ParseDates    []string          `json:"parse_dates"`     // columns to read as timestamp[us]
	Quote         string            `json:"quote"`           // only `"`
	Comment       string            `json:"comment"`         // from it on, outside quotes, a line is skipped
	TrueValues    []string          `json:"true_values"`     // beside True, TRUE, true
	FalseValues   []string          `json:"false_values"`    // beside False, FALSE, false
	Encoding      string            `json:"encoding"`        // only utf8
}

// DefaultCSVOptions is what pandas.read_csv assumes.
func DefaultCSVOptions() CSVOptions {
	return CSVOptions{Delimiter: ",", Header: true, KeepDefaultNA: true, MaxRows: -1, Quote: `"`, Encoding: "utf8"}
}

// defaultNA are the texts that pandas reads as missing.
var defaultNA = []string{"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
	"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}

var (
	defaultTrue  = []string{"True", "TRUE", "true"}
	defaultFalse = []string{"False", "FALSE", "false"}
)

// check refuses options that can't be obeyed, by name.
func (o *CSVOptions) check() error {
	if len(o.Delimiter) != 1 || slices.Contains([]string{"\n", "\r", `"`}, o.Delimiter) {
		return status.Errorf(status.Invalid, "delimiter %q must be one ASCII character, and no quote or line end", o.Delimiter)
	}
	if o.Quote != `"` && o.Quote != "" {
		return status.Errorf(status.Unsupported, `quote %q: only '"' can be read`, o.Quote)
	}
	if len(o.Comment) > 1 || o.Comment == o.Delimiter {
		return status.Errorf(status.Invalid, "comment %q must be one ASCII character other than the delimiter", o.Comment)
	}
	if o.Encoding != "utf8" && o.Encoding != "utf-8" && o.Encoding != "" {
		return status.Errorf(status.Unsupported, "encoding %q: only utf-8 can be read; convert the file first", o.Encoding)
	}
	if o.SkipRows < 0 {
		return status.Errorf(status.Invalid, "skip_rows is %d: it must not be negative", o.SkipRows)
	}
	return nil
}

// words returns the set of texts that mean something.
func words(lists ...[]string) map[string]bool {
	set := map[string]bool{}
	for _, list := range lists {
		for _, text := range list {
			set[text] = true
		}
	}
	return set
}

// wordSet is a set of short texts that nearly no field of a file is in.
type wordSet struct {
	words map[string]bool
	sizes [256]uint64 // by a word's first byte: a bit for each length
	empty bool
}

func (s *wordSet) add(list []string) {
	if s.words == nil {
		s.words = map[string]bool{}
	}
	for _, text := range list {
		s.words[text] = true
		if text == "" {
			s.empty = true
		} else {
			s.sizes[text[0]] |= 1 << min(len(text), 63)
		}
	}
}

func (s *wordSet) has(text string) bool {
	if text == "" {
		return s.empty
	}
	return s.sizes[text[0]]>>min(len(text), 63)&1 != 0 && s.words[text]
}

// malformed is the error of a place in a file.
func malformed(path string, line int, format string, args ...any) error {
	return status.Errorf(status.Malformed, "%s, line %d: %s", path, line, fmt.Sprintf(format, args...))
}
