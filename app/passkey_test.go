package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tessera/app/apptest"
	"tessera/identity/passkeytest"
)

var passkeySettings = []string{
	autoconfirm, "TESSERA_AUTH_PASSKEYS_RP_ID=tessera.example", "TESSERA_AUTH_PASSKEYS_RP_ORIGINS=https://tessera.example",
}

// ask begins a ceremony and returns its options.
func (b *browser) ask(path string) (challenge string, options json.RawMessage) {
	b.t.Helper()
	r := b.want(200, "POST", path, map[string]string{})
	encoded, err := json.Marshal(r.body["options"])
	if err != nil {
		b.t.Fatal(err)
	}
	if r.text("challenge_id") == "" || r.body["expires_at"] == nil {
		b.t.Errorf("options: %s", r.raw)
	}
	return r.text("challenge_id"), encoded
}

func (b *browser) addPasskey(by passkeytest.Browser) (*passkeytest.Key, string) {
	b.t.Helper()
	challenge, options := b.ask("/auth/v1/passkeys/registration/options")
	key, credential, err := by.Create(options)
	if err != nil {
		b.t.Fatal(err)
	}
	made := b.want(200, "POST", "/auth/v1/passkeys/registration/verify", map[string]any{"challenge_id": challenge, "credential": credential})
	return key, made.text("id")
}

func (b *browser) usePasskey(path string, by passkeytest.Browser, key *passkeytest.Key) map[string]any {
	b.t.Helper()
	challenge, options := b.ask(path)
	credential, err := by.Get(options, key)
	if err != nil {
		b.t.Fatal(err)
	}
	return map[string]any{"challenge_id": challenge, "credential": credential}
}

func TestPasskeysOfOurPagesAndTheSDK(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		by := passkeytest.Browser{Origin: "https://tessera.example", Counts: true}
		owner := newBrowser(t, s)
		owner.signUp("owner@example.com")
		key, id := owner.addPasskey(by)
		owner.want(200, "PATCH", "/auth/v1/passkeys/"+id, map[string]string{"friendly_name": "phone"})
		listed := s.Must(t, 200, "GET", "/auth/v1/passkeys", nil, apptest.Bearer(owner.bearer)...)
		if !strings.HasPrefix(listed.Raw, "[{") || !strings.Contains(listed.Raw, `"friendly_name":"phone"`) {
			t.Errorf("listed: %s", listed.Raw)
		}

		// Our own page: the refresh token goes into the cookie.
		page := newBrowser(t, s)
		in := page.want(200, "POST", "/auth/v1/passkeys/authentication/verify", page.usePasskey("/auth/v1/passkeys/authentication/options", by, key))
		if in.text("refresh_token") != "" || page.refresh().text("access_token") == "" {
			t.Errorf("the cookie holds the session: %s", in.raw)
		}
		// An SDK client: it is in the body.
		challenge, options := page.ask("/auth/v1/passkeys/authentication/options")
		credential, err := by.Get(options, key)
		if err != nil {
			t.Fatal(err)
		}
		sdk := s.Must(t, 200, "POST", "/auth/v1/passkeys/authentication/verify", map[string]any{"challenge_id": challenge, "credential": credential})
		if sdk.Text("refresh_token") == "" {
			t.Errorf("a client's session: %s", sdk.Raw)
		}

		s.Advance(16 * time.Minute)
		owner.wantCode(400, "reauthentication_needed", "POST", "/auth/v1/passkeys/registration/options", map[string]string{})
		owner.wantCode(400, "reauthentication_needed", "DELETE", "/auth/v1/passkeys/"+id, nil)
		access := owner.want(200, "GET", "/api/v1/me/access", nil)
		if !strings.Contains(access.raw, `["passkey","password","email"]`) {
			t.Errorf("ways: %s", access.raw)
		}
		owner.want(200, "POST", "/api/v1/me/access", map[string]any{"passkey": owner.usePasskey("/api/v1/me/access/passkey/options", by, key)})
		owner.want(204, "DELETE", "/auth/v1/passkeys/"+id, nil)
		owner.wantCode(404, "passkey_not_found", "DELETE", "/auth/v1/passkeys/"+id, nil)

		_, id = owner.addPasskey(by)
		service := apptest.Bearer(s.ServiceRoleKey)
		users := "/auth/v1/admin/users/" + in.body["user"].(map[string]any)["id"].(string) + "/passkeys"
		if all := s.Must(t, 200, "GET", users, nil, service...); !strings.Contains(all.Raw, id) {
			t.Errorf("an administrator sees it: %s", all.Raw)
		}
		s.Must(t, 204, "DELETE", users+"/"+id, nil, service...)
		s.Must(t, 404, "DELETE", users+"/"+id, nil, service...)
		s.Must(t, 403, "GET", users, nil, apptest.Bearer(owner.bearer)...)

		guest := newBrowser(t, s)
		guest.bearer = guest.want(200, "POST", "/auth/v1/signup", map[string]string{}).text("access_token")
		guest.want(403, "POST", "/auth/v1/passkeys/registration/options", map[string]string{})
		for body, code := range map[string]string{
			`{}`: "validation_failed", `{"challenge_id":"x","credential":{}}`: "validation_failed",
			`{"challenge_id":"0190b7a2-7e57-4000-8000-000000000001"}`:                 "validation_failed",
			`{"challenge_id":"0190b7a2-7e57-4000-8000-000000000001","credential":{}}`: "webauthn_challenge_not_found",
		} {
			guest.wantCode(400, code, "POST", "/auth/v1/passkeys/authentication/verify", json.RawMessage(body))
		}
		if settings := guest.want(200, "GET", "/auth/v1/settings", nil); settings.body["passkeys_enabled"] != true {
			t.Errorf("settings: %s", settings.raw)
		}
	}, passkeySettings...)
}

func TestPasskeysAreOffWhereTheSiteHasNoName(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{autoconfirm}})
	b := newBrowser(t, s)
	r := b.want(404, "POST", "/auth/v1/passkeys/authentication/options", map[string]string{})
	if r.text("error_code") != "passkey_disabled" || !strings.Contains(r.text("msg"), "127.0.0.1") {
		t.Errorf("it says why: %s", r.raw)
	}
	config := b.want(200, "GET", "/api/v1/public-config", nil)
	if config.body["passkeys_enabled"] != false || !strings.Contains(config.text("passkeys_off"), "127.0.0.1") {
		t.Errorf("so do pages: %s", config.raw)
	}
	b.signUp("owner@example.com")
	if access := b.want(200, "GET", "/api/v1/me/access", nil); strings.Contains(access.raw, "passkey") {
		t.Errorf("nor is it a way to confirm: %s", access.raw)
	}
}
