package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

// office is the administrator at work.
type office struct {
	*browser
	selfID string
}

func newOffice(t *testing.T, s *apptest.Server) office {
	t.Helper()
	b := newBrowser(t, s)
	signedIn := s.SignIn(t, s.Admin)
	b.bearer = signedIn.Text("access_token")
	user, _ := signedIn.Body["user"].(map[string]any)
	id, _ := user["id"].(string)
	return office{b, id}
}

// textOf and listOf are members of a JSON object; zero where they are none.
func textOf(object any, key string) string {
	members, _ := object.(map[string]any)
	text, _ := members[key].(string)
	return text
}

func listOf(object map[string]any, key string) []any {
	list, _ := object[key].([]any)
	return list
}

const usersPath = "/api/v1/admin/users"

func (o office) list(query url.Values) (ids []string, next string) {
	o.t.Helper()
	r := o.want(200, "GET", usersPath+"?"+query.Encode(), nil)
	for _, line := range listOf(r.body, "data") {
		ids = append(ids, textOf(line, "id"))
	}
	next, _ = r.body["next"].(string)
	return ids, next
}

// join makes a user, and returns the id and a browser that is signed in.
func join(t *testing.T, s *apptest.Server, email string) (*browser, string) {
	t.Helper()
	b := newBrowser(t, s)
	r := b.want(200, "POST", "/auth/v1/signup", map[string]string{"email": email, "password": ownPassword})
	b.bearer = r.text("access_token")
	return b, textOf(r.body["user"], "id")
}

func TestUserListOverHTTP(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		o := newOffice(t, s)
		all := map[string]bool{o.selfID: true}
		for i := range 6 {
			_, id := join(t, s, fmt.Sprintf("person%d@example.com", i))
			all[id] = true
		}
		seen := map[string]bool{}
		q := url.Values{"limit": {"2"}, "sort": {"email"}, "order": {"asc"}}
		for range 10 {
			ids, next := o.list(q)
			for _, id := range ids {
				if seen[id] {
					t.Errorf("%s is listed twice", id)
				}
				seen[id] = true
			}
			if next == "" {
				break
			}
			q.Set("cursor", next)
		}
		if len(seen) != len(all) {
			t.Errorf("%d of %d users by pages", len(seen), len(all))
		}
		if ids, _ := o.list(url.Values{"search": {"PERSON3"}}); len(ids) != 1 {
			t.Errorf("a search finds %v", ids)
		}
		if ids, _ := o.list(url.Values{"status": {"administrator"}}); len(ids) != 1 || ids[0] != o.selfID {
			t.Errorf("the administrators are %v", ids)
		}
		plain, _ := join(t, s, "plain@example.com")
		plain.wantCode(403, "access.administrator_only", "GET", usersPath, nil)
		// What an anonymous or ordinary user may not list, the first page does not hold either.
		if r := o.want(200, "GET", usersPath+"?limit=200", nil); strings.Contains(r.raw, "argon2id") || strings.Contains(r.raw, "password_hash") {
			t.Error("a password hash is in the list")
		}
	}, autoconfirm)
}

