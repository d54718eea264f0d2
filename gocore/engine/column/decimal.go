package column

import (
	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// MaxScale bounds a decimal's scale on both sides of 0, and MaxPrecision its digits: what 256 bits hold.
const (
	MaxScale     = 76
	MaxPrecision = 76
)

// Decimal is the unscaled integer of a decimal: 256 bits in two's complement, the low word first.
type Decimal [4]uint64

// DecimalOf returns v.
func DecimalOf(v int64) Decimal {
	high := uint64(v >> 63)
	return Decimal{uint64(v), high, high, high}
}

// Decimal returns the unscaled integer of row i of a Decimal128 or Decimal256 column.
func (c *Column) Decimal(i int) Decimal {
	if c.Kind == Decimal256 {
		return memory.As[Decimal](c.Values)[i]
	}
	v := memory.As[[2]uint64](c.Values)[i]
	high := uint64(int64(v[1]) >> 63)
	return Decimal{v[0], v[1], high, high}
}

// SetDecimal sets the unscaled integer of row i, which fits the column.
func (c *Column) SetDecimal(i int, d Decimal) {
	if c.Kind == Decimal256 {
		memory.As[Decimal](c.Values)[i] = d
		return
	}
	memory.As[[2]uint64](c.Values)[i] = [2]uint64{d[0], d[1]}
}

// IsNegative tells whether d is below 0.
func (d Decimal) IsNegative() bool { return int64(d[3]) < 0 }

// Neg returns -d.
func (d Decimal) Neg() Decimal {
	var carry uint64 = 1
	for i := range d {
		d[i], carry = bits.Add64(^d[i], 0, carry)
	}
	return d
}

// abs returns the magnitude of d, as an unsigned number.
func (d Decimal) abs() Decimal {
	if d.IsNegative() {
		return d.Neg()
	}
	return d
}

func (d Decimal) cmpUnsigned(e Decimal) int {
	for i := 3; i >= 0; i-- {
		switch {
		case d[i] < e[i]:
			return -1
		case d[i] > e[i]:
			return 1
		}
	}
	return 0
}

// Fits tells whether d has at most that many digits.
func (d Decimal) Fits(precision int) bool { return d.abs().cmpUnsigned(powersOf10[precision]) < 0 }

// Int64 returns d, and whether it is an int64.
func (d Decimal) Int64() (int64, bool) { return int64(d[0]), d == DecimalOf(int64(d[0])) }

var powersOf10 = func() (powers [MaxPrecision + 1]Decimal) {
	powers[0] = Decimal{1}
	for i := 1; i < len(powers); i++ {
		powers[i], _ = powers[i-1].mul(10)
	}
	return powers
}()

// mul returns an unsigned d times m, and whether it fits.
func (d Decimal) mul(m uint64) (Decimal, bool) {
	var carry uint64
	for i := range d {
		high, low := bits.Mul64(d[i], m)
		var c uint64
		d[i], c = bits.Add64(low, carry, 0)
		carry = high + c
	}
	return d, carry == 0
}

// div returns an unsigned d divided by m, and the remainder.
func (d Decimal) div(m uint64) (Decimal, uint64) {
	var rest uint64
	for i := 3; i >= 0; i-- {
		d[i], rest = bits.Div64(rest, d[i], m)
	}
	return d, rest
}

// add returns an unsigned d plus m.
func (d Decimal) add(m uint64) Decimal {
	for i := range d {
		d[i], m = bits.Add64(d[i], m, 0)
	}
	return d
}

// digitsAtOnce is how many decimal digits a word holds.
const digitsAtOnce = 19

// Rescale returns d times 10^by, and whether that fits 76 digits. What is cut off is rounded, halves away from 0.
func (d Decimal) Rescale(by int) (Decimal, bool) {
	negative, ok := d.IsNegative(), true
	m := d.abs()
	if m == (Decimal{}) || by < -MaxPrecision {
		return Decimal{}, true
	}
	for more := by; more > 0 && ok; more -= digitsAtOnce {
		m, ok = m.mul(powersOf10[min(more, digitsAtOnce)][0])
	}
	if by < 0 {
		for ; by < -1; by += min(-by-1, digitsAtOnce) {
			m, _ = m.div(powersOf10[min(-by-1, digitsAtOnce)][0])
		}
		var last uint64
		if m, last = m.div(10); last >= 5 {
			m = m.add(1)
		}
	}
	ok = ok && m.cmpUnsigned(powersOf10[MaxPrecision]) < 0
	if negative {
		m = m.Neg()
	}
	return m, ok
}

// Truncate returns d without its last n digits, or with -n zeros more, and whether that fits 76 digits.
func (d Decimal) Truncate(n int) (Decimal, bool) {
	if n <= 0 {
		return d.Rescale(-n)
	}
	m := d.abs()
	for ; n > 0; n -= digitsAtOnce {
		m, _ = m.div(powersOf10[min(n, digitsAtOnce)][0])
	}
	if d.IsNegative() {
		m = m.Neg()
	}
	return m, true
}

// Append writes d with scale digits behind the point: -1.50; a negative scale appends zeros.
func (d Decimal) Append(dst []byte, scale int) []byte {
	if d.IsNegative() {
		dst = append(dst, '-')
	}
	var digits [MaxPrecision + 2]byte // from the last one on
	n := 0
	for m := d.abs(); m != (Decimal{}) || n <= scale; n++ {
		var digit uint64
		m, digit = m.div(10)
		digits[n] = '0' + byte(digit)
	}
	if n == 0 {
		return append(dst, '0')
	}
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, digits[i])
		if i == scale && i > 0 {
			dst = append(dst, '.')
		}
	}
	for ; scale < 0; scale++ {
		dst = append(dst, '0')
	}
	return dst
}

