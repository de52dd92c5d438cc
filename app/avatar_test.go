package app_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

const toAvatar = "/api/v1/me/avatar"

var servedAvatar = regexp.MustCompile(`^/avatars/[0-9a-f]{64}$`)

// plainPicture is a data URL of a square in one colour.
func plainPicture(t *testing.T, c color.Color) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for i := range 40 * 40 {
		img.Set(i%40, i/40, c)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes())
}

// seen is the answer of GET /avatars/..., which anybody may ask.
func seen(t *testing.T, s *apptest.Server, path string) apptest.Answer {
	t.Helper()
	if !servedAvatar.MatchString(path) {
		t.Fatalf("%q is no path of ours", path)
	}
	return s.Do(t, "GET", path, nil)
}

func TestAdoptionOfNicknameAndAvatarIsIndependentAndDeletionIsForGood(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for i, source := range []string{"linuxdo", "google", "github", "wechat", "corp"} {
			withAvatar, withNickname := i%2 == 0, i > 1
			choice := providertest.Choice{Else: &providertest.Person{ID: "770" + fmt.Sprint(i), Nickname: "Trinity"}}
			b := newBrowser(t, s)
			b.visit(toLogin, source, choice)
			waiting := b.want(200, "GET", "/api/v1/auth/pending", nil)
			if waiting.text("avatar_url") != "/api/v1/auth/pending/avatar" || strings.Contains(waiting.raw, "127.0.0.1") {
				t.Fatalf("%s: the provider's own address is shown to nobody: %s", source, waiting.raw)
			}
			if shown := b.want(200, "GET", waiting.text("avatar_url"), nil); !strings.HasPrefix(shown.raw, "\x89PNG") && !strings.HasPrefix(shown.raw, "\xff\xd8") {
				t.Errorf("%s: the preview: %.20q", source, shown.raw)
			}
			newBrowser(t, s).want(404, "GET", waiting.text("avatar_url"), nil) // for this browser only
			b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{"adopt_avatar": withAvatar, "adopt_nickname": withNickname})
			b.refresh()
			me := b.want(200, "GET", "/api/v1/me", nil)
			if servedAvatar.MatchString(me.text("avatar_url")) != withAvatar || (me.text("nickname") == "Trinity") != withNickname {
				t.Fatalf("%s: avatar %v, nickname %v: %s", source, withAvatar, withNickname, me.raw)
			}
			if !withAvatar {
				continue
			}
			path := me.text("avatar_url")
			answer := seen(t, s, path)
			if answer.Status != 200 || answer.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "sandbox") ||
				!strings.Contains(answer.Header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(answer.Header.Get("Content-Type"), "image/") {
				t.Errorf("%s: served: %d %v", source, answer.Status, answer.Header)
			}
			if r := b.want(200, "DELETE", toAvatar, nil); r.text("avatar_url") != "" {
				t.Errorf("%s: deleted: %s", source, r.raw)
			}
			b.want(200, "DELETE", toAvatar, nil) // again, to no effect
			if got := seen(t, s, path).Status; got != 404 {
				t.Errorf("%s: a deleted picture is served: %d", source, got)
			}
			again := newBrowser(t, s)
			again.visit(toLogin, source, choice)
			again.refresh()
			if me := again.want(200, "GET", "/api/v1/me", nil); me.text("avatar_url") != "" {
				t.Errorf("%s: signing in brought it back: %s", source, me.raw)
			}
			binding := bindingOf(t, again, source)
			back := again.want(200, "PUT", toAvatar, map[string]any{"identity_id": binding["identity_id"]})
			if back.text("avatar_url") != path {
				t.Errorf("%s: by choice it comes back: %s", source, back.raw)
			}
		}
	})
}

func bindingOf(t *testing.T, b *browser, source string) map[string]any {
	t.Helper()
	list := b.want(200, "GET", "/api/v1/me/bindings", nil)
	for _, raw := range list.body["data"].([]any) {
		if binding := raw.(map[string]any); binding["source"] == source {
			return binding
		}
	}
	t.Fatalf("no binding of %s: %s", source, list.raw)
	return nil
}