func TestUserPageOverHTTP(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		o := newOffice(t, s)
		person, id := join(t, s, "person@example.com")
		path := usersPath + "/" + id
		got := o.want(200, "GET", path, nil)
		if got.text("email") != "person@example.com" || got.text("status") != "active" || len(listOf(got.body, "sessions")) != 1 ||
			len(listOf(got.body, "identities")) != 1 || got.body["is_self"] != false {
			t.Fatalf("the page of a user: %s", got.raw)
		}
		if strings.Contains(got.raw, "argon2id") {
			t.Error("the password hash is on the page")
		}
		o.wantCode(422, "identity.disable_time", "POST", path+"/disable", map[string]any{"reason": "spam"})
		o.wantCode(422, "identity.disable_time", "POST", path+"/disable", map[string]any{"reason": "spam", "until": "2020-01-01T00:00:00Z"})
		o.wantCode(422, "identity.reason_missing", "POST", path+"/disable", map[string]any{"reason": "  ", "forever": true})
		disabled := o.want(200, "POST", path+"/disable", map[string]any{"reason": "spam", "forever": true})
		if disabled.text("status") != "disabled" || len(listOf(disabled.body, "sessions")) != 0 {
			t.Errorf("after disabling: %s", disabled.raw)
		}
		person.want(401, "GET", "/api/v1/me", nil)
		person.want(403, "GET", "/auth/v1/user", nil)
		person.want(400, "POST", "/auth/v1/token?grant_type=password", map[string]string{"email": "person@example.com", "password": ownPassword})
		if o.want(200, "POST", path+"/enable", map[string]any{}).text("status") != "active" {
			t.Error("enabled again, but not active")
		}
		person.signIn("person@example.com")
		person.want(200, "GET", "/api/v1/me", nil)

		o.want(200, "PUT", path+"/role", map[string]any{"is_admin": true})
		person.want(200, "GET", usersPath, nil)
		o.wantCode(422, "identity.own_account", "PUT", usersPath+"/"+o.selfID+"/role", map[string]any{"is_admin": false})
		o.wantCode(422, "identity.own_account", "POST", usersPath+"/"+o.selfID+"/disable", map[string]any{"forever": true, "reason": "x"})
		o.want(200, "PUT", path+"/role", map[string]any{"is_admin": false})
		person.wantCode(403, "access.administrator_only", "GET", usersPath, nil)

		sessions := listOf(o.want(200, "GET", path, nil).body, "sessions")
		first := textOf(sessions[0], "id")
		o.want(200, "DELETE", path+"/sessions/"+first, nil)
		person.want(401, "GET", "/api/v1/me", nil)
		o.want(404, "DELETE", path+"/sessions/"+first, nil)
		person.signIn("person@example.com")
		o.want(200, "DELETE", path+"/sessions", nil)
		person.want(401, "GET", "/api/v1/me", nil)

		identity := textOf(listOf(got.body, "identities")[0], "id")
		o.wantCode(422, "identity.last_way_in", "DELETE", path+"/identities/"+identity, nil)

		audit := o.want(200, "GET", path+"/audit?limit=200", nil)
		for _, action := range []string{"user_disabled", "user_enabled", "admin_granted", "admin_revoked", "sessions_ended", "user_signedup"} {
			if !strings.Contains(audit.raw, `"`+action+`"`) {
				t.Errorf("%s is not in the audit log", action)
			}
		}
		if !strings.Contains(audit.raw, `"spam"`) || !strings.Contains(audit.raw, s.Admin.Email) {
			t.Error("the audit log lacks the reason or who did it")
		}
		page := o.want(200, "GET", path+"/audit?limit=1", nil)
		if next := page.text("next"); next == "" || o.want(200, "GET", path+"/audit?limit=1&before="+next, nil).raw == page.raw {
			t.Errorf("the audit log has no second page: %s", page.raw)
		}
		o.want(404, "GET", usersPath+"/0190b7a2-7e57-7000-8000-000000000001", nil)
	}, autoconfirm)
}

// With a session that has not shown who it is for long, an administrator reads
// and ends sessions, and decides nothing.
func TestAdministrationNeedsAConfirmedSessionAttack(t *testing.T) {
	s := apptest.Start(t, apptest.Options{Settings: []string{autoconfirm, "TESSERA_AUTH_REAUTHENTICATE_AFTER=1s"}})
	o := newOffice(t, s)
	_, id := join(t, s, "person@example.com")
	time.Sleep(1200 * time.Millisecond)
	const needed = "session.confirmation_needed"
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", usersPath + "/" + id + "/disable", map[string]any{"forever": true, "reason": "x"}},
		{"POST", usersPath + "/" + id + "/enable", map[string]any{}},
		{"PUT", usersPath + "/" + id + "/role", map[string]any{"is_admin": true}},
		{"DELETE", usersPath + "/" + id + "/identities/" + id, nil},
		{"POST", "/api/v1/admin/providers", map[string]any{"name": "x", "type": "oidc"}},
		{"PATCH", "/api/v1/admin/providers/x", map[string]any{"version": 1}},
		{"DELETE", "/api/v1/admin/providers/x", nil},
		{"PUT", "/api/v1/admin/policies/sources", map[string]any{"version": 0, "policy": map[string]any{"sources": map[string]any{}}}},
		{"PATCH", "/api/v1/admin/policies/sources", map[string]any{"version": 0, "sources": map[string]any{}}},
	} {
		t.Run(c.method+" "+strings.ReplaceAll(c.path, id, "id"), func(t *testing.T) {
			o.browser.t = t
			o.wantCode(403, needed, c.method, c.path, c.body)
		})
	}
	o.browser.t = t
	o.want(200, "GET", usersPath+"/"+id, nil)
	o.want(200, "DELETE", usersPath+"/"+id+"/sessions", nil)
}

const providersPath = "/api/v1/admin/providers"

