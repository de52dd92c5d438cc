package httpapi

import (
	"net/http"
	"net/url"
	"time"
)

// Cookies are the cookies of our own pages. No script reads any of them, and
// none is a bearer token in the hands of another site: see FromOwnPage.
type Cookies struct {
	// ExternalURL is our public origin; cookies are Secure where it is https.
	ExternalURL *url.URL
}

// Names of the cookies.
const (
	RefreshCookie = "tessera_refresh" // the session's refresh token
	BrowserCookie = "tessera_browser" // binds a trip to a provider to this browser
	PendingCookie = "tessera_pending" // a sign-in that waits for the person's choice
)

// Life of the cookies: as long as browsers keep one, the longest trip, and the
// longest choice. What a cookie stands for may end sooner.
const (
	refreshLife = 400 * 24 * time.Hour
	browserLife = time.Hour
	pendingLife = 15 * time.Minute
)

// SessionHeader says "cookie" on requests of our own pages. A form cannot send
// a header, and a script of another origin may not send this one: it is on no
// list of allowed headers.
const SessionHeader = "X-Tessera-Session"

// FromOwnPage reports whether a request comes from one of our own pages, and
// may use their cookies.
func (c Cookies) FromOwnPage(r *http.Request) bool {
	if r.Header.Get(SessionHeader) != "cookie" {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Host == r.Host || u.Host == c.ExternalURL.Host)
}

// Refresh keeps a refresh token; "" takes the cookie away. It goes to the
// token endpoint's surface only.
func (c Cookies) Refresh(value string) *http.Cookie {
	return c.cookie(RefreshCookie, value, "/auth/v1", refreshLife, http.SameSiteStrictMode)
}

// Browser keeps the key of this browser. Lax: the way back from a provider is
// a navigation from another site.
func (c Cookies) Browser(value string) *http.Cookie {
	return c.cookie(BrowserCookie, value, "/", browserLife, http.SameSiteLaxMode)
}

// Pending keeps the key of a pending sign-in; "" takes the cookie away.
func (c Cookies) Pending(value string) *http.Cookie {
	return c.cookie(PendingCookie, value, "/api/v1/auth/pending", pendingLife, http.SameSiteStrictMode)
}

func (c Cookies) cookie(name, value, path string, life time.Duration, site http.SameSite) *http.Cookie {
	maxAge := int(life.Seconds())
	if value == "" {
		maxAge = -1
	}
	return &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: maxAge,
		HttpOnly: true, SameSite: site, Secure: c.ExternalURL.Scheme == "https",
	}
}

// ReadCookie returns a cookie's value, "" where there is none.
func ReadCookie(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}