// signedUp is somebody with an address, signed in.
func signedUp(t *testing.T, s *apptest.Server, email string) *browser {
	t.Helper()
	b := newBrowser(t, s)
	b.want(200, "POST", "/auth/v1/signup", map[string]string{"email": email, "password": "correct-horse-9"})
	b.refresh()
	return b
}

func TestEachIssuerIsListedByItsOwnName(t *testing.T) {
	second, err := providertest.Start(t.Context(), providertest.Options{Kind: providertest.OIDC})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true"}})
	corp := s.Providers["oidc"].URL()
	s.Restart(t, `TESSERA_PROVIDERS_OIDC=[{"name":"corp","display_name":"Corp SSO","issuer":"`+corp+`","client_id":"tessera","client_secret":"simulator-key"},`+
		`{"name":"school","display_name":"School","issuer":"`+second.URL()+`","client_id":"tessera","client_secret":"simulator-key"}]`)
	second.Register(providertest.App{ID: "tessera", Secret: "simulator-key", RedirectURIs: []string{s.URL + "/auth/v1/callback/school"}})
	b := signedUp(t, s, "two@example.com")
	for _, source := range []string{"corp", "school"} {
		if r := b.visit(toBind, source, providertest.Choice{}); r.location.Query().Get("linked") != source {
			t.Fatalf("bind %s: %s", source, r.location)
		}
	}
	if one, two := bindingOf(t, b, "corp"), bindingOf(t, b, "school"); one["display_name"] != "Corp SSO" || two["display_name"] != "School" || one["type"] != two["type"] {
		t.Errorf("%v and %v", one, two)
	}
	s.Restart(t, `TESSERA_PROVIDERS_OIDC=[]`)
	b.refresh()
	for _, raw := range b.want(200, "GET", "/api/v1/me/bindings", nil).body["data"].([]any) {
		if binding := raw.(map[string]any); binding["type"] == "oidc" && (binding["source"] != "" || binding["display_name"] != "oidc") {
			t.Errorf("no longer configured: %v", binding)
		}
	}
}

func TestPicturesOfTheProfile(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true"}})
	b := signedUp(t, s, "me@example.com")
	uploaded := b.want(200, "PUT", toAvatar, map[string]string{"data_url": plainPicture(t, color.White)})
	if got := seen(t, s, uploaded.text("avatar_url")); got.Status != 200 || got.Header.Get("Content-Type") != "image/png" {
		t.Errorf("uploaded: %d %v", got.Status, got.Header)
	}
	byURL := b.want(200, "PUT", toAvatar, map[string]string{"url": s.Providers["github"].URL() + "/avatar/somebody.png"})
	if seen(t, s, byURL.text("avatar_url")).Status != 200 || seen(t, s, uploaded.text("avatar_url")).Status != 404 {
		t.Error("the next picture takes the place of the last")
	}
	other := signedUp(t, s, "other@example.com")
	same := other.want(200, "PUT", toAvatar, map[string]string{"url": s.Providers["github"].URL() + "/avatar/somebody.png"})
	if same.text("avatar_url") != byURL.text("avatar_url") {
		t.Errorf("one picture has one address: %s", same.raw)
	}
	b.want(200, "DELETE", toAvatar, nil)
	if seen(t, s, same.text("avatar_url")).Status != 200 {
		t.Error("one user's deletion must not take another's picture")
	}
	if err := s.Providers["linuxdo"].Misbehave(providertest.Faults{}); err != nil {
		t.Fatal(err)
	}
	user := other.want(200, "GET", "/auth/v1/user", nil)
	s.Must(t, 200, "DELETE", "/auth/v1/admin/users/"+user.text("id"), map[string]bool{"should_soft_delete": true}, apptest.Bearer(s.ServiceRoleKey)...)
	if seen(t, s, same.text("avatar_url")).Status != 404 {
		t.Error("a deleted user's picture stays")
	}
}

