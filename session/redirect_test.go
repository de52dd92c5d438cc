package session_test

import (
	"strconv"
	"testing"

	"tessera/session"
)

// Wishes that a link from anyone may carry; the routes that take one are tried
// in app, with the program as it runs.
func TestAttackRedirects(t *testing.T) {
	r, err := session.NewRedirects("https://id.example", "https://app.example/start",
		[]string{
			"https://*.app.example/**", "https://exact.example/cb", "myapp://callback", "https://one.example/*/done",
			"https://*.preview.example/cb", "https://**.deep.example/cb", "http://localhost:*/cb",
		}, true)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]string{
		"/home":                            "https://id.example/home",
		"/a/../b?x=1":                      "https://id.example/b?x=1",
		"/%E4%BD%A0":                       "https://id.example/%E4%BD%A0",
		"https://id.example/x":             "https://id.example/x",
		"https://app.example/any?y=2#frag": "https://app.example/any?y=2",
		"https://eu.app.example/a/b":       "https://eu.app.example/a/b",
		"https://exact.example/cb":         "https://exact.example/cb",
		"https://one.example/x/done":       "https://one.example/x/done",
		"myapp://callback":                 "myapp://callback",
		"https://eu.preview.example/cb":    "https://eu.preview.example/cb",
		"https://a.b.deep.example/cb":      "https://a.b.deep.example/cb",
		"http://localhost:5173/cb":         "http://localhost:5173/cb",
	}
	for wish, want := range allowed {
		if got, ok := r.Check(wish); !ok || got != want {
			t.Errorf("%q: want %q, got %q (%v)", wish, want, got, ok)
		}
	}
	refused := []string{
		"", "//evil.example", "///evil.example", "////evil.example/", "/\\evil.example", "\\\\evil.example", "/%2f/evil.example",
		"/%5cevil.example", "/\tevil", "/ evil", "https:evil.example", "https:/evil.example", "https:///evil.example",
		"http://id.example/x", "https://id.example:8443/x", "https://id.example.evil.example/", "https://id.example@evil.example/",
		"https://evil.example/https://app.example/", "https://evil.example#https://app.example", "https://evil.example?https://app.example",
		"https://evilapp.example/", "https://a.b.app.example.evil/", "https://x.y.app.example/", "https://app.example.evil.example/",
		"https://exact.example/cb/more", "https://exact.example/cb?x=1", "https://exact.example/CB", "https://one.example/a/b/done",
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://app.example/x",
		"myapp://callback/evil", "myapp://other", "https://app.example\\@evil.example/", "https://app.example%2eevil.example/",
		"https://аpp.example/", "https://app。example/", "https://[::1]/", "http://127.0.0.1/", "http://2130706433/", "ftp://app.example/",
		"https://3627734734?x.preview.example/cb", "https://[::1]?.preview.example/cb", "https://evil?.preview.example/cb",
		"https://evil#.preview.example/cb", "https://evil.example/x.deep.example/cb", "https://evil.example?x.deep.example/cb",
		"https://evil@x.preview.example/cb", "https://evil:8.preview.example/cb", "http://localhost:1@evil.example/cb",
		"https://one.example/x?/done", "https://eu.app.example/a/../../b", "https://eu.app.example/a/%2e%2E/b", "https://one.example/../done",
		"https://user:pass@app.example/", "http://localhost:3000/", "\nhttps://evil.example", "https://evil.example\r\nX: y",
	}
	for _, wish := range refused {
		t.Run(strconv.Quote(wish), func(t *testing.T) {
			if got, ok := r.Check(wish); ok {
				t.Errorf("should be refused, went to %q", got)
			}
			if got := r.Resolve(wish); got != "https://app.example/start" {
				t.Errorf("should fall back to the site, went to %q", got)
			}
		})
	}
}
