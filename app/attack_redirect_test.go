package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tessera/app/apptest"
	"tessera/provider/providertest"
)

// wishes are spellings of "go elsewhere afterwards". OURS is this server's
// host and port.
var wishes = []string{
	"https://evil.example", "https://evil.example/", "HTTPS://EVIL.EXAMPLE/", "http://evil.example", "//evil.example", "///evil.example",
	"////evil.example", `/\evil.example`, `\/evil.example`, `\\evil.example`, `/\/evil.example`, `\\\evil.example`,
	"/%2fevil.example", "/%2f%2fevil.example", "/%5cevil.example", "/%09/evil.example", "/\t/evil.example", "/\n/evil.example",
	"/\r\n/evil.example", "\t//evil.example", " //evil.example", "\x01//evil.example", "/\x01/evil.example", "/\u00a0/evil.example",
	"/.//evil.example", "/..//evil.example", "/a/..//evil.example", "/a/../..//evil.example", "/;//evil.example",
	"https:evil.example", "https:/evil.example", "https:///evil.example", "https:////evil.example", `https:\\evil.example`,
	"http://OURS@evil.example/", "http://OURS:80@evil.example/", "http://OURS%40evil.example/", "http://OURS.evil.example/",
	"http://OURS%2eevil.example/", `http://OURS\@evil.example/`, "http://OURS%00.evil.example/", "http://evil.example/http://OURS/",
	"http://evil.example?http://OURS/", "http://evil.example#http://OURS/", "http://evil.example;http://OURS/",
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "javascript://OURS/%0aalert(1)", "data:text/html,x",
	"vbscript:x", "file:///etc/passwd", "blob:http://OURS/x", "ftp://OURS/", "mailto:eve@evil.example", "evil.example", "@evil.example",
	"http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://evil\u3002example/", "http://\uff45vil.example/",
	"https://app.example.evil.example/cb", "https://app.example@evil.example/cb", "https://3627734734?.pages.example/cb",
	"https://[2001:db8::1]?.pages.example/cb", "https://evil.example/x.pages.example/cb", "https://app.example/../evil", "myapp://evil",
}

// staysHere reports whether a browser that is sent to location stays with us.
// Browsers forgive what parsers do not, so it is held against the text.
func staysHere(s *apptest.Server, location string) bool {
	rest, ok := strings.CutPrefix(location, s.URL)
	if !ok {
		// A path of our own: one slash, and nothing that a browser makes a second of.
		return strings.HasPrefix(location, "/") && !regexp.MustCompile(`^/[/\\]`).MatchString(location) && isPlain(location)
	}
	return (rest == "" || strings.ContainsRune("/?#", rune(rest[0]))) && isPlain(location)
}

func isPlain(location string) bool {
	return !strings.ContainsFunc(location, func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f })
}

