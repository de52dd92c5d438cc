package provider_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"tessera/provider"
	"tessera/provider/github"
	"tessera/provider/linuxdo"
	"tessera/provider/providertest"
	"tessera/provider/wechat"
)

// FuzzProfile gives every plain OAuth 2.0 adapter foreign bytes for a profile,
// through its real client: it must end in a person within the limits or in a fault.
func FuzzProfile(f *testing.F) {
	for _, body := range []string{
		`{"id":1001,"login":"l","username":"u","name":"n","openid":"o","unionid":"u","avatar_template":"/a/{size}.png"}`,
		`{"id":"1001","openid":"o","unionid":"u","nickname":"\ud83d\udc68\u200d\ud83d\udcbb"}`,
		`{"id":1e3,"openid":"o"}`, `{"id":-1}`, `{"id":01}`, `{"id":9223372036854775808,"openid":"o","unionid":"` + strings.Repeat("u", 300) + `"}`,
		`{"errcode":40029,"errmsg":"x"}`, `{"errcode":"0"}`, `{"errcode":null,"openid":"o","unionid":"u"}`,
		`{"id":1,"avatar_template":"//evil.example/{size}"}`, `{"id":1,"avatar_template":"\u0000{size}"}`, `[]`, `null`, ``, `{"id":1}{"id":2}`,
	} {
		f.Add([]byte(body))
	}
	var profile []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "token") {
			_, _ = w.Write([]byte(`{"access_token":"t","token_type":"bearer","openid":"o"}`))
			return
		}
		_, _ = w.Write(profile)
	}))
	f.Cleanup(server.Close)
	transport := &http.Transport{}
	f.Cleanup(transport.CloseIdleConnections)
	rt := provider.Runtime{Now: time.Now, Transport: transport}
	gh, err := github.New(github.Config{URL: server.URL, APIURL: server.URL, ClientID: "c", ClientSecret: "s"}, rt)
	if err != nil {
		f.Fatal(err)
	}
	ld, err := linuxdo.New(linuxdo.Config{URL: server.URL, ForumURL: server.URL, ClientID: "c", ClientSecret: "s"}, rt)
	if err != nil {
		f.Fatal(err)
	}
	wx, err := wechat.New(wechat.Config{OpenURL: server.URL, APIURL: server.URL, OpenAppID: "c", OpenAppSecret: "s"}, rt)
	if err != nil {
		f.Fatal(err)
	}
	flow := providertest.NewFlow(redirectURI, "open")
	f.Fuzz(func(t *testing.T, body []byte) {
		profile = body
		for name, p := range map[string]provider.Provider{"github": gh, "linuxdo": ld, "wechat": wx} {
			back := provider.Return{
				Query: map[string][]string{"code": {"c0de"}}, Nonce: flow.Start.Nonce, Verifier: flow.Verifier, RedirectURI: redirectURI, Channel: "open",
			}
			person, err := p.Exchange(t.Context(), back)
			if err != nil {
				if codeOf(err) == "" {
					t.Fatalf("%s: %v is no fault", name, err)
				}
				continue
			}
			if person.Subject == "" || len(person.Subject) > 255 || name != "wechat" && strings.Trim(person.Subject, "0123456789") != "" {
				t.Fatalf("%s: the subject is %q", name, person.Subject)
			}
			if strings.ContainsFunc(person.Nickname+person.Email, unicode.IsControl) || person.AvatarURL != "" && !strings.HasPrefix(strings.ToLower(person.AvatarURL), "http") {
				t.Fatalf("%s: %+v", name, person)
			}
		}
	})
}
