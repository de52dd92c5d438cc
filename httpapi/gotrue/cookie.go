package gotrue

import (
	"net/http"

	"tessera/httpapi"
	"tessera/session"
)

// keepRefreshToken moves the refresh token of a grant into the cookie, where
// the client is our own page.
func (s *Surface) keepRefreshToken(w http.ResponseWriter, r *http.Request, grant session.Grant) session.Grant {
	if !s.Cookies.FromOwnPage(r) {
		return grant
	}
	http.SetCookie(w, s.Cookies.Refresh(grant.RefreshToken))
	grant.RefreshToken = ""
	return grant
}

// refreshTokenOf is the token of the body, or of our own page's cookie.
func (s *Surface) refreshTokenOf(r *http.Request, fromBody string) string {
	if fromBody != "" || !s.Cookies.FromOwnPage(r) {
		return fromBody
	}
	return httpapi.ReadCookie(r, httpapi.RefreshCookie)
}

// dropCookie takes the cookie away.
func (s *Surface) dropCookie(w http.ResponseWriter, r *http.Request) {
	if s.Cookies.FromOwnPage(r) {
		http.SetCookie(w, s.Cookies.Refresh(""))
	}
}