func TestAttackOpenRedirect(t *testing.T) {
	t.Parallel()
	if len(wishes) < 40 {
		t.Fatalf("%d spellings", len(wishes))
	}
	s := apptest.Start(t, apptest.Options{Settings: []string{
		"TESSERA_AUTH_AUTOCONFIRM=false", "TESSERA_AUTH_MAIL_INTERVAL=0s", "TESSERA_API_RATE_LIMITS_REQUESTS=off",
		"TESSERA_AUTH_RATE_LIMITS_MAIL=off", "TESSERA_AUTH_RATE_LIMITS_VERIFY=off", "TESSERA_AUTH_RATE_LIMITS_AUTHORIZE=off",
		"TESSERA_AUTH_RATE_LIMITS_SIGNUP=off", "TESSERA_API_RATE_LIMITS_ACCOUNT=off", "TESSERA_AUTH_RATE_LIMITS_TOKEN=off",
		"TESSERA_SITE_ALLOWED_REDIRECTS=https://app.example/cb/**,https://*.pages.example/cb,myapp://callback",
	}})
	host := strings.TrimPrefix(s.URL, "http://")
	// Somebody with an account, so that flows end at once where they wished to.
	known := newBrowser(t, s)
	known.visit(toLogin, "linuxdo", providertest.Choice{})
	known.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{})
	known.refresh()

	// Each takes a wish and answers where a browser, or the reader of a mail, ends.
	places := map[string]func(t *testing.T, n int, wish string) string{
		"authorize, refused": func(t *testing.T, _ int, wish string) string {
			return newBrowser(t, s).want(303, "GET", "/auth/v1/authorize?provider=google&redirect_to="+url.QueryEscape(wish), nil).location.String()
		},
		"authorize, signed in": func(t *testing.T, _ int, wish string) string {
			b := newBrowser(t, s)
			begun := b.want(302, "GET", "/auth/v1/authorize?provider=linuxdo&code_challenge_method=s256&code_challenge="+sdkChallenge+
				"&redirect_to="+url.QueryEscape(wish), nil)
			return b.arrival(begun.location.String())
		},
		"authorize, cancelled": func(t *testing.T, _ int, wish string) string {
			b := newBrowser(t, s)
			begun := b.want(302, "GET", "/auth/v1/authorize?provider=linuxdo&code_challenge_method=s256&code_challenge="+sdkChallenge+
				"&redirect_to="+url.QueryEscape(wish), nil)
			back, err := providertest.Visit(t.Context(), begun.location.String(), providertest.Choice{Cancel: true})
			if err != nil {
				t.Fatal(err)
			}
			return b.want(303, "GET", back.String(), nil).location.String()
		},
		"our own pages' flow": func(t *testing.T, _ int, wish string) string {
			b := newBrowser(t, s)
			return b.arrival(b.want(200, "POST", toLogin, map[string]string{"provider": "linuxdo", "redirect_to": wish}).text("url"))
		},
		"our own pages' flow, first time": func(t *testing.T, n int, wish string) string {
			b := newBrowser(t, s)
			begun := b.want(200, "POST", toLogin, map[string]string{"provider": "linuxdo", "redirect_to": wish})
			back, err := providertest.Visit(t.Context(), begun.text("url"), providertest.Choice{Else: &providertest.Person{ID: fmt.Sprint(700000 + n)}})
			if err != nil {
				t.Fatal(err)
			}
			b.want(302, "GET", back.String(), nil)
			return b.want(200, "POST", "/api/v1/auth/pending/create", map[string]bool{}).text("redirect_to")
		},
		"a mail's link that is over": func(t *testing.T, _ int, wish string) string {
			return newBrowser(t, s).want(303, "GET", "/auth/v1/verify?token=gone&type=signup&redirect_to="+url.QueryEscape(wish), nil).location.String()
		},
		"the button of a link that is over": func(t *testing.T, _ int, wish string) string {
			return pressed(t, s, url.Values{"token": {"gone"}, "type": {"signup"}, "redirect_to": {wish}})
		},
		"the button of a good link, its form changed": func(t *testing.T, n int, wish string) string {
			made := link(t, s, n, "/home")
			return pressed(t, s, url.Values{"token": {made["hashed_token"].(string)}, "type": {"magiclink"}, "redirect_to": {wish}})
		},
		"the button of a good link that was asked for so": func(t *testing.T, n int, wish string) string {
			made := link(t, s, n, wish)
			return pressed(t, s, url.Values{"token": {made["hashed_token"].(string)}, "type": {"magiclink"}})
		},
		"the link in a mail": func(t *testing.T, n int, wish string) string {
			address := fmt.Sprintf("mail%d@example.com", n)
			newBrowser(t, s).want(200, "POST", "/auth/v1/otp?redirect_to="+url.QueryEscape(wish), map[string]string{"email": address})
			return mailedTarget(t, s, address)
		},
		"the link in the mail of a change of address": func(t *testing.T, n int, wish string) string {
			address := fmt.Sprintf("change%d@example.com", n)
			known.want(200, "PUT", "/api/v1/me/email", map[string]string{"email": address, "redirect_to": wish})
			return mailedTarget(t, s, address)
		},
	}
	for place, try := range places {
		t.Run(place, func(t *testing.T) {
			for n, wish := range wishes {
				t.Run(strconv.QuoteToASCII(wish), func(t *testing.T) {
					to := try(t, n, strings.ReplaceAll(wish, "OURS", host))
					if !staysHere(s, to) {
						t.Errorf("led to %q", to)
					}
				})
			}
		})
	}
}

// mailedTarget is where the link of the first mail to an address leads in the
// end.
func mailedTarget(t *testing.T, s *apptest.Server, address string) string {
	t.Helper()
	found := regexp.MustCompile(`http://[^\s"<]+`).FindString(mailed(t, s, address, 1))
	if !staysHere(s, found) {
		return found
	}
	u, err := url.Parse(found)
	if err != nil {
		t.Fatal(err)
	}
	if u.Path == "/auth/confirm" && !u.Query().Has("next") {
		return "/" // our own page, where it is built in, which then goes home
	}
	return u.Query().Get("redirect_to") + u.Query().Get("next") // the one or the other
}

// arrival goes through the provider and answers where our callback sends to.
func (b *browser) arrival(authURL string) string {
	b.t.Helper()
	back, err := providertest.Visit(b.t.Context(), authURL, providertest.Choice{})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.want(302, "GET", back.String(), nil).location.String()
}

// link makes the link of a mail for somebody.
func link(t *testing.T, s *apptest.Server, n int, wish string) map[string]any {
	t.Helper()
	return s.Must(t, 200, "POST", "/auth/v1/admin/generate_link", map[string]string{
		"type": "magiclink", "email": fmt.Sprintf("link%d@example.com", n), "redirect_to": wish,
	}, apptest.Bearer(s.ServiceRoleKey)...).Body
}

// pressed posts the form of the page that a mail's link shows.
func pressed(t *testing.T, s *apptest.Server, form url.Values) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/auth/v1/verify", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d, no redirect", resp.StatusCode)
	}
	return resp.Header.Get("Location")
}
