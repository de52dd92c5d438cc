package providertest_test

import (
	"context"
	"encoding/json"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tessera/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const redirectURI = "http://127.0.0.1:8080/callback"

var kinds = []providertest.Kind{providertest.OIDC, providertest.Google, providertest.GitHub, providertest.LinuxDo, providertest.WeChat}

func start(t *testing.T, kind providertest.Kind) *providertest.Simulator {
	t.Helper()
	s, err := providertest.Start(context.Background(), providertest.Options{Kind: kind, Apps: []providertest.App{
		{ID: "app", Secret: "secret", Name: "Tessera <demo>", RedirectURIs: []string{redirectURI}, Channel: "open"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

var browser = &http.Client{
	Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func send(t *testing.T, method, address, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res, string(text)
}

// authURL is a good authorization request.
func authURL(s *providertest.Simulator, kind providertest.Kind, redirect string) string {
	q := url.QueryEscape(redirect)
	f := providertest.NewFlow(redirect, "").Start
	switch kind {
	case providertest.WeChat:
		return s.URL() + "/connect/qrconnect?appid=app&redirect_uri=" + q + "&response_type=code&scope=snsapi_login&state=" + f.State + "#wechat_redirect"
	case providertest.GitHub:
		return s.URL() + "/login/oauth/authorize?client_id=app&redirect_uri=" + q + "&state=" + f.State
	case providertest.LinuxDo:
		return s.URL() + "/oauth2/authorize?response_type=code&client_id=app&redirect_uri=" + q + "&state=" + f.State
	}
	return s.URL() + "/authorize?response_type=code&scope=openid&client_id=app&redirect_uri=" + q + "&state=" + f.State +
		"&nonce=" + f.Nonce + "&code_challenge_method=S256&code_challenge=" + f.Challenge
}

// page opens the consent page of a good request.
func page(t *testing.T, s *providertest.Simulator, kind providertest.Kind, language string) (*http.Response, string, string) {
	t.Helper()
	res, _ := send(t, http.MethodGet, authURL(s, kind, redirectURI), "", nil)
	address := s.URL() + res.Header.Get("Location")
	res, body := send(t, http.MethodGet, address, "", http.Header{"Accept-Language": {language}})
	return res, body, address
}

func TestPagesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for kind, standsFor := range map[providertest.Kind]string{
		providertest.OIDC: "OpenID Connect", providertest.Google: "Google", providertest.GitHub: "GitHub",
		providertest.LinuxDo: "LINUX DO Connect", providertest.WeChat: "微信 WeChat",
	} {
		s := start(t, kind)
		for language, says := range map[string][]string{
			"en-GB,en": {`<html lang="en">`, "Simulator", "stands in for " + standsFor, "Cancel", "Tessera &lt;demo&gt; asks"},
			"zh-CN,zh": {`<html lang="zh-CN">`, "模拟器", "本页代替 " + standsFor, "取消", "Tessera &lt;demo&gt; 想知道"},
		} {
			res, body, address := page(t, s, kind, language)
			for _, text := range says {
				if !strings.Contains(body, text) {
					t.Errorf("%s, %s: %q is not on the page", kind, language, text)
				}
			}
			policy := res.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self' http://127.0.0.1:8080 http") || strings.Contains(body, "<script") {
				t.Errorf("%s: the policy is %q", kind, policy)
			}
			other, _ := send(t, http.MethodGet, address+"?lang=zh", "", nil)
			if other.Header.Get("Content-Language") != "zh-CN" {
				t.Errorf("%s: the language cannot be chosen", kind)
			}
		}
		_, home := send(t, http.MethodGet, s.URL()+"/", "", nil)
		if !strings.Contains(home, "simulator") || !strings.Contains(home, standsFor) {
			t.Errorf("%s: the home page says %s", kind, home)
		}
	}
}

// A redirect URI that is not registered exactly never gets anybody sent there.
func TestAttackRedirectURI(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		s := start(t, kind)
		for _, redirect := range []string{"https://evil.example/callback", redirectURI + "/", redirectURI + "?x=1", "http://127.0.0.1:8080@evil.example/callback", "//evil.example", "javascript:alert(1)", ""} {
			t.Run(string(kind)+"/"+redirect, func(t *testing.T) {
				t.Parallel()
				res, body := send(t, http.MethodGet, authURL(s, kind, redirect), "", nil)
				if res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" || !strings.Contains(body, "refuses") {
					t.Errorf("%s, to %q", res.Status, res.Header.Get("Location"))
				}
			})
		}
	}
}

func TestIssuersDemandProtection(t *testing.T) {
	t.Parallel()
	s := start(t, providertest.OIDC)
	good := authURL(s, providertest.OIDC, redirectURI)
	for _, part := range []string{"code_challenge_method=S256", "code_challenge=", "nonce=", "state=", "scope=openid", "response_type=code"} {
		if res, _ := send(t, http.MethodGet, strings.Replace(good, part, "x=", 1), "", nil); res.StatusCode != http.StatusBadRequest {
			t.Errorf("without %s: %s", part, res.Status)
		}
	}
}

func TestFormAsksAgain(t *testing.T) {
	t.Parallel()
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for kind, bad := range map[providertest.Kind][]string{
		providertest.GitHub: {"", "abc", "007", "-1", strings.Repeat("9", 19)}, providertest.OIDC: {"", strings.Repeat("x", 65)},
	} {
		s := start(t, kind)
		for _, id := range bad {
			_, _, address := page(t, s, kind, "en")
			fields := url.Values{"decision": {"allow"}, "person": {"else"}, "id": {id}, "nickname": {`"><b>kept`}}
			res, body := send(t, http.MethodPost, address, fields.Encode(), form)
			if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, "&gt;&lt;b&gt;kept") {
				t.Errorf("%s, id %q: %s %s", kind, id, res.Status, body)
			}
			fields.Set("id", "77")
			if res, _ = send(t, http.MethodPost, address, fields.Encode(), form); !strings.HasPrefix(res.Header.Get("Location"), redirectURI+"?code=") {
				t.Errorf("%s: corrected, it leads to %q", kind, res.Header.Get("Location"))
			}
			if res, _ = send(t, http.MethodPost, address, fields.Encode(), form); res.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: answered twice: %s", kind, res.Status)
			}
		}
	}
}

// Another site's form must not decide in a person's name.
func TestAttackCrossSiteConsent(t *testing.T) {
	t.Parallel()
	s := start(t, providertest.OIDC)
	_, _, address := page(t, s, providertest.OIDC, "en")
	res, _ := send(t, http.MethodPost, address, "decision=allow&person=1001", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"},
	})
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("got %s", res.Status)
	}
}

