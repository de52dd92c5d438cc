package gotrue

import (
	"net/http"
	"net/url"
	"time"

	"tessera/session"
)

// Our own pages keep the refresh token in a cookie that no script reads. They
// ask for that with a header which a form of another site cannot send, and
// which a script of another site cannot send either: it is not among those
// that allowCrossOrigin allows.
const (
	sessionHeader = "X-Tessera-Session"
	sessionCookie = "tessera_refresh"
)

// cookieLife is how long a browser keeps the cookie; the session may end
// sooner.
const cookieLife = 400 * 24 * time.Hour

// usesCookie reports whether the request comes from our own pages.
func (s *Surface) usesCookie(r *http.Request) bool {
	if r.Header.Get(sessionHeader) != "cookie" {
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
	return err == nil && (u.Host == r.Host || u.Host == s.ExternalURL.Host)
}

// keepRefreshToken moves the refresh token of a grant into the cookie, where
// the client is our own page.
func (s *Surface) keepRefreshToken(w http.ResponseWriter, r *http.Request, grant session.Grant) session.Grant {
	if !s.usesCookie(r) {
		return grant
	}
	http.SetCookie(w, s.cookie(grant.RefreshToken, int(cookieLife.Seconds())))
	grant.RefreshToken = ""
	return grant
}

// refreshTokenOf is the token of the body, or of our own page's cookie.
func (s *Surface) refreshTokenOf(r *http.Request, fromBody string) string {
	if fromBody != "" || !s.usesCookie(r) {
		return fromBody
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// dropCookie takes the cookie away.
func (s *Surface) dropCookie(w http.ResponseWriter, r *http.Request) {
	if s.usesCookie(r) {
		http.SetCookie(w, s.cookie("", -1))
	}
}

func (s *Surface) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: Prefix, MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.ExternalURL.Scheme == "https",
	}
}
