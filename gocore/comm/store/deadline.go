package store

import "time"

// deadline is when waiting ends.
type deadline struct {
	passed bool
	timer  *time.Timer
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.set(t, &c.readBy, &c.writeBy)
	return nil
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.set(t, &c.readBy)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.set(t, &c.writeBy)
	return nil
}

func (c *Conn) set(t time.Time, deadlines ...*deadline) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range deadlines {
		d.stop()
		d.passed = false
		if t.IsZero() || c.closed {
			continue
		}
		if left := time.Until(t); left > 0 {
			var timer *time.Timer
			timer = time.AfterFunc(left, func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				if d.timer == timer { // else another deadline has taken its place
					d.passed = true
					c.changed.Broadcast()
				}
			})
			d.timer = timer
			continue
		}
		d.passed = true
	}
	c.changed.Broadcast()
}
