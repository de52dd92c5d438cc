package gotrue

import (
	"errors"
	"net/http"

	"tessera/httpapi"
	"tessera/identity"
	"tessera/session"
)

// getUser answers GET /user.
func (s *Surface) getUser(w http.ResponseWriter, _ *http.Request, c caller) error {
	return httpapi.WriteJSON(w, http.StatusOK, viewUser(c.user))
}

type putUserBody struct {
	Email               *string        `json:"email"`
	Phone               *string        `json:"phone"`
	Password            *string        `json:"password"`
	CurrentPassword     string         `json:"current_password"`
	Nonce               string         `json:"nonce"`
	Data                map[string]any `json:"data"`
	AppMetadata         map[string]any `json:"app_metadata"`
	CodeChallenge       string         `json:"code_challenge"`
	CodeChallengeMethod string         `json:"code_challenge_method"`
}

// putUser answers PUT /user: metadata, password, e-mail address.
func (s *Surface) putUser(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := s.Limits.Check(r.Context(), s.Rates.update(), ""); err != nil {
		return err
	}
	var body putUserBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	if body.AppMetadata != nil {
		return errAppMetadata.On("app_metadata", "is not yours to change")
	}
	if body.Phone != nil && *body.Phone != "" {
		return errPhoneDisabled.On("phone", "is not supported")
	}
	flow, err := flowOf(r, body.CodeChallenge, body.CodeChallengeMethod)
	if err != nil {
		return err
	}
	update := session.Update{
		Email: given(body.Email), Password: given(body.Password), CurrentPassword: body.CurrentPassword,
		Nonce: body.Nonce, Data: body.Data, Flow: flow,
	}
	user, err := s.Sessions.UpdateUser(r.Context(), c.user, c.session, update)
	switch {
	case errors.Is(err, session.ErrSecondFactorNeeded):
		return errAALToUpdate
	case errors.Is(err, session.ErrConfirmationNeeded) && update.Password != nil:
		return session.ErrConfirmationNeeded.Saying("Password update requires reauthentication").On("nonce", "is missing")
	case err != nil:
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewUser(user))
}

// given drops an empty string: clients send "" for what they leave alone.
func given(value *string) *string {
	if value == nil || *value == "" {
		return nil
	}
	return value
}

// logout answers POST /logout?scope=global|local|others.
func (s *Surface) logout(w http.ResponseWriter, r *http.Request, c caller) error {
	scope := session.Scope(r.URL.Query().Get("scope"))
	if scope == "" {
		scope = session.ScopeGlobal
	}
	if err := s.Sessions.SignOut(r.Context(), c.user, c.session, scope); err != nil {
		return err
	}
	if scope != session.ScopeOthers {
		s.dropCookie(w, r)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// reauthenticate answers GET /reauthenticate: a mailed code that confirms
// access, as the nonce of PUT /user.
func (s *Surface) reauthenticate(w http.ResponseWriter, r *http.Request, c caller) error {
	if c.user.IsAnonymous {
		return errAnonymousCaller
	}
	if c.user.Email == "" {
		return identity.ErrEmailMissing.Saying("Reauthentication requires the user to have an email or a phone number").
			On("email", "is missing")
	}
	if err := s.Sessions.Reauthenticate(r.Context(), c.user); err != nil {
		return err
	}
	return empty(w)
}

// empty answers {}.
func empty(w http.ResponseWriter) error {
	return httpapi.WriteJSON(w, http.StatusOK, struct{}{})
}
