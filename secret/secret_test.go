package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"tessera/secret"
)

func TestParseReadsWhatEncodeWrites(t *testing.T) {
	key := secret.Generate()
	for _, text := range []string{key.Encode(), " " + key.Encode() + "\n", strings.TrimRight(key.Encode(), "=")} {
		got, err := secret.Parse(text)
		if err != nil || got != key {
			t.Fatalf("Parse(%q): %v", text, err)
		}
	}
	if key == secret.Generate() {
		t.Fatal("two generated keys are equal")
	}
}

func TestParseSaysWhatIsWrongAndHowToMakeAKey(t *testing.T) {
	enc := base64.StdEncoding.EncodeToString
	for name, text := range map[string]string{
		"empty":     "",
		"not text":  "not base64 at all!",
		"too short": enc(make([]byte, 31)),
		"too long":  enc(bytes.Repeat([]byte{7}, 33)),
		"zeros":     enc(make([]byte, 32)),
		"hex":       hex.EncodeToString(bytes.Repeat([]byte{0xab}, 32)),
	} {
		_, err := secret.Parse(text)
		if !errors.Is(err, secret.ErrBadKey) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error shows the input", name)
		}
	}
	if !strings.Contains(secret.ErrBadKey.Hint, "openssl rand -base64 32") {
		t.Error("the hint should hold the line that makes a key")
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	key := secret.Generate()
	raw, _ := base64.StdEncoding.DecodeString(key.Encode())
	asJSON, err := json.Marshal(map[string]any{"key": key, "pointer": &key})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "key", key, "config", struct{ Key secret.Key }{key})
	out := fmt.Sprintf("%v %+v %#v %s %x %q %d %v", key, key, key, key, key, key, key, struct{ K secret.Key }{key}) +
		string(asJSON) + log.String()
	for _, leak := range []string{key.Encode(), hex.EncodeToString(raw), fmt.Sprint(raw), fmt.Sprintf("%d", raw[:4])} {
		if strings.Contains(out, strings.Trim(leak, "[]")) {
			t.Errorf("the key shows as %q in %s", leak, out)
		}
	}
	if !strings.Contains(out, "[secret]") {
		t.Error("a printed key should say that it is one")
	}
}

func TestDeriveSeparatesPurposesAndStaysTheSame(t *testing.T) {
	key, err := secret.Parse(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	a := key.Derive("api-keys", 32)
	if !bytes.Equal(a, key.Derive("api-keys", 32)) {
		t.Error("deriving twice should give the same bytes")
	}
	if bytes.Equal(a, key.Derive("signing-keys", 32)) || bytes.Equal(a, secret.Generate().Derive("api-keys", 32)) {
		t.Error("another purpose or key should give other bytes")
	}
	// A released derivation must never change: stored data depends on it.
	if got, want := hex.EncodeToString(a), "67a41789c994ced7d2d134b90191212652d1945e7529e794acbd5c234bfbb412"; got != want {
		t.Errorf("derived %s, want %s", got, want)
	}
}

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	key := secret.Generate()
	for _, plain := range [][]byte{nil, {0}, []byte("private key"), bytes.Repeat([]byte("x"), 1<<16)} {
		sealed := key.Seal("signing-keys", plain)
		got, err := key.Open("signing-keys", sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: got %d, %v", len(plain), len(got), err)
		}
		if len(plain) > 8 && bytes.Contains(sealed, plain) {
			t.Fatal("sealed data shows the plain text")
		}
		if bytes.Equal(sealed, key.Seal("signing-keys", plain)) {
			t.Fatal("sealing twice should differ")
		}
	}
}

func TestOpenRefusesWhatIsNotItsOwn(t *testing.T) {
	key := secret.Generate()
	sealed := key.Seal("signing-keys", []byte("private"))
	cases := map[string]func() ([]byte, error){
		"other key":     func() ([]byte, error) { return secret.Generate().Open("signing-keys", sealed) },
		"other purpose": func() ([]byte, error) { return key.Open("totp", sealed) },
		"empty":         func() ([]byte, error) { return key.Open("signing-keys", nil) },
		"short":         func() ([]byte, error) { return key.Open("signing-keys", sealed[:20]) },
	}
	for i := range sealed {
		cases[fmt.Sprintf("byte %d flipped", i)] = func() ([]byte, error) {
			broken := bytes.Clone(sealed)
			broken[i] ^= 1
			return key.Open("signing-keys", broken)
		}
	}
	for name, open := range cases {
		if plain, err := open(); !errors.Is(err, secret.ErrCannotOpen) || plain != nil {
			t.Errorf("%s: got %q, %v", name, plain, err)
		}
	}
}