// ParseDecimal reads a number such as "-1.50" or "2e3" as an unscaled integer of that scale, rounding digits beyond it,
// halves away from 0; digits behind the 76th don't count. It tells whether text is a number that fits 76 digits.
func ParseDecimal(text string, scale int) (Decimal, bool) {
	sign := text != "" && (text[0] == '-' || text[0] == '+')
	negative := sign && text[0] == '-'
	if sign {
		text = text[1:]
	}
	var d Decimal
	digits, exponent, point, at := 0, 0, false, 0
	for ; at < len(text); at++ {
		c := text[at]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		digits++
		if next, ok := d.mul(10); ok && next.cmpUnsigned(powersOf10[MaxPrecision]) < 0 {
			d = next.add(uint64(c - '0'))
			if point {
				exponent--
			}
		} else if !point {
			exponent++
		}
	}
	if at < len(text) && (text[at] == 'e' || text[at] == 'E') {
		e, ok := parseExponent(text[at+1:])
		if !ok {
			return d, false
		}
		exponent, at = exponent+e, len(text)
	}
	if digits == 0 || at < len(text) {
		return d, false
	}
	if negative {
		d = d.Neg()
	}
	return d.Rescale(scale + exponent)
}

func parseExponent(text string) (int, bool) {
	sign := 1
	if text != "" && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	n := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		n = min(n*10+int(text[i]-'0'), 1<<20)
	}
	return sign * n, text != ""
}

// Add returns d + e, which are both of at most 76 digits: so does the sum fit 256 bits.
func (d Decimal) Add(e Decimal) Decimal {
	var carry uint64
	for i := range d {
		d[i], carry = bits.Add64(d[i], e[i], carry)
	}
	return d
}

// Mul returns d * e, and whether that fits 76 digits.
func (d Decimal) Mul(e Decimal) (Decimal, bool) {
	m, n := d.abs(), e.abs()
	var product Decimal
	for i, word := range n {
		if word == 0 {
			continue
		}
		part, ok := m.mul(word)
		for k := len(part) - i; k < len(part); k++ {
			ok = ok && part[k] == 0
		}
		if !ok {
			return Decimal{}, false
		}
		var carry uint64
		for k := i; k < len(product); k++ {
			product[k], carry = bits.Add64(product[k], part[k-i], carry)
		}
		if carry != 0 {
			return Decimal{}, false
		}
	}
	ok := product.cmpUnsigned(powersOf10[MaxPrecision]) < 0
	if d.IsNegative() != e.IsNegative() {
		product = product.Neg()
	}
	return product, ok
}