func TestAttackHostName(t *testing.T) {
	t.Parallel()
	s := start(t, providertest.LinuxDo)
	for host, want := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example:80": http.StatusMisdirectedRequest, "localhost:9": http.StatusOK, "[::1]:9": http.StatusOK} {
		if res, _ := send(t, http.MethodGet, s.URL()+"/", "", http.Header{"Host": {host}}); res.StatusCode != want {
			t.Errorf("%s: %s", host, res.Status)
		}
	}
	if _, err := providertest.Start(context.Background(), providertest.Options{Kind: providertest.OIDC, Addr: "0.0.0.0:0"}); err == nil {
		t.Error("it listens for other machines")
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	s := start(t, providertest.OIDC)
	at := s.URL() + "/simulator/faults"
	if res, _ := send(t, http.MethodPut, at, `{"names":["html"],"at":["discovery"],"delay_ms":5}`, nil); res.StatusCode != http.StatusNoContent {
		t.Fatal(res.Status)
	}
	var got map[string]any
	_, body := send(t, http.MethodGet, at, "", nil)
	if err := json.Unmarshal([]byte(body), &got); err != nil || got["delay_ms"] != 5.0 {
		t.Errorf("%s, %v", body, err)
	}
	if res, _ := send(t, http.MethodGet, s.URL()+"/.well-known/openid-configuration", "", nil); !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Errorf("discovery is %s", res.Header.Get("Content-Type"))
	}
	if res, _ := send(t, http.MethodGet, s.URL()+"/jwks", "", nil); res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("jwks is %s", res.Header.Get("Content-Type"))
	}
	for body, status := range map[string]int{
		`{"names":["no such"]}`: http.StatusUnprocessableEntity, `{"at":["moon"]}`: http.StatusUnprocessableEntity,
		`{"delay_ms":99999999}`: http.StatusUnprocessableEntity, `{"nmaes":[]}`: http.StatusBadRequest, `{`: http.StatusBadRequest,
	} {
		if res, text := send(t, http.MethodPut, at, body, nil); res.StatusCode != status {
			t.Errorf("%s: %s %s", body, res.Status, text)
		}
	}
	if res, _ := send(t, http.MethodPut, at, `{}`, nil); res.StatusCode != http.StatusNoContent {
		t.Error(res.Status)
	}
	if res, _ := send(t, http.MethodPost, s.URL()+"/simulator/rotate-keys", "", nil); res.StatusCode != http.StatusNoContent {
		t.Errorf("rotation: %s", res.Status)
	}
	if res, _ := send(t, http.MethodPost, start(t, providertest.GitHub).URL()+"/simulator/rotate-keys", "", nil); res.StatusCode != http.StatusConflict {
		t.Errorf("rotation where nothing is signed: %s", res.Status)
	}
}

func TestAvatarsAreDistinctPictures(t *testing.T) {
	t.Parallel()
	s := start(t, providertest.OIDC)
	var pictures []string
	for _, name := range []string{"a", "b", "c"} {
		_, body := send(t, http.MethodGet, s.URL()+"/avatar/"+name+".png", "", nil)
		if _, err := png.Decode(strings.NewReader(body)); err != nil {
			t.Error(err)
		}
		pictures = append(pictures, body)
	}
	if slices.Sort(pictures); len(slices.Compact(pictures)) != 3 {
		t.Error("two people have one picture")
	}
}

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, ill := range providertest.Catalogue {
		if seen[ill.Name] || ill.Name == "" || ill.EN == "" || ill.ZH == "" {
			t.Errorf("%+v", ill)
		}
		seen[ill.Name] = true
	}
}
