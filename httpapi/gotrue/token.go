package gotrue

import (
	"errors"
	"net/http"

	"tessera/httpapi"
	"tessera/identity"
	"tessera/session"
)

type tokenBody struct {
	Email        string `json:"email"`
	Phone        string `json:"phone"`
	Password     string `json:"password"`
	RefreshToken string `json:"refresh_token"`
	AuthCode     string `json:"auth_code"`
	CodeVerifier string `json:"code_verifier"`
}

type grantFunc func(s *Surface, w http.ResponseWriter, r *http.Request, body tokenBody) error

// grants is every way to a session through POST /token: each is limited,
// parsed and answered alike.
var grants = map[string]grantFunc{
	"password":      (*Surface).grantPassword,
	"refresh_token": (*Surface).grantRefresh,
	"pkce":          (*Surface).grantPKCE,
	"web3": func(*Surface, http.ResponseWriter, *http.Request, tokenBody) error {
		return errWeb3Disabled
	},
}

// token answers POST /token?grant_type=...
func (s *Surface) token(w http.ResponseWriter, r *http.Request) error {
	grant, ok := grants[r.URL.Query().Get("grant_type")]
	if !ok {
		return errGrantType.On("grant_type", "is not password, refresh_token or pkce")
	}
	var body tokenBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	return grant(s, w, r, body)
}

func (s *Surface) grantPassword(w http.ResponseWriter, r *http.Request, body tokenBody) error {
	switch {
	case body.Email == "" && body.Phone == "":
		return invalid("email", "missing email or phone")
	case body.Email == "":
		return errPhoneDisabled.On("phone", "is not supported")
	}
	if err := s.Rates.CheckPassword(r.Context(), s.Limits, body.Email); err != nil {
		return err
	}
	grant, err := s.Sessions.SignInWithPassword(r.Context(), body.Email, body.Password)
	if errors.Is(err, identity.ErrUserBanned) {
		return errLoginBanned
	}
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, passwordSessionView{sessionView: s.viewSession(s.prepare(w, r, grant))})
}

func (s *Surface) grantRefresh(w http.ResponseWriter, r *http.Request, body tokenBody) error {
	if err := s.Limits.Check(r.Context(), s.Rates.token(), ""); err != nil {
		return err
	}
	raw := s.refreshTokenOf(r, body.RefreshToken)
	if raw == "" && s.Cookies.FromOwnPage(r) {
		return session.ErrRefreshNotFound // nobody is signed in on this browser
	}
	grant, err := s.Sessions.Refresh(r.Context(), raw)
	if errors.Is(err, identity.ErrUserBanned) {
		err = errLoginBanned
	}
	if err != nil {
		if isOver(err) {
			s.dropCookie(w, r)
		}
		return err
	}
	return s.writeSession(w, r, grant)
}

// isOver reports whether a refresh token will never work again.
func isOver(err error) bool {
	return errors.Is(err, session.ErrRefreshNotFound) || errors.Is(err, session.ErrRefreshReused) ||
		errors.Is(err, session.ErrSessionExpired) || errors.Is(err, session.ErrRefreshMalformed)
}

func (s *Surface) grantPKCE(w http.ResponseWriter, r *http.Request, body tokenBody) error {
	if err := s.Limits.Check(r.Context(), s.Rates.token(), ""); err != nil {
		return err
	}
	if body.AuthCode == "" || body.CodeVerifier == "" {
		return invalid("auth_code", "invalid request: both auth code and code verifier should be non-empty")
	}
	grant, err := s.Sessions.Exchange(r.Context(), body.AuthCode, body.CodeVerifier)
	if err != nil {
		return err
	}
	return s.writeSession(w, r, grant)
}
