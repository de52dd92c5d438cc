package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"tessera/fault"
	"tessera/provider"
)

const (
	fuzzIssuer   = "https://login.example.com"
	fuzzClient   = "client"
	fuzzNonce    = "nonce-of-the-flow"
	fuzzKid      = "k1"
	acceptedBody = `{"iss":"https://login.example.com","sub":"s","aud":"client","exp":1800000600,"iat":1800000000,"nonce":"nonce-of-the-flow"}`
)

var fuzzNow = time.Unix(1_800_000_000, 0)

// offline is a provider that knows an issuer's documents and fetches nothing.
func offline(t testing.TB) (*Provider, *ecdsa.PrivateKey) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Config{Issuer: fuzzIssuer, ClientID: fuzzClient}, provider.Runtime{Now: func() time.Time { return fuzzNow }})
	if err != nil {
		t.Fatal(err)
	}
	unwilling := errors.New("nothing is fetched here")
	p.metadata.value, p.metadata.fetched = metadata{algs: algs}, fuzzNow
	p.metadata.fetch = func(context.Context) (metadata, error) { return metadata{}, unwilling }
	p.keys.value, p.keys.fetched = []key{{Key: private.Public(), KeyID: fuzzKid, Algorithm: "ES256", Use: "sig"}}, fuzzNow
	p.keys.fetch = func(context.Context) ([]key, error) { return nil, unwilling }
	return p, private
}

// signed makes a token of any header and claims, rightly signed.
func signed(t testing.TB, private *ecdsa.PrivateKey, header, claims string) string {
	t.Helper()
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	h := crypto.SHA256.New()
	h.Write([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, private, h.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// FuzzIDToken signs whatever header and claims come, so that every rule behind
// the signature is reached, and asks go-oidc about each token that we accept.
func FuzzIDToken(f *testing.F) {
	const header = `{"alg":"ES256","kid":"k1","typ":"JWT"}`
	for _, claims := range []string{
		acceptedBody,
		strings.Replace(acceptedBody, `"client"`, `["client","other"],"azp":"client"`, 1),
		strings.Replace(acceptedBody, `"client"`, `["client",7]`, 1),
		strings.Replace(acceptedBody, `1800000600`, `1.8000006e9`, 1),
		strings.Replace(acceptedBody, `1800000600`, `1e400`, 1),
		strings.Replace(acceptedBody, `"s"`, `"s","sub":"t"`, 1),
		strings.Replace(acceptedBody, `"s"`, `{"a":[[[]]]}`, 1),
		`{}`, `[]`, `null`, `7`, ``,
	} {
		f.Add(header, claims, true)
	}
	for _, other := range []string{`{"alg":"none"}`, `{"alg":"ES256"}`, `{"alg":"ES256","kid":"k1","crit":[]}`, `{"alg":"HS256","kid":"k1"}`, `{"ALG":"ES256"}`, `7`} {
		f.Add(other, acceptedBody, true)
		f.Add(other, acceptedBody, false)
	}
	p, private := offline(f)
	oracle := goidc.NewVerifier(fuzzIssuer, &goidc.StaticKeySet{PublicKeys: []crypto.PublicKey{private.Public()}}, &goidc.Config{
		ClientID: fuzzClient, SupportedSigningAlgs: algs,
		Now: func() time.Time { return fuzzNow.Add(-leeway) }, // it knows no leeway
	})
	f.Fuzz(func(t *testing.T, header, claims string, rightly bool) {
		token := header + "." + claims
		if rightly {
			token = signed(t, private, header, claims)
		}
		got, err := p.verify(t.Context(), token, expectation{nonce: fuzzNonce, accessToken: "token", code: "code"})
		if err != nil {
			if !errors.Is(err, provider.ErrUntrusted) {
				t.Fatalf("%q: %v is not ErrUntrusted", token, err)
			}
			return
		}
		if !rightly {
			t.Fatalf("a token without a signature was accepted: %q", token)
		}
		if ambiguous(got) {
			return // go-oidc reads "SUB" as "sub"
		}
		if theirs, err := oracle.Verify(t.Context(), token); err != nil || theirs.Subject != got.Text("sub") || theirs.Nonce != fuzzNonce {
			t.Fatalf("go-oidc differs about %s %s: %+v, %v", header, claims, theirs, err)
		}
	})
}

// ambiguous reports whether names differ in case only, or are go-oidc's own.
func ambiguous(claims provider.Object) bool {
	seen := map[string]bool{}
	for name := range claims {
		lower := strings.ToLower(name)
		if seen[lower] || lower != name || strings.HasPrefix(lower, "_claim") {
			return true
		}
		seen[lower] = true
	}
	return false
}

// The seed that everything else is a variation of must be accepted, or the fuzz
// target would look at refusals only.
func TestFuzzSeedIsAccepted(t *testing.T) {
	t.Parallel()
	p, private := offline(t)
	for _, header := range []string{`{"alg":"ES256","kid":"k1"}`, `{"alg":"ES256"}`, `{"alg":"ES256","kid":"k1","jku":"https://attacker.example.com"}`} {
		if _, err := p.verify(t.Context(), signed(t, private, header, acceptedBody), expectation{nonce: fuzzNonce}); err != nil {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func FuzzUserInfo(f *testing.F) {
	for _, body := range []string{
		`{"sub":"s","name":"n","email":"a@b.example","email_verified":"true","picture":"https://a.example/p.png"}`,
		`{"sub":7}`, `{"sub":"\u0000"}`, `{"sub":"s","name":"\ud800"}`, `{"picture":"javascript:alert(1)"}`, `[{}]`, `{`, ``,
		`{"sub":"s","email":"a@b\r\nBcc: c@d"}`, `{"sub":"s","name":"\u202e"}`,
	} {
		f.Add([]byte(body))
	}
	p, _ := offline(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		info, err := provider.DecodeObject(body)
		if err != nil {
			return
		}
		person, err := p.person(info, info).Vetted()
		var known *fault.Fault
		if err != nil {
			if !errors.As(err, &known) {
				t.Fatalf("%q: %v is no fault", body, err)
			}
			return
		}
		if person.Subject != info.Text("sub") || person.Key != fuzzIssuer || strings.ContainsAny(person.Nickname+person.Email, "\r\n\x00\u202e") ||
			person.AvatarURL != "" && !strings.HasPrefix(strings.ToLower(person.AvatarURL), "http") {
			t.Fatalf("%q gave %+v", body, person)
		}
		if _, err := json.Marshal(person); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
	})
}

func FuzzDocuments(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://login.example.com","authorization_endpoint":"https://a.example","token_endpoint":"https://a.example","jwks_uri":"https://a.example"}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AA","e":"AQAB"},7,null]}`))
	f.Add([]byte(`{"keys":{"a":1},"id_token_signing_alg_values_supported":["none"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		document, err := provider.DecodeObject(body)
		if err != nil {
			return
		}
		if md, err := readMetadata(fuzzIssuer, document); err == nil {
			for _, endpoint := range []string{md.authorization, md.token, md.jwks} {
				if !strings.HasPrefix(strings.ToLower(endpoint), "https://") {
					t.Fatalf("%q leads to %q", body, endpoint)
				}
			}
		}
		for _, k := range readKeys(document) {
			if _, symmetric := k.Key.([]byte); symmetric || !k.IsPublic() {
				t.Fatalf("%q gave a key that is not public", body)
			}
			for _, alg := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512, "none", ""} {
				if fits(k, string(alg)) {
					t.Fatalf("%q gave a key for %q", body, alg)
				}
			}
		}
	})
}
