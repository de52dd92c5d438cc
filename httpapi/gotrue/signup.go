package gotrue

import (
	"errors"
	"net/http"

	"tessera/httpapi"
	"tessera/identity"
	"tessera/session"
)

type signUpBody struct {
	Email               string         `json:"email"`
	Phone               string         `json:"phone"`
	Password            string         `json:"password"`
	Data                map[string]any `json:"data"`
	CodeChallenge       string         `json:"code_challenge"`
	CodeChallengeMethod string         `json:"code_challenge_method"`
}

// signUp answers POST /signup: e-mail and password, or nothing for an
// anonymous user. A session where none waits for a mail, else the bare user.
func (s *Surface) signUp(w http.ResponseWriter, r *http.Request) error {
	var body signUpBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	switch {
	case body.Email != "" && body.Phone != "":
		return invalid("phone", "Only an email address or phone number should be provided on signup.")
	case body.Phone != "":
		return errPhoneDisabled.On("phone", "is not supported")
	case body.Email == "" && body.Password == "":
		return s.signUpAnonymously(w, r, body.Data)
	case body.Email == "":
		return identity.ErrEmailMissing.Saying("Signup requires a valid email").On("email", "is missing")
	}
	flow, err := flowOf(r, body.CodeChallenge, body.CodeChallengeMethod)
	if err != nil {
		return err
	}
	out, err := s.Sessions.SignUp(r.Context(), body.Email, body.Password, body.Data, flow)
	if errors.Is(err, identity.ErrEmailTaken) {
		return errSignupEmailTaken.On("email", "has an account")
	}
	if err != nil {
		return err
	}
	if out.Grant != nil {
		return s.writeSession(w, r, *out.Grant)
	}
	view := viewUser(out.User)
	view.ConfirmedAt = nil
	return httpapi.WriteJSON(w, http.StatusOK, view)
}

func (s *Surface) signUpAnonymously(w http.ResponseWriter, r *http.Request, data map[string]any) error {
	if err := s.Limits.Check(r.Context(), s.Rates.anonymous(), ""); err != nil {
		return err
	}
	grant, err := s.Sessions.SignUpAnonymously(r.Context(), data)
	if err != nil {
		return err
	}
	return s.writeSession(w, r, grant)
}

// flowOf reads where a mail-borne flow goes on: redirect_to of the query or of
// the header, as clients send it, and the PKCE challenge of the body.
func flowOf(r *http.Request, challenge, method string) (session.Flow, error) {
	parsed, err := session.ParseChallenge(challenge, method)
	if err != nil {
		return session.Flow{}, err
	}
	redirectTo := r.URL.Query().Get("redirect_to")
	if redirectTo == "" {
		redirectTo = r.Header.Get("redirect_to")
	}
	return session.Flow{RedirectTo: redirectTo, Challenge: parsed}, nil
}

// writeSession answers with a new or refreshed session.
func (s *Surface) writeSession(w http.ResponseWriter, r *http.Request, grant session.Grant) error {
	return httpapi.WriteJSON(w, http.StatusOK, s.viewSession(s.prepare(w, r, grant)))
}

// prepare sets the headers that go with a session.
func (s *Surface) prepare(w http.ResponseWriter, r *http.Request, grant session.Grant) session.Grant {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // RFC 6749 5.1
	header.Set("Sb-Auth-User-Id", grant.User.ID.String())
	header.Set("Sb-Auth-Session-Id", grant.Session.ID.String())
	return s.keepRefreshToken(w, r, grant)
}
