package trust_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

func newState(t testing.TB) *trust.State {
	t.Helper()
	s, err := trust.NewState()
	require.NoError(t, err)
	return s
}

func issue(t testing.TB, s *trust.State) trust.Token {
	t.Helper()
	token, err := s.Issue(trust.TokenSpec{Addresses: []string{"rendezvous.example:7474", "192.0.2.1:7474"}, WorldSize: 4, Attempt: 2, Expiry: time.Minute})
	require.NoError(t, err)
	return token
}

func TestTokenRoundTrip(t *testing.T) {
	token := issue(t, newState(t))
	back, err := trust.ParseToken(" " + token.Text() + "\n")
	require.NoError(t, err)
	require.Equal(t, token, back)
	require.Equal(t, 4, back.WorldSize())
	require.Equal(t, []string{"rendezvous.example:7474", "192.0.2.1:7474"}, back.Addresses())
	require.Less(t, len(token.Text()), 400)
}

func TestTokensShareNothing(t *testing.T) {
	s := newState(t)
	a, b := issue(t, s), issue(t, s)
	require.NotEqual(t, a.JobKey(), b.JobKey())
	require.NotEqual(t, a.Derive(trust.StoreKeys), b.Derive(trust.StoreKeys))
	require.NotEqual(t, a.HostID(), b.HostID(), "a host's id says nothing outside its job")
	require.Equal(t, a.HostID(), a.HostID())
}

func TestMalformedTokens(t *testing.T) {
	text := issue(t, newState(t)).Text()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "pcy1."))
	require.NoError(t, err)
	flipped := bytes.Clone(raw)
	flipped[10] ^= 1
	for name, text := range map[string]string{
		"empty": "", "another thing": "hello", "newer": "pcy9." + text[5:], "cut": text[:len(text)-5],
		"one bit": "pcy1." + base64.RawURLEncoding.EncodeToString(flipped), "no body": "pcy1.", "long": "pcy1." + strings.Repeat("A", 5000),
		"description": issue(t, newState(t)).String(),
	} {
		_, err := trust.ParseToken(text)
		require.Equal(t, status.Unauthenticated, status.CodeOf(err), name)
		if len(text) > 20 {
			require.NotContains(t, err.Error(), text[5:20], "an error holds none of the text")
		}
	}
}

func TestNothingPrintsTheSecret(t *testing.T) {
	token := issue(t, newState(t))
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token.Text(), "pcy1."))
	require.NoError(t, err)
	seed := raw[len(raw)-36 : len(raw)-4]
	type config struct{ Token trust.Token }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{token, &token, config{token}, []trust.Token{token}} {
			text := fmt.Sprintf(verb, v)
			require.NotContains(t, text, token.Text()[100:150])
			require.NotContains(t, text, fmt.Sprintf("%x", seed[:8]))
			require.NotContains(t, text, strings.Trim(fmt.Sprint(seed[:8]), "[]"))
		}
	}
	_, err = json.Marshal(token)
	require.Error(t, err)
	require.NotContains(t, err.Error(), token.Text()[100:150])
}

func TestIssueRefusesNonsense(t *testing.T) {
	s := newState(t)
	good := trust.TokenSpec{Addresses: []string{"h:1"}, WorldSize: 1}
	for name, change := range map[string]func(*trust.TokenSpec){
		"no ranks":        func(p *trust.TokenSpec) { p.WorldSize = 0 },
		"too many ranks":  func(p *trust.TokenSpec) { p.WorldSize = trust.MaxWorldSize + 1 },
		"no address":      func(p *trust.TokenSpec) { p.Addresses = nil },
		"no port":         func(p *trust.TokenSpec) { p.Addresses = []string{"h"} },
		"port 0":          func(p *trust.TokenSpec) { p.Addresses = []string{"h:0"} },
		"no host":         func(p *trust.TokenSpec) { p.Addresses = []string{":1"} },
		"long address":    func(p *trust.TokenSpec) { p.Addresses = []string{strings.Repeat("h", 300) + ":1"} },
		"many addresses":  func(p *trust.TokenSpec) { p.Addresses = make([]string, 9) },
		"negative expiry": func(p *trust.TokenSpec) { p.Expiry = -time.Second },
	} {
		spec := good
		change(&spec)
		_, err := s.Issue(spec)
		require.Equal(t, status.Invalid, status.CodeOf(err), name)
	}
	_, err := s.Issue(good)
	require.NoError(t, err)
}

func TestGrants(t *testing.T) {
	s := newState(t)
	token := issue(t, s)
	grant, now := token.Grant().AppendMarshal(nil), time.Now()
	verify := func(s *trust.State, change func(grant []byte), at time.Time) error {
		g := bytes.Clone(grant)
		change(g)
		_, err := s.VerifyGrant(g, token.GrantSignature(), at)
		return err
	}
	require.NoError(t, verify(s, func([]byte) {}, now))
	for name, err := range map[string]error{
		"another issuer": verify(newState(t), func([]byte) {}, now),
		"another job":    verify(s, func(g []byte) { g[1]++ }, now),
		"a larger world": verify(s, func(g []byte) { g[33]++ }, now),
		"a new attempt":  verify(s, func(g []byte) { g[37]++ }, now),
		"a longer life":  verify(s, func(g []byte) { g[41]++ }, now),
		"expired":        verify(s, func([]byte) {}, now.Add(time.Hour)),
	} {
		require.Equal(t, status.Unauthenticated, status.CodeOf(err), name)
		require.Contains(t, err.Error(), "make", "what to do")
	}

	next := s.Retry(token, time.Minute)
	require.Equal(t, token.JobKey(), next.JobKey())
	require.Equal(t, token.Grant().Attempt+1, next.Grant().Attempt)
	_, err := s.VerifyGrant(next.Grant().AppendMarshal(nil), next.GrantSignature(), now)
	require.NoError(t, err)
}

func TestMAC(t *testing.T) {
	s := newState(t)
	token := issue(t, s)
	mac := token.MAC([]byte("member"))
	require.True(t, token.VerifyMAC([]byte("member"), mac))
	require.False(t, token.VerifyMAC([]byte("Member"), mac))
	require.False(t, issue(t, s).VerifyMAC([]byte("member"), mac), "of another job")
	require.False(t, s.Retry(token, time.Minute).VerifyMAC([]byte("member"), mac), "of another attempt")
	mac[15] ^= 1
	require.False(t, token.VerifyMAC([]byte("member"), mac))
}

func FuzzParseToken(f *testing.F) {
	s := newState(f)
	f.Add(issue(f, s).Text())
	f.Add("pcy1.")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := trust.ParseToken(text)
		text = strings.NewReplacer("\r", "", "\n", "").Replace(strings.TrimSpace(text)) // wrapped lines are fine
		if err == nil && token.Text() != text {
			t.Fatalf("%q parses as %q", text, token.Text())
		}
	})
}

// FuzzGrant: what a grant parses as is what it says, and no change of it passes for the issuer's.
func FuzzGrant(f *testing.F) {
	state := newState(f)
	token := issue(f, state)
	own := token.Grant().AppendMarshal(nil)
	f.Add(own)
	f.Fuzz(func(t *testing.T, grant []byte) {
		if g, err := trust.ParseGrant(grant); err == nil {
			require.Equal(t, grant, g.AppendMarshal(nil))
		}
		if _, err := state.VerifyGrant(grant, token.GrantSignature(), time.Now()); err == nil {
			require.Equal(t, own, grant)
		}
	})
}
