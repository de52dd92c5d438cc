package token

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// Whatever comes in as a key set: no panic, and every key that is taken is
// bound to one asymmetric algorithm that can use it.
func FuzzParseJWKS(f *testing.F) {
	for _, set := range []string{
		`{"keys":[]}`, `{}`, `[]`, `null`, `{"keys":null}`, `{"keys":[null,5,{}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"8Do4k45KyOFHU8_3sTsjCuwJhqYqpBYMmyzdJZ8Izu0","y":"iU0hKnkdTsAIT1SXsKhFZwGYH-OsvPR3UwQQ-UHDYLg"}]}`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"},{"kty":"OKP","kid":"a"}]}`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","key_ops":["verify"],"use":"sig"}]}`,
		`{"keys":[{"kty":"oct","k":"AAAA","alg":"HS256"}]}`,
	} {
		f.Add([]byte(set))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, _, err := parseJWKS(data)
		if err != nil && keys != nil {
			t.Fatalf("keys with error %v", err)
		}
		for _, k := range keys {
			if k.alg != ES256 && k.alg != RS256 && k.alg != EdDSA {
				t.Fatalf("a key for %q from %s", k.alg, data)
			}
			// The right type: a signature of zeros is wrong, and no more than wrong.
			if err := jwt.GetSigningMethod(k.alg).Verify("x.y", make([]byte, 64), k.value); err == nil || errorIsKeyType(err) {
				t.Fatalf("key %+v: %v", k, err)
			}
		}
	})
}

func errorIsKeyType(err error) bool {
	return err == jwt.ErrInvalidKeyType || err == jwt.ErrInvalidKey //nolint:errorlint // the library returns these very values
}
