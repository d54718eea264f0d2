package wire

import "encoding/binary"

// Examining: what two ranks say on each connection between them to measure it, in place of NOMINATE. The lower asks.
//
//	lower rank                 higher rank
//	  | <------------- ROW (u8) |   which line of the higher's table the connection is; 255: none
//	  | ECHO -----------------> |
//	  | <----------------- ECHO |   the same bytes
//	  | SINK (u32) -----------> |   so many bytes follow
//	  | <----------------- ECHO |   they have been read
//	  | SOURCE (u32) ---------> |
//	  | <--------- that many bytes
//	  | ROWS -----------------> |
//	  | <-- ROWS (JSON)         |   the higher's table
//	  | TABLE (JSON) ---------> |   both tables, with what was measured

// NoRow is the number of no line.
const NoRow = 255

// MaxTable bounds a table.
const MaxTable = 256 << 10

// MaxBulk bounds what one SINK or SOURCE moves.
const MaxBulk = 64 << 20

// AppendCount appends the body of SINK and SOURCE.
func AppendCount(dst []byte, n int) []byte { return binary.LittleEndian.AppendUint32(dst, uint32(n)) }

// ParseCount parses it.
func ParseCount(body []byte) (int, error) {
	f := &fields{rest: body}
	n := int(f.u32())
	if n > MaxBulk {
		f.bad = true
	}
	return n, f.done("COUNT")
}
