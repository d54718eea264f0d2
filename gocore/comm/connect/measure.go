package connect

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// How each way is measured.
const (
	echoes       = 20
	firstBulk    = 256 << 10              // bytes
	bulkTime     = 500 * time.Millisecond // that moving the second amount takes
	measureLimit = 20 * time.Second       // of one way
	measureWait  = 2 * time.Minute        // of all, as the higher rank waits
)

// measure measures every connection, one after the other, and returns the ways of both ranks. The lower rank asks.
func (j *joiner) measure(ctx context.Context, p *pair, racers []*racer, rows []*row) ([]Way, error) {
	for _, r := range racers {
		if i := find(rows, r, p.lower); i >= 0 && !rows[i].Works {
			j.note(&rows[i].Way, r)
		}
	}
	own, err := encodeWays(rows)
	if err != nil {
		return nil, err
	}
	if !p.lower {
		return j.answer(ctx, racers, rows, own)
	}
	ways, err := decodeWays(own)
	if err != nil {
		return nil, err
	}
	theirs := map[int]Way{} // what was measured on connections that the other rank dialled
	for _, r := range racers {
		var m Way
		number, err := measureOne(ctx, r.conn, &m)
		switch i := find(rows, r, true); {
		case err != nil && i >= 0:
			ways[i].Works, ways[i].Reason = false, "broke while it was measured: "+err.Error()
		case err != nil:
		case i >= 0:
			ways[i].RTT, ways[i].MegaBytes = m.RTT, m.MegaBytes
		case number != wire.NoRow:
			theirs[number] = m
		}
	}
	for _, r := range racers {
		if all, err := tabulate(r.conn, ways, theirs); err == nil {
			return all, nil
		}
	}
	return ways, nil // nothing works: what the other rank tried, it says itself
}

// measureOne measures one connection, and returns the number of its row at the other rank.
func measureOne(ctx context.Context, conn net.Conn, w *Way) (int, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(measureLimit))
	row, err := expect(conn, wire.TypeRow)
	if err != nil {
		return wire.NoRow, err
	}
	if len(row) != 1 {
		return wire.NoRow, errTable
	}
	best := time.Duration(1<<62 - 1)
	for range echoes {
		began := time.Now()
		if _, err := ask(conn, wire.TypeEcho, row, wire.TypeEcho); err != nil {
			return wire.NoRow, err
		}
		best = min(best, time.Since(began))
	}
	w.RTT = milliseconds(best)
	for way, move := range []func(net.Conn, int) error{sink, source} {
		n := firstBulk
		for range 2 {
			began := time.Now()
			if err := move(conn, n); err != nil {
				return wire.NoRow, err
			}
			took := max(time.Since(began), time.Microsecond)
			w.MegaBytes[way] = float64(n) / took.Seconds() / 1e6
			n = int(min(float64(n)*bulkTime.Seconds()/took.Seconds(), wire.MaxBulk))
		}
	}
	return int(row[0]), nil
}

var errTable = status.Errorf(status.Malformed, "the other rank broke the protocol of the examination: it is of another version")

// ask sends one message and returns the body of the answer.
func ask(conn net.Conn, kind wire.JoinType, body []byte, due wire.JoinType) ([]byte, error) {
	if err := wire.WriteJoin(conn, kind, body); err != nil {
		return nil, err
	}
	got, answer, err := wire.ReadJoin(conn, wire.MaxTable)
	if err == nil && got != due {
		err = errTable
	}
	return answer, err
}

// sink sends n bytes, and waits until they have been read.
func sink(conn net.Conn, n int) error {
	if err := wire.WriteJoin(conn, wire.TypeSink, wire.AppendCount(nil, n)); err != nil {
		return err
	}
	if err := pour(conn, n); err != nil {
		return err
	}
	_, err := expect(conn, wire.TypeEcho)
	return err
}

// source has the other rank send n bytes, and reads them.
func source(conn net.Conn, n int) error {
	if err := wire.WriteJoin(conn, wire.TypeSource, wire.AppendCount(nil, n)); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, conn, int64(n))
	return err
}

func pour(conn net.Conn, n int) error {
	block := make([]byte, 64<<10)
	for n > 0 {
		sent, err := conn.Write(block[:min(n, len(block))])
		if err != nil {
			return err
		}
		n -= sent
	}
	return nil
}

// tabulate adds the other rank's table to the own one, with what was measured here, and tells the other rank.
func tabulate(conn net.Conn, ways []Way, theirs map[int]Way) ([]Way, error) {
	_ = conn.SetDeadline(time.Now().Add(measureLimit))
	text, err := ask(conn, wire.TypeRows, nil, wire.TypeRows)
	if err != nil {
		return nil, err
	}
	others, err := decodeWays(text)
	if err != nil {
		return nil, err
	}
	for number, m := range theirs {
		if number < len(others) {
			others[number].RTT, others[number].MegaBytes = m.RTT, m.MegaBytes
		}
	}
	all := append(append([]Way(nil), ways...), others...)
	text, err = json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return all, wire.WriteJoin(conn, wire.TypeTable, text)
}

// answer is the higher rank's part of measure, on all connections at once.
func (j *joiner) answer(ctx context.Context, racers []*racer, rows []*row, own []byte) ([]Way, error) {
	g := task.NewGroup(ctx)
	tables := make(chan []byte, len(racers))
	for _, r := range racers {
		number := byte(wire.NoRow)
		if i := find(rows, r, false); i >= 0 {
			number = byte(min(i, wire.NoRow))
		}
		g.Go(func(context.Context) error {
			_ = r.conn.SetDeadline(time.Now().Add(measureWait))
			if table := answerOne(r.conn, number, own); table != nil {
				tables <- table
				for _, other := range racers { // nothing is asked any more
					_ = other.conn.SetDeadline(time.Unix(1, 0))
				}
			}
			return nil
		})
	}
	stop := context.AfterFunc(ctx, func() {
		for _, r := range racers {
			_ = r.conn.SetDeadline(time.Unix(1, 0))
		}
	})
	defer stop()
	_ = g.Wait()
	select {
	case table := <-tables:
		return decodeWays(table)
	default:
		return decodeWays(own)
	}
}

// answerOne does what the lower rank asks for on one connection, until it has sent the table, which is returned.
func answerOne(conn net.Conn, number byte, own []byte) []byte {
	if wire.WriteJoin(conn, wire.TypeRow, []byte{number}) != nil {
		return nil
	}
	for {
		kind, body, err := wire.ReadJoin(conn, wire.MaxTable)
		if err != nil {
			return nil
		}
		var n int
		switch kind {
		case wire.TypeEcho:
			err = wire.WriteJoin(conn, wire.TypeEcho, body)
		case wire.TypeRows:
			err = wire.WriteJoin(conn, wire.TypeRows, own)
		case wire.TypeSink:
			if n, err = wire.ParseCount(body); err == nil {
				if _, err = io.CopyN(io.Discard, conn, int64(n)); err == nil {
					err = wire.WriteJoin(conn, wire.TypeEcho, nil)
				}
			}
		case wire.TypeSource:
			if n, err = wire.ParseCount(body); err == nil {
				err = pour(conn, n)
			}
		case wire.TypeTable:
			return body
		default:
			err = errTable
		}
		if err != nil {
			return nil
		}
	}
}