func TestAvatarAttackRequests(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true"}})
	b, other := signedUp(t, s, "me@example.com"), newBrowser(t, s)
	other.visit(toLogin, "github", providertest.Choice{})
	other.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{})
	other.refresh()
	theirs := bindingOf(t, other, "github")["identity_id"]
	upstream := s.Upstream.URL // on loopback, and allowed to nobody
	for name, c := range map[string]struct {
		status int
		code   string
		field  string
		body   map[string]any
	}{
		"this server":             {422, "picture.address_refused", "url", map[string]any{"url": s.URL + "/readyz"}},
		"a neighbour on loopback": {422, "picture.address_refused", "url", map[string]any{"url": upstream}},
		"a cloud's metadata":      {422, "picture.address_refused", "url", map[string]any{"url": "http://169.254.169.254/latest/meta-data/"}},
		"a file":                  {422, "picture.address_refused", "url", map[string]any{"url": "file:///etc/passwd"}},
		"an identity of another":  {404, "identity.identity_not_found", "identity_id", map[string]any{"identity_id": theirs}},
		"an identity of nobody":   {404, "identity.identity_not_found", "identity_id", map[string]any{"identity_id": "0190b7a2-7e57-7000-8000-000000000001"}},
		"two at once":             {422, "profile.avatar_choice", "url", map[string]any{"url": "https://a.example/", "data_url": "data:image/png;base64,AAAA"}},
		"none":                    {422, "profile.avatar_choice", "data_url", map[string]any{}},
		"an SVG":                  {422, "picture.format_unsupported", "data_url", map[string]any{"data_url": "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte("<svg onload='alert(1)'/>"))}},
		"a web page":              {400, "picture.data_url_invalid", "data_url", map[string]any{"data_url": "data:text/html;base64,PGI+"}},
		"10 MB":                   {413, "*", "", map[string]any{"data_url": "data:image/png;base64," + strings.Repeat("A", 10<<20)}},
		"4 MB":                    {413, "picture.too_large", "data_url", map[string]any{"data_url": "data:image/png;base64," + strings.Repeat("A", 4<<20+64)}},
	} {
		t.Run(name, func(t *testing.T) {
			r := b.want(c.status, "PUT", toAvatar, c.body)
			if c.code != "*" && r.text("code") != c.code || r.text("request_id") == "" || c.field != "" && !strings.Contains(r.raw, `"field":"`+c.field+`"`) {
				t.Errorf("%s", r.raw)
			}
		})
	}
	b.want(404, "GET", fmt.Sprintf("/api/v1/me/bindings/%s/avatar", theirs), nil)
	nobody := newBrowser(t, s)
	for _, call := range [][2]string{{"PUT", toAvatar}, {"DELETE", toAvatar}, {"PATCH", "/api/v1/me"}, {"GET", "/api/v1/me/bindings"}} {
		nobody.want(401, call[0], call[1], map[string]any{})
	}
	for _, path := range []string{"/avatars/", "/avatars/x", "/avatars/" + strings.Repeat("0", 64), "/avatars/" + strings.Repeat("A", 64)} {
		if got := s.Do(t, "GET", path, nil); got.Status != http.StatusNotFound || strings.Contains(got.Raw, "<html") {
			t.Errorf("%s: %d %.80s", path, got.Status, got.Raw)
		}
	}
	if me := b.want(200, "GET", "/api/v1/me", nil); me.text("avatar_url") != "" {
		t.Errorf("something was set: %s", me.raw)
	}
}

func TestAttackNicknamesAreData(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true"}})
	b := signedUp(t, s, "me@example.com")
	const markup = "<img src=x onerror=alert(1)>" // 28 characters
	for typed, want := range map[string]string{
		markup: markup, "  Neo  ": "Neo", "Ne\u0301o": "Néo", "林小雨": "林小雨", "👨‍👩‍👧‍👦 family": "👨‍👩‍👧‍👦 family", "a \u00a0 b": "a b", "": "",
		strings.Repeat("👨‍👩‍👧", 20): strings.Repeat("👨‍👩‍👧", 20), "می\u200cخواهم": "می\u200cخواهم", "{{constructor}}": "{{constructor}}", "'; DROP TABLE users; --": "'; DROP TABLE users; --",
	} {
		if r := b.want(200, "PATCH", "/api/v1/me", map[string]string{"nickname": typed}); r.text("nickname") != want {
			t.Errorf("%q became %q", typed, r.text("nickname"))
		}
	}
	for name, typed := range map[string]string{
		"a line": "a\nb", "a tab": "a\tb", "an escape": "a\x1b[31mb", "an override": "a\u202eb", "an isolate": "a\u2066b", "a mark": "a\u200fb", "a zero width space": "a\u200bb",
		"a byte order mark": "a\ufeffb", "tags": "a\U000e0041b", "a soft hyphen": "a\u00adb", "a filler": "\u3164", "a blank": "\u2800", "only joiners": "\u200d\u200d",
		"33 characters": strings.Repeat("a", 33), "many marks": strings.Repeat("a"+strings.Repeat("\u0301", 20), 20), "a separator": "a\u2028b", "private": "a\ue000b",
	} {
		t.Run(name, func(t *testing.T) {
			if r := b.want(422, "PATCH", "/api/v1/me", map[string]string{"nickname": typed}); !strings.Contains(r.raw, `"field":"nickname"`) {
				t.Errorf("%s", r.raw)
			}
		})
	}
	// A provider's name is cleaned instead: nobody fails to sign in for it.
	other := newBrowser(t, s)
	other.visit(toLogin, "linuxdo", providertest.Choice{Else: &providertest.Person{ID: "9901", Nickname: "<b>\u202eevil\u0007</b>" + strings.Repeat("x", 60)}})
	if waiting := other.want(200, "GET", "/api/v1/auth/pending", nil); waiting.text("nickname") != "<b>evil</b>"+strings.Repeat("x", 21) {
		t.Errorf("the candidate: %q", waiting.text("nickname"))
	}
}

func TestMetadataIsBoundedOnEveryWayIn(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true"}})
	b := signedUp(t, s, "me@example.com")
	big := map[string]any{"x": strings.Repeat("a", 17<<10)}
	refused := func(a apptest.Answer, field string) {
		t.Helper()
		if a.Status != 422 || !strings.Contains(a.Raw, field+" would be 17") {
			t.Errorf("%s: %d %.200s", field, a.Status, a.Raw)
		}
	}
	user := b.want(200, "GET", "/auth/v1/user", nil).text("id")
	admin := apptest.Bearer(s.ServiceRoleKey)
	refused(s.Do(t, "PUT", "/auth/v1/user", map[string]any{"data": big}, apptest.Bearer(b.bearer)...), "data")
	refused(s.Do(t, "POST", "/auth/v1/signup", map[string]any{"email": "a@example.com", "password": "correct-horse-9", "data": big}), "data")
	refused(s.Do(t, "PUT", "/auth/v1/admin/users/"+user, map[string]any{"user_metadata": big}, admin...), "user_metadata")
	refused(s.Do(t, "PUT", "/auth/v1/admin/users/"+user, map[string]any{"app_metadata": big}, admin...), "app_metadata")
	refused(s.Do(t, "POST", "/auth/v1/admin/users", map[string]any{"email": "b@example.com", "app_metadata": big}, admin...), "app_metadata")
	for range 2 { // within the bound each, and not together
		s.Do(t, "PUT", "/auth/v1/user", map[string]any{"data": map[string]any{"y": strings.Repeat("b", 10<<10)}}, apptest.Bearer(b.bearer)...)
	}
	a := s.Do(t, "PUT", "/auth/v1/user", map[string]any{"data": map[string]any{"z": strings.Repeat("c", 7<<10)}}, apptest.Bearer(b.bearer)...)
	if a.Status != 422 {
		t.Errorf("what is there counts too: %d", a.Status)
	}
	s.Must(t, 200, "PUT", "/auth/v1/user", map[string]any{"data": map[string]any{"y": nil, "z": strings.Repeat("c", 7<<10)}}, apptest.Bearer(b.bearer)...)
}

func TestLinkingThroughClientsCanBeOff(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{"TESSERA_AUTH_AUTOCONFIRM=true", "TESSERA_AUTH_MANUAL_LINKING=false"}})
	b := signedUp(t, s, "me@example.com")
	if r := b.want(404, "GET", "/auth/v1/user/identities/authorize?provider=corp", nil); r.text("error_code") != "manual_linking_disabled" {
		t.Errorf("%s", r.raw)
	}
	newBrowser(t, s).want(401, "GET", "/auth/v1/user/identities/authorize?provider=corp", nil)
}
