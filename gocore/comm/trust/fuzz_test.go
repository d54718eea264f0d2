package trust

import (
	"bytes"
	"testing"
)

// FuzzTokenBody is past the checksum, which a mutation never hits.
func FuzzTokenBody(f *testing.F) {
	s, err := NewState()
	if err != nil {
		f.Fatal(err)
	}
	t, err := s.Issue(TokenSpec{Addresses: []string{"h:1"}, WorldSize: 3})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(t.body())
	f.Fuzz(func(t *testing.T, body []byte) {
		if token, err := parseTokenBody(body); err == nil && !bytes.Equal(token.body(), body) {
			t.Fatalf("%x parses as %x", body, token.body())
		}
	})
}
