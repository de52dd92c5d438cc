package app_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

// Names that are markup, or that make their surroundings read otherwise. A
// name is shown as text wherever it is shown, so markup may stay; what no
// reader sees may not.
func TestAttackNickname(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t, apptest.Options{})
	for name, nickname := range map[string]string{
		"a script": "<script>alert(1)</script>", "an image": `<img src=x onerror="alert(1)">`, "the end of a JSON script": `</script><svg onload=alert(1)>`,
		"a template": "{{constructor.constructor('alert(1)')()}}", "an attribute": `" onmouseover="alert(1)`,
		"turned writing": "\u202enimda\u202c", "an isolate": "\u2066admin\u2069", "zero width": "ad\u200bmin", "a joiner": "ad\u2060min",
		"a byte order mark": "\ufeffadmin", "a soft hyphen": "ad\u00admin", "tags": "admin\U000e0061\U000e007f",
		"lines": "admin\r\nSet-Cookie: a=b", "a bell": "admin\a", "a line separator": "admin\u2028alert(1)", "too long": strings.Repeat("x", 5000),
		"stacked marks": "a" + strings.Repeat("\u0301", 500),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, s)
			b.visit(toLogin, "google", providertest.Choice{Else: &providertest.Person{ID: fmt.Sprint(510000 + members.Add(1)), Nickname: nickname}})
			b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{"adopt_nickname": true})
			b.refresh()
			got := b.want(200, "GET", "/api/v1/me", nil).text("nickname")
			if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' }) || len([]rune(got)) > 100 {
				t.Errorf("kept as %q", got)
			}
		})
	}
	t.Run("no answer that holds one is a page", func(t *testing.T) {
		b := newBrowser(t, s)
		b.visit(toLogin, "google", providertest.Choice{Else: &providertest.Person{ID: "599999", Nickname: "<script>alert(1)</script>"}})
		b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{"adopt_nickname": true})
		b.refresh()
		for _, path := range []string{"/api/v1/me", "/auth/v1/user"} {
			a := s.Must(t, 200, "GET", path, nil, apptest.Bearer(b.bearer)...)
			if !strings.Contains(a.Raw, "alert(1)") {
				t.Errorf("%s holds no name: %s", path, a.Raw)
			}
			h := a.Header
			if !strings.HasPrefix(h.Get("Content-Type"), "application/json") || h.Get("X-Content-Type-Options") != "nosniff" ||
				!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: %v", path, h)
			}
		}
	})
}