// extra starts one more OpenID provider, that no configuration knows.
func extra(t *testing.T, s *apptest.Server, redirectURI string) *providertest.Simulator {
	t.Helper()
	sim, err := providertest.Start(t.Context(), providertest.Options{Kind: providertest.OIDC})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	sim.Register(providertest.App{ID: "runtime", Secret: "runtime-secret-0123456789", Name: "Tessera", RedirectURIs: []string{redirectURI}})
	return sim
}

// offered reports whether the sign-in page shows a source.
func offered(t *testing.T, s *apptest.Server, name string) bool {
	t.Helper()
	return strings.Contains(s.Must(t, http.StatusOK, "GET", "/api/v1/public-config", nil).Raw, `"name":"`+name+`"`)
}

func TestProviderSetUpAtRunTime(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		o := newOffice(t, s)
		listed := o.want(200, "GET", providersPath, nil)
		for _, part := range []string{`"origin":"configuration"`, `"name":"corp"`, `"type":"wechat"`, `"kind":"secret"`} {
			if !strings.Contains(listed.raw, part) {
				t.Errorf("the list lacks %s", part)
			}
		}
		if strings.Contains(listed.raw, "simulator-key") {
			t.Error("a secret of the configuration is shown")
		}
		o.wantCode(422, "provider.fixed", "PATCH", providersPath+"/corp", map[string]any{"version": 1, "is_enabled": false})
		o.wantCode(422, "provider.fixed", "DELETE", providersPath+"/corp", nil)
		if r := o.want(200, "POST", providersPath+"/corp/test", map[string]any{}); strings.Contains(r.raw, `"ok":false`) {
			t.Errorf("the provider of the configuration: %s", r.raw)
		}
		o.wantCode(409, "provider.type_taken", "POST", providersPath, map[string]any{
			"name": "github2", "type": "github", "config": map[string]any{"client_id": "x"}, "secrets": map[string]any{"client_secret": "y"},
		})

		const secret = "runtime-secret-0123456789"
		body := map[string]any{
			"name": "lab", "type": "oidc", "display_name": "Laboratory",
			"config": map[string]any{"issuer": "http://127.0.0.1:1", "client_id": "runtime"}, "secrets": map[string]any{"client_secret": "wrong-one-0123456789"},
		}
		made := o.want(200, "POST", providersPath, body)
		if made.text("origin") != "administration" || made.body["version"] != float64(1) || strings.Contains(made.raw, "wrong-one") {
			t.Fatalf("made: %s", made.raw)
		}
		o.wantCode(409, "provider.name_taken", "POST", providersPath, body)
		sim := extra(t, s, made.text("redirect_uri"))
		check := func(want ...string) {
			t.Helper()
			r := o.want(200, "POST", providersPath+"/lab/test", map[string]any{})
			var got []string
			for _, c := range listOf(r.body, "checks") {
				got = append(got, strings.TrimSuffix(textOf(c, "name")+" "+textOf(c, "code"), " "))
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("want the checks %v, got %s", want, r.raw)
			}
		}
		check("discovery provider.unreachable")
		version := 1
		change := func(c map[string]any) reply {
			t.Helper()
			c["version"] = version
			r := o.want(200, "PATCH", providersPath+"/lab", c)
			n, _ := r.body["version"].(float64)
			version = int(n)
			return r
		}
		change(map[string]any{"config": map[string]any{"issuer": sim.URL()}})
		check("discovery", "keys", "credentials provider.credentials_refused")
		change(map[string]any{"secrets": map[string]any{"client_secret": secret}})
		check("discovery", "keys", "credentials")
		o.wantCode(409, "provider.changed_meanwhile", "PATCH", providersPath+"/lab", map[string]any{"version": 1, "display_name": "Late"})
		if offered(t, s, "lab") {
			t.Error("a provider that is not enabled is offered")
		}
		r := change(map[string]any{"is_enabled": true})
		if textOf(r.body["config"], "client_id") != "runtime" || r.text("display_name") != "Laboratory" {
			t.Errorf("a change of one thing changed others: %s", r.raw)
		}
		if !offered(t, s, "lab") {
			t.Error("enabled, and not offered at once")
		}
		person := newBrowser(t, s)
		if out := person.visit(toLogin, "lab", providertest.Choice{}); out.location.Path != "/auth/lab/callback" || out.location.RawQuery != "" {
			t.Fatalf("a sign-in through it ends at %s", out.location)
		}
		person.want(200, "POST", "/api/v1/auth/pending/create", map[string]any{})

		change(map[string]any{"is_enabled": false})
		if offered(t, s, "lab") {
			t.Error("disabled, and still offered")
		}
		if r := newBrowser(t, s).do("POST", toLogin, map[string]string{"provider": "lab"}); r.text("code") != "provider.unknown" {
			t.Errorf("a flow to a disabled provider: %s", r.raw)
		}
		change(map[string]any{"is_enabled": true})
		s.Restart(t)
		if !offered(t, s, "lab") {
			t.Error("after a restart it is not offered")
		}
		o = newOffice(t, s)
		o.want(204, "DELETE", providersPath+"/lab", nil)
		o.want(404, "GET", providersPath+"/lab", nil)
		if offered(t, s, "lab") {
			t.Error("removed, and still offered")
		}
		audit := o.want(200, "GET", "/api/v1/admin/audit?limit=200", nil)
		for _, action := range []string{"provider_created", "provider_changed", "provider_removed"} {
			if !strings.Contains(audit.raw, action) {
				t.Errorf("%s is not in the audit log", action)
			}
		}
		for where, text := range map[string]string{"the audit log": audit.raw, "the log": s.Logs.String()} {
			if strings.Contains(text, secret) || strings.Contains(text, "wrong-one") {
				t.Errorf("a secret stands in %s", where)
			}
		}
	})
}

