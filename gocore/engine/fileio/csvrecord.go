package fileio

import (
	"bytes"
	"unsafe"
)

// recordReader splits a chunk of a CSV file into records (RFC 4180; "\n" or "\r\n"; blank lines and comments are
// no records). Its fields lie in the chunk, which it writes to where a quoted field holds escaped quotes: encoding/csv
// makes a string of every record, and takes three times as long.
type recordReader struct {
	path    string
	data    []byte
	at      int
	comma   byte
	comment byte // 0: none
	line    int  // the number of the line at at
	start   int  // the number of the line that the last record began on
	fields  []string
}

// next returns the fields of the next record, which hold until the chunk is freed; nil at the end.
func (r *recordReader) next() ([]string, error) {
	for r.at < len(r.data) {
		end := bytes.IndexByte(r.data[r.at:], '\n')
		if end < 0 {
			end = len(r.data) - r.at
		}
		text := r.data[r.at : r.at+end]
		if n := len(text); n > 0 && text[n-1] == '\r' {
			text = text[:n-1]
		}
		if r.comment != 0 {
			text = r.uncommented(text)
		}
		r.start = r.line
		switch {
		case len(text) == 0:
		case bytes.IndexByte(text, '"') >= 0:
			return r.quoted()
		default:
			r.split(text)
			r.skip(end)
			return r.fields, nil
		}
		r.skip(end)
	}
	return nil, nil
}

// uncommented returns a line up to the comment in it; all of it where a quote may hide the comment character.
func (r *recordReader) uncommented(text []byte) []byte {
	for i, c := range text {
		if c == '"' {
			return text
		}
		if c == r.comment {
			return text[:i]
		}
	}
	return text
}

// skip goes on to the line behind the one that ends n bytes further on.
func (r *recordReader) skip(n int) {
	r.at = min(r.at+n+1, len(r.data))
	r.line++
}

// split cuts a line without quotes.
func (r *recordReader) split(text []byte) {
	r.fields = r.fields[:0]
	from := 0
	for i, c := range text {
		if c == r.comma {
			r.fields = append(r.fields, asString(text[from:i]))
			from = i + 1
		}
	}
	r.fields = append(r.fields, asString(text[from:]))
}

// quoted reads a record with quotes in it, field by field.
func (r *recordReader) quoted() ([]string, error) {
	r.fields = r.fields[:0]
	begin := r.at // of the line at at, for columns in errors
	for {
		if r.at < len(r.data) && r.data[r.at] == '"' {
			open, openLine := r.at-begin+1, r.line
			text, ok := r.unquote(&begin)
			if !ok {
				return nil, malformed(r.path, openLine, "column %d: a quote that is never closed", open)
			}
			r.fields = append(r.fields, asString(text))
		} else {
			from := r.at
			for r.at < len(r.data) && r.data[r.at] != r.comma && r.data[r.at] != '\n' && (r.comment == 0 || r.data[r.at] != r.comment) {
				if r.data[r.at] == '"' {
					return nil, malformed(r.path, r.line, `column %d: a bare " in a field without quotes; write "" inside of quotes`, r.at-begin+1)
				}
				r.at++
			}
			text := r.data[from:r.at]
			if n := len(text); n > 0 && text[n-1] == '\r' && (r.at == len(r.data) || r.data[r.at] == '\n') {
				text = text[:n-1]
			}
			r.fields = append(r.fields, asString(text))
		}
		if r.comment != 0 && r.at < len(r.data) && r.data[r.at] == r.comment {
			if end := bytes.IndexByte(r.data[r.at:], '\n'); end >= 0 {
				r.at += end
			} else {
				r.at = len(r.data)
			}
		}
		switch {
		case r.at < len(r.data) && r.data[r.at] == '\r' && (r.at+1 == len(r.data) || r.data[r.at+1] == '\n'):
			r.at++
			fallthrough
		case r.at >= len(r.data) || r.data[r.at] == '\n':
			r.skip(0)
			return r.fields, nil
		case r.data[r.at] == r.comma:
			r.at++
		default:
			return nil, malformed(r.path, r.line, `column %d: text behind a closing "; write "" for a quote`, r.at-begin+1)
		}
	}
}

// unquote reads the quoted field at at and returns its text, unescaped in place; false where it doesn't end.
// begin becomes the start of the line that it ends on.
func (r *recordReader) unquote(begin *int) ([]byte, bool) {
	r.at++
	from, to := r.at, r.at
	for r.at < len(r.data) {
		c := r.data[r.at]
		if c == '"' {
			if r.at+1 == len(r.data) || r.data[r.at+1] != '"' {
				r.at++
				return r.data[from:to], true
			}
			r.at++
		}
		if c == '\n' {
			r.line++
			*begin = r.at + 1
		}
		r.data[to] = c
		to++
		r.at++
	}
	return nil, false
}

// asString views text as a string.
func asString(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }
