package fileio

import (
	"bytes"
	"context"
	"io"
	"os"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// chunk is a byte range of a CSV file that holds whole records.
type chunk struct {
	offset, size int64
	line         int // the number of its first line, from 1
	rows         int
}

const (
	chunkRows  = table.MaxRows
	chunkBytes = 4 << 20
	blockBytes = 1 << 20
)

// csvIndex is where the records of a CSV file begin.
type csvIndex struct {
	header chunk   // the first record, when it holds the names
	chunks []chunk // the other records
	rows   int64   // of chunks
}

// indexCSV scans a file once for its record boundaries: a record ends at a line end outside quotes; blank lines and
// lines with nothing but a comment are no records. A quote that is never closed makes one long record,
// which the parser refuses with its line.
func indexCSV(ctx context.Context, f *os.File, o *CSVOptions) (*csvIndex, error) {
	s := &csvScanner{options: o, index: &csvIndex{}, skip: o.SkipRows, line: 1, start: 1}
	block := make([]byte, blockBytes)
	for at := int64(0); ; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		n, err := f.ReadAt(block, at)
		data := block[:n]
		if at == 0 && bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")) {
			s.recordStart = 3
			data = data[3:]
			at = 3
		}
		s.block(data, at)
		at += int64(len(data))
		if err == io.EOF {
			s.end(at)
			return s.index, nil
		}
		if err != nil {
			return nil, status.Errorf(status.IO, "reading %s: %w", f.Name(), err)
		}
	}
}

// csvScanner is the state between two blocks.
type csvScanner struct {
	options     *CSVOptions
	index       *csvIndex
	skip        int // lines still to skip
	line        int // number of the line being read
	start       int // line on which the record being read began
	recordStart int64
	quoted      bool // inside quotes
	content     bool // the record being read has a byte other than a carriage return
	comment     bool // the rest of the line being read is a comment
	gotHeader   bool
	current     chunk
}

func (s *csvScanner) block(data []byte, at int64) {
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		text := data
		if end >= 0 {
			text = data[:end]
		}
		s.text(text)
		if end < 0 {
			return
		}
		data = data[end+1:]
		at += int64(end + 1)
		s.line++
		s.comment = false
		if s.skip > 0 {
			s.skip--
			s.quoted = false
			s.next(at)
		} else if !s.quoted {
			s.record(at)
		}
	}
}

// text takes in a part of a line.
func (s *csvScanner) text(text []byte) {
	if len(text) == 0 || s.skip > 0 || s.comment {
		return
	}
	quotes := 0
	if s.options.Comment == "" {
		quotes = bytes.Count(text, []byte{'"'})
	} else {
		mark := s.options.Comment[0]
		for i, c := range text {
			if c == '"' {
				quotes++
			} else if c == mark && s.quoted == (quotes&1 == 1) { // outside quotes
				s.comment = true
				text = text[:i]
				break
			}
		}
	}
	if quotes&1 == 1 {
		s.quoted = !s.quoted
	}
	if len(text) > 1 || len(text) == 1 && text[0] != '\r' {
		s.content = true
	}
}

// next begins a record at byte at.
func (s *csvScanner) next(at int64) {
	s.recordStart, s.start = at, s.line
	s.content = false
}

// record ends the record being read at byte at. Blank and comment lines go along inside a chunk as they are.
func (s *csvScanner) record(at int64) {
	defer s.next(at)
	if !s.content && s.current.rows == 0 {
		return
	}
	if s.content && !s.gotHeader && s.options.Header {
		s.gotHeader = true
		s.index.header = chunk{s.recordStart, at - s.recordStart, s.start, 1}
		return
	}
	if s.content && s.options.MaxRows >= 0 && s.index.rows >= s.options.MaxRows {
		return
	}
	if s.current.rows == 0 {
		s.current = chunk{offset: s.recordStart, line: s.start}
	}
	s.current.size = at - s.current.offset
	if s.content {
		s.current.rows++
		s.index.rows++
	}
	if s.current.rows >= chunkRows || s.current.size >= chunkBytes {
		s.flush()
	}
}

func (s *csvScanner) flush() {
	if s.current.rows > 0 {
		s.index.chunks = append(s.index.chunks, s.current)
		s.current = chunk{}
	}
}

func (s *csvScanner) end(at int64) {
	if at > s.recordStart && s.skip == 0 {
		s.record(at)
	}
	s.flush()
}

// share returns the chunks of part of parts and how many leading rows of the first and how many in all are its own:
// equal shares of rows in order, one more for each of the first parts where they don't divide.
func (x *csvIndex) share(part, parts int) (chunks []chunk, skip int, rows int64) {
	each, rest := x.rows/int64(parts), x.rows%int64(parts)
	p := int64(part)
	from := p*each + min(p, rest)
	rows = each
	if p < rest {
		rows++
	}
	if rows == 0 {
		return nil, 0, 0
	}
	at := int64(0)
	for _, c := range x.chunks {
		end := at + int64(c.rows)
		if end > from && at < from+rows {
			if len(chunks) == 0 {
				skip = int(from - at)
			}
			chunks = append(chunks, c)
		}
		at = end
	}
	return chunks, skip, rows
}