func TestProviderSettingsThatCannotBeUsed(t *testing.T) {
	s := apptest.Start(t, apptest.Options{})
	o := newOffice(t, s)
	try := func(name string, body map[string]any, status int, code, field string) {
		t.Helper()
		r := o.want(status, "POST", providersPath, body)
		raw, _ := json.Marshal(r.body["errors"])
		if r.text("code") != code || !strings.Contains(string(raw), `"`+field+`"`) {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
	oidc := func(config, secrets map[string]any) map[string]any {
		return map[string]any{"name": "lab", "type": "oidc", "config": config, "secrets": secrets}
	}
	good := func(with map[string]any) map[string]any {
		c := map[string]any{"issuer": "https://id.example.com", "client_id": "x"}
		for k, v := range with {
			c[k] = v
		}
		return c
	}
	const invalid = "provider.settings_invalid"
	try("http to elsewhere", oidc(good(map[string]any{"issuer": "http://id.example.com"}), nil), 422, invalid, "config.issuer")
	try("no URL", oidc(good(map[string]any{"issuer": "id"}), nil), 422, invalid, "config.issuer")
	try("a file", oidc(good(map[string]any{"issuer": "file:///etc/passwd"}), nil), 422, invalid, "config.issuer")
	try("a password in the URL", oidc(good(map[string]any{"issuer": "https://a:b@id.example.com"}), nil), 422, invalid, "config.issuer")
	try("no client id", oidc(map[string]any{"issuer": "https://id.example.com"}, nil), 422, invalid, "config.client_id")
	try("a number", oidc(good(map[string]any{"client_id": 7}), nil), 422, invalid, "config.client_id")
	try("a line break", oidc(good(map[string]any{"client_id": "a\nb"}), nil), 422, invalid, "config.client_id")
	try("blanks that a paste brings", oidc(good(map[string]any{"client_id": "a "}), nil), 422, invalid, "config.client_id")
	try("a list that is a text", oidc(good(map[string]any{"scopes": "openid"}), nil), 422, invalid, "config.scopes")
	try("a list of numbers", oidc(good(map[string]any{"scopes": []int{1}}), nil), 422, invalid, "config.scopes")
	try("an unknown setting", oidc(good(map[string]any{"secret": "x"}), nil), 422, invalid, "config.secret")
	try("a secret among the rest", oidc(good(map[string]any{"client_secret": "x"}), nil), 422, invalid, "config.client_secret")
	try("an unknown secret", oidc(good(nil), map[string]any{"issuer": "x"}), 422, invalid, "secrets.issuer")
	try("a secret of 3 kB", oidc(good(nil), map[string]any{"client_secret": strings.Repeat("x", 3000)}), 422, invalid, "secrets.client_secret")
	try("an unknown way", oidc(good(map[string]any{"token_auth": "none"}), nil), 422, invalid, "config.token_auth")
	try("a name that is a path", map[string]any{"name": "../x", "type": "oidc"}, 422, "provider.name_invalid", "name")
	try("an unknown type", map[string]any{"name": "x", "type": "saml"}, 422, "provider.type_unknown", "type")
	try("the name of a fixed one", map[string]any{"name": "corp", "type": "oidc"}, 409, "provider.name_taken", "name")
	made := o.want(200, "POST", providersPath, oidc(good(nil), nil))
	r := o.want(422, "PATCH", providersPath+"/lab", map[string]any{"version": made.body["version"], "display_name": "a\u202eb"})
	if r.text("code") != invalid {
		t.Errorf("a name that turns the writing direction: %s", r.raw)
	}
	o.want(422, "PATCH", providersPath+"/lab", map[string]any{"display_name": "x"}) // no version
	if got := o.want(200, "GET", providersPath+"/lab", nil); got.body["version"] != float64(1) {
		t.Errorf("a refused change was saved: %s", got.raw)
	}
}

// What one replica saves, another one offers within seconds.
func TestProviderReachesOtherReplicas(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		if strings.HasPrefix(s.Options.DatabaseURL, "sqlite:") {
			return // one process at a time
		}
		other := apptest.Start(t, apptest.Options{
			DatabaseURL: s.Options.DatabaseURL, CoordinationURL: s.Options.CoordinationURL, SecretKey: s.Options.SecretKey,
			Settings: []string{"TESSERA_SITE_EXTERNAL_URL=" + s.URL}, Joins: true,
		})
		o := newOffice(t, s)
		o.want(200, "POST", providersPath, map[string]any{
			"name": "lab", "type": "oidc", "is_enabled": true, "config": map[string]any{"issuer": "https://id.example.com", "client_id": "x"},
		})
		for range 100 {
			if offered(t, other, "lab") {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Error("ten seconds later the other replica does not offer it")
	})
}

func TestSourcePolicyPatchWritesOnlyWhatItWasGiven(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		o := newOffice(t, s)
		const path = "/api/v1/admin/policies/sources"
		amount := func(micros int64) map[string]any {
			return map[string]any{"balance_micros": micros, "concurrency": 2, "subscription_days": 3}
		}
		o.want(200, "PUT", path, map[string]any{"version": 0, "policy": map[string]any{"sources": map[string]any{
			"github": map[string]any{"email_required": true, "on_signup": amount(1_500_000), "on_first_bind": amount(1)},
			"oidc":   map[string]any{"email_required": false, "on_signup": amount(7), "on_first_bind": amount(0)},
		}}})
		r := o.want(200, "PATCH", path, map[string]any{"version": 1, "sources": map[string]any{
			"github": map[string]any{"on_signup": map[string]any{"balance_micros": 9_007_199_254_740_991}}, "wechat": map[string]any{"email_required": true},
		}})
		raw, _ := json.Marshal(r.body["policy"])
		var policy struct {
			Sources map[string]struct {
				EmailRequired bool           `json:"email_required"`
				OnSignup      map[string]any `json:"on_signup"`
				OnFirstBind   map[string]any `json:"on_first_bind"`
			} `json:"sources"`
		}
		if err := json.Unmarshal(raw, &policy); err != nil {
			t.Fatal(err)
		}
		github, oidc := policy.Sources["github"], policy.Sources["oidc"]
		if !strings.Contains(r.raw, "9007199254740991") || !github.EmailRequired || github.OnSignup["concurrency"] != float64(2) ||
			github.OnFirstBind["balance_micros"] != float64(1) || oidc.OnSignup["balance_micros"] != float64(7) || !policy.Sources["wechat"].EmailRequired {
			t.Errorf("what was not given has changed: %s", r.raw)
		}
		o.wantCode(409, "policy.changed_meanwhile", "PATCH", path, map[string]any{"version": 1, "sources": map[string]any{}})
		for _, micros := range []any{-1, 9_007_199_254_740_992} {
			o.wantCode(422, "pendingauth.policy_invalid", "PATCH", path, map[string]any{"version": 2, "sources": map[string]any{
				"github": map[string]any{"on_signup": map[string]any{"balance_micros": micros}},
			}})
		}
		if audit := o.want(200, "GET", "/api/v1/admin/audit?limit=50", nil); !strings.Contains(audit.raw, "policy_changed") {
			t.Error("the change is not in the audit log")
		}
	})
}

// Requests on both surfaces, and what they leave: one note a minute.
func TestActivityIsNotedBesideRequests(t *testing.T) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		o := newOffice(t, s)
		person, id := join(t, s, "person@example.com")
		active := func() string { return o.want(200, "GET", usersPath+"/"+id, nil).text("last_active_at") }
		atSignIn := active()
		if atSignIn == "" {
			t.Fatal("signing in is no activity")
		}
		for range 20 {
			person.want(200, "GET", "/api/v1/me", nil)
			person.want(200, "GET", "/auth/v1/user", nil)
		}
		person.refresh()
		time.Sleep(1500 * time.Millisecond)
		if now := active(); now != atSignIn {
			t.Errorf("noted again within the minute: %s, then %s", atSignIn, now)
		}
	}, autoconfirm)
}
