package providertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"
)

// draft is an id_token on its way, which faults change.
type draft struct {
	header, claims map[string]any
	sign           func(input string) []byte
	// raw replaces the encoded header, when it cannot be made from a map.
	rawHeader string
	// after changes the finished token.
	after func(token string) string
}

// idToken makes the token of a grant; "" when a fault leaves it out.
func (p oidc) idToken(g *grant, accessToken, code string, in ills) string {
	if in.has("id_token_missing") {
		return ""
	}
	key := p.keys.current()
	now := p.now()
	d := &draft{
		header: map[string]any{"alg": key.alg, "kid": key.kid, "typ": "JWT"},
		claims: p.profile(g.person, in),
		sign:   key.sign,
	}
	for name, value := range map[string]any{
		"iss": p.URL(), "sub": p.subject(g.person), "aud": g.AppID, "azp": g.AppID, "nonce": g.Nonce,
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(), "auth_time": now.Unix(),
		"at_hash": halfHash(key.alg, accessToken), "c_hash": halfHash(key.alg, code),
	} {
		d.claims[name] = value
	}
	for _, name := range in {
		p.spoilClaims(d.claims, name, now)
		p.spoilHeader(d, name, key)
		p.spoilSignature(d, name, key, g.AppID)
	}
	return d.token()
}

func (d *draft) token() string {
	header := d.rawHeader
	if header == "" {
		header = encode(d.header)
	}
	input := header + "." + encode(d.claims)
	token := input + "." + b64(d.sign(input))
	if d.after != nil {
		token = d.after(token)
	}
	return token
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return b64(text)
}

// halfHash is at_hash and c_hash (OIDC Core section 3.1.3.6).
func halfHash(alg, value string) string {
	if alg == "EdDSA" {
		sum := sha512.Sum512([]byte(value))
		return b64(sum[:32])
	}
	sum := sha256.Sum256([]byte(value))
	return b64(sum[:16])
}

// spoilClaims applies the faults of the claims.
func (p oidc) spoilClaims(claims map[string]any, name string, now time.Time) {
	switch name {
	case "iss_wrong":
		claims["iss"] = "https://attacker.example.com"
	case "iss_slash":
		claims["iss"] = p.URL() + "/"
	case "iss_bare":
		claims["iss"] = strings.TrimPrefix(p.URL(), "http://")
	case "aud_wrong":
		claims["aud"], claims["azp"] = "another-client", "another-client"
	case "aud_many":
		claims["aud"] = []any{claims["aud"], "another-client"}
		delete(claims, "azp")
	case "azp_wrong":
		claims["azp"] = "another-client"
	case "nonce_wrong":
		claims["nonce"] = "the-nonce-of-another-flow"
	case "nonce_case":
		claims["NONCE"] = claims["nonce"]
		delete(claims, "nonce")
	case "expired":
		claims["exp"], claims["iat"] = now.Add(-2*time.Minute).Unix(), now.Add(-12*time.Minute).Unix()
	case "exp_text":
		claims["exp"] = "9999999999"
	case "iat_old":
		claims["iat"] = now.Add(-24 * time.Hour).Unix()
	case "iat_future":
		claims["iat"] = now.Add(10 * time.Minute).Unix()
	case "nbf_future":
		claims["nbf"] = now.Add(10 * time.Minute).Unix()
	case "at_hash_wrong":
		claims["at_hash"] = halfHash("", "another token")
	case "c_hash_wrong":
		claims["c_hash"] = halfHash("", "another code")
	case "sub_number":
		claims["sub"] = 1001
	case "sub_long":
		claims["sub"] = strings.Repeat("s", 300)
	case "iss_missing", "aud_missing", "nonce_missing", "exp_missing", "iat_missing", "sub_missing":
		delete(claims, strings.TrimSuffix(name, "_missing"))
	}
}

// spoilHeader applies the faults of the header that keep a real signature, or
// the attacker's.
func (p oidc) spoilHeader(d *draft, name string, key *keyPair) {
	attacker := p.keys.attacker
	switch name {
	case "alg_mismatch":
		d.header["alg"] = map[bool]string{true: "ES256", false: "RS256"}[key.alg == "RS256"]
	case "key_other":
		d.sign = attacker.sign
	case "kid_unknown":
		d.header["kid"], d.sign = "attacker", attacker.sign
	case "kid_path":
		d.header["kid"], d.sign = "../../../../dev/null", hmacWith(nil)
	case "kid_sql":
		d.header["kid"], d.sign = "x' UNION SELECT 'attacker", attacker.sign
	case "kid_number":
		d.header["kid"], d.sign = 0, attacker.sign
	case "jku":
		d.header["jku"], d.header["kid"], d.sign = p.URL()+"/attacker/jwks", "attacker", attacker.sign
	case "x5u":
		d.header["x5u"], d.header["kid"], d.sign = p.URL()+"/attacker/jwks", "attacker", attacker.sign
	case "jwk":
		d.header["jwk"], d.sign = attacker.jwk(key.kid), attacker.sign
	case "crit":
		d.header["crit"], d.header["b64"] = []string{"b64"}, true
	case "typ_access_token":
		d.header["typ"] = "at+jwt"
	case "jwks_without_kid":
		delete(d.header, "kid")
	case "duplicate_header":
		d.rawHeader = b64([]byte(`{"alg":"none","kid":"` + key.kid + `","alg":"` + key.alg + `"}`))
		d.sign = attacker.sign
	}
}

// spoilSignature applies the faults of the signature.
func (p oidc) spoilSignature(d *draft, name string, key *keyPair, appID string) {
	hs256 := func(kid string, secret []byte) {
		d.header["alg"], d.header["kid"], d.sign = "HS256", kid, hmacWith(secret)
	}
	switch name {
	case "alg_none":
		d.header["alg"], d.sign = "none", func(string) []byte { return nil }
	case "alg_none_signed":
		d.header["alg"] = "none"
	case "alg_none_case":
		d.header["alg"], d.sign = "nOnE", func(string) []byte { return nil }
	case "hs256_public_key_pem":
		hs256(key.kid, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key.der()}))
	case "hs256_public_key_der":
		hs256(key.kid, key.der())
	case "hs256_public_jwk":
		text, err := json.Marshal(key.jwk(key.kid))
		if err == nil {
			hs256(key.kid, text)
		}
	case "hs256_client_secret":
		app, _ := p.app(appID)
		hs256(key.kid, []byte(app.Secret))
	case "jwks_symmetric":
		hs256("symmetric", symmetric)
	case "signature_wrong":
		d.sign = func(input string) []byte {
			signature := key.sign(input)
			signature[len(signature)-1] ^= 1
			return signature
		}
	case "signature_missing":
		d.sign = func(string) []byte { return nil }
	case "claims_changed":
		d.after = func(token string) string {
			parts := strings.Split(token, ".")
			d.claims["sub"] = p.subject(Person{ID: "victim"})
			return parts[0] + "." + encode(d.claims) + "." + parts[2]
		}
	case "json_form":
		d.after = func(token string) string {
			parts := strings.Split(token, ".")
			text, err := json.Marshal(map[string]string{"protected": parts[0], "payload": parts[1], "signature": parts[2]})
			if err != nil {
				return ""
			}
			return string(text)
		}
	}
}

func hmacWith(secret []byte) func(string) []byte {
	return func(input string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}
