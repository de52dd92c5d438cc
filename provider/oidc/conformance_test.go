package oidc_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"tessera/provider"
	"tessera/provider/oidc"
	"tessera/provider/providertest"
)

// startForeignIssuer runs the OpenID provider of github.com/zitadel/oidc, a
// certified implementation that shares nothing with ours.
func startForeignIssuer(t *testing.T) (issuer string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer = "http://" + listener.Addr().String() + "/"
	storage.RegisterClients(storage.WebClient("web", "secret", redirectURI), storage.WebClient("other", "secret", redirectURI))
	router := exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)), slog.New(slog.DiscardHandler), false)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: router}}
	server.Start()
	t.Cleanup(server.Close)
	return issuer
}

const redirectURI = "http://127.0.0.1:8080/auth/v1/callback"

// logIn goes through the issuer's own pages as a person with a browser would.
func logIn(t *testing.T, authURL, username string) *url.URL {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var callback *url.URL
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirectURI) {
			callback = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	do := func(req *http.Request) string {
		res, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode >= 400 {
			t.Fatalf("%s: %s: %s", req.URL, res.Status, body)
		}
		return string(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	page := do(req)
	_, rest, found := strings.Cut(page, `name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("no login page: %s", page)
	}
	form := url.Values{"id": {id}, "username": {username}, "password": {"verysecure"}}
	login := *req.URL
	login.Path, login.RawQuery = "/login/username", ""
	req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, login.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	do(req)
	if callback == nil {
		t.Fatal("the issuer did not send the browser back")
	}
	return callback
}

func newForeign(t *testing.T, config oidc.Config) *oidc.Provider {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p, err := oidc.New(config, provider.Runtime{Now: time.Now, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestConformance(t *testing.T) {
	t.Parallel()
	issuer := startForeignIssuer(t)
	signIn := func(t *testing.T, p *oidc.Provider, username string) (provider.Person, provider.Return, error) {
		t.Helper()
		f := providertest.NewFlow(redirectURI, "")
		authURL, err := p.AuthURL(t.Context(), f.Start)
		if err != nil {
			t.Fatal(err)
		}
		back := f.Return(logIn(t, authURL, username))
		if back.Query.Get("state") != f.Start.State {
			t.Fatalf("the state came back as %q", back.Query.Get("state"))
		}
		person, err := p.Exchange(t.Context(), back)
		return person, back, err
	}
	for _, method := range []string{"auto", "client_secret_basic", "client_secret_post"} {
		t.Run("signs in by "+method, func(t *testing.T) {
			t.Parallel()
			p := newForeign(t, oidc.Config{Issuer: issuer, ClientID: "web", ClientSecret: "secret", Scopes: []string{"openid", "profile", "email"}, TokenAuth: method})
			person, _, err := signIn(t, p, "test-user2")
			if err != nil {
				t.Fatal(err)
			}
			if person.Key != issuer || person.Subject != "id2" || person.Nickname != "Test User2" || person.Email != "test-user2@zitadel.ch" {
				t.Errorf("got %+v", person)
			}
		})
	}
	p := newForeign(t, oidc.Config{Issuer: issuer, ClientID: "web", ClientSecret: "secret", Scopes: []string{"openid", "profile", "email"}})
	t.Run("a code works once", func(t *testing.T) {
		t.Parallel()
		_, back, err := signIn(t, p, "test-user2")
		if err != nil {
			t.Fatal(err)
		}
		refusesAgain(t, p, back)
	})
	t.Run("a code needs its verifier", func(t *testing.T) {
		t.Parallel()
		f := providertest.NewFlow(redirectURI, "")
		authURL, err := p.AuthURL(t.Context(), f.Start)
		if err != nil {
			t.Fatal(err)
		}
		back := f.Return(logIn(t, authURL, "test-user2"))
		back.Verifier = providertest.NewFlow(redirectURI, "").Verifier
		refusesAgain(t, p, back)
	})
	t.Run("a nonce is the flow's", func(t *testing.T) {
		t.Parallel()
		f := providertest.NewFlow(redirectURI, "")
		authURL, err := p.AuthURL(t.Context(), f.Start)
		if err != nil {
			t.Fatal(err)
		}
		back := f.Return(logIn(t, authURL, "test-user2"))
		back.Nonce = providertest.NewFlow(redirectURI, "").Start.Nonce
		if _, err := p.Exchange(t.Context(), back); !isFault(err, provider.ErrUntrusted) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an issuer is written exactly", func(t *testing.T) {
		t.Parallel()
		other := newForeign(t, oidc.Config{Issuer: strings.TrimSuffix(issuer, "/"), ClientID: "web", ClientSecret: "secret"})
		if _, err := other.AuthURL(t.Context(), providertest.NewFlow(redirectURI, "").Start); !isFault(err, provider.ErrUntrusted) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the credentials can be tried", func(t *testing.T) {
		t.Parallel()
		if err := p.Check(t.Context(), redirectURI); err != nil {
			t.Errorf("got %v", err)
		}
		// Wrong ones it does not tell: it looks at the code before the client.
	})
}

func refusesAgain(t *testing.T, p *oidc.Provider, back provider.Return) {
	t.Helper()
	if _, err := p.Exchange(t.Context(), back); !isFault(err, provider.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
