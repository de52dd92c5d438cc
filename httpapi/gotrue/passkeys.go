package gotrue

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tessera/httpapi"
	"tessera/identity"
)

// mountPasskeys adds the passkeys of the SDK's auth.passkey. Signing in with one
// works for our own pages' cookie like every other sign-in.
func (s *Surface) mountPasskeys(r chi.Router) {
	handle := func(method, path string, h httpapi.HandlerFunc) {
		r.Method(method, path, httpapi.Wrap(h, writeError))
	}
	handle(http.MethodPost, "/passkeys/registration/options", s.withCaller(s.passkeyRegistration))
	handle(http.MethodPost, "/passkeys/registration/verify", s.withCaller(s.registerPasskey))
	handle(http.MethodPost, "/passkeys/authentication/options", s.limited(s.Rates.passkey(), s.passkeySignIn))
	handle(http.MethodPost, "/passkeys/authentication/verify", s.limited(s.Rates.passkey(), s.signInWithPasskey))
	for _, path := range []string{"/passkeys", "/passkeys/"} { // the SDK's types name the second
		handle(http.MethodGet, path, s.withCaller(s.listPasskeys))
	}
	handle(http.MethodPatch, "/passkeys/{passkey_id}", s.withCaller(s.renamePasskey))
	handle(http.MethodDelete, "/passkeys/{passkey_id}", s.withCaller(s.removePasskey))
	handle(http.MethodGet, "/admin/users/{user_id}/passkeys", s.withAdmin(s.withTarget(s.adminListPasskeys)))
	handle(http.MethodDelete, "/admin/users/{user_id}/passkeys/{passkey_id}", s.withAdmin(s.withTarget(s.adminRemovePasskey)))
}

// askedView is a ceremony that has begun.
type askedView struct {
	ChallengeID string          `json:"challenge_id"`
	Options     json.RawMessage `json:"options"`
	ExpiresAt   int64           `json:"expires_at"` // Unix seconds
}

func viewAsked(a identity.Asked) askedView {
	return askedView{ChallengeID: a.ChallengeID.String(), Options: a.Options, ExpiresAt: a.ExpiresAt.Unix()}
}

type passkeyView struct {
	ID           string     `json:"id"`
	FriendlyName string     `json:"friendly_name,omitempty"`
	CreatedAt    time.Time  `json:"created_at"`
	LastUsedAt   *time.Time `json:"last_used_at,omitempty"`
}

func viewPasskey(p identity.Passkey) passkeyView {
	return passkeyView{ID: p.ID.String(), FriendlyName: p.FriendlyName, CreatedAt: p.CreatedAt, LastUsedAt: p.LastUsedAt}
}

func viewPasskeys(all []identity.Passkey) []passkeyView {
	views := make([]passkeyView, len(all))
	for i, p := range all {
		views[i] = viewPasskey(p)
	}
	return views
}

type passkeyBody struct {
	ChallengeID string          `json:"challenge_id"`
	Credential  json.RawMessage `json:"credential"`
}

// answerOf reads what the browser's WebAuthn API returned.
func answerOf(r *http.Request) (identity.Answer, error) {
	var body passkeyBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return identity.Answer{}, err
	}
	switch {
	case body.ChallengeID == "":
		return identity.Answer{}, invalid("challenge_id", "challenge_id is required")
	case len(body.Credential) == 0 || string(body.Credential) == "null":
		return identity.Answer{}, invalid("credential", "credential is required")
	}
	id, err := uuid.Parse(body.ChallengeID)
	if err != nil {
		return identity.Answer{}, invalid("challenge_id", "challenge_id must be a valid UUID")
	}
	return identity.Answer{ChallengeID: id, Credential: body.Credential}, nil
}

// passkeyRegistration answers POST /passkeys/registration/options.
func (s *Surface) passkeyRegistration(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := s.mayChangePasskeys(c); err != nil {
		return err
	}
	asked, err := s.Sessions.Passkeys.BeginRegistration(r.Context(), c.user)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewAsked(asked))
}

// registerPasskey answers POST /passkeys/registration/verify.
func (s *Surface) registerPasskey(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := s.mayChangePasskeys(c); err != nil {
		return err
	}
	answer, err := answerOf(r)
	if err != nil {
		return err
	}
	made, err := s.Sessions.Passkeys.Register(r.Context(), c.user, answer)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewPasskey(made))
}

func (s *Surface) mayChangePasskeys(c caller) error {
	if c.user.IsAnonymous {
		return errAnonymousCaller
	}
	return s.Sessions.RequireConfirmed(c.user, c.session)
}

// passkeySignIn answers POST /passkeys/authentication/options.
func (s *Surface) passkeySignIn(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.Sessions.Passkeys.BeginSignIn(r.Context())
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewAsked(asked))
}

// signInWithPasskey answers POST /passkeys/authentication/verify.
func (s *Surface) signInWithPasskey(w http.ResponseWriter, r *http.Request) error {
	answer, err := answerOf(r)
	if err != nil {
		return err
	}
	grant, err := s.Sessions.SignInWithPasskey(r.Context(), answer)
	if err != nil {
		return err
	}
	return s.writeSession(w, r, grant)
}

// listPasskeys answers GET /passkeys.
func (s *Surface) listPasskeys(w http.ResponseWriter, r *http.Request, c caller) error {
	all, err := s.Sessions.Passkeys.List(r.Context(), c.user.ID)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewPasskeys(all))
}

// renamePasskey answers PATCH /passkeys/{passkey_id}.
func (s *Surface) renamePasskey(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := passkeyID(r)
	if err != nil {
		return err
	}
	var body struct {
		FriendlyName string `json:"friendly_name"`
	}
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	renamed, err := s.Sessions.Passkeys.Rename(r.Context(), c.user, id, body.FriendlyName)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewPasskey(renamed))
}

// removePasskey answers DELETE /passkeys/{passkey_id}.
func (s *Surface) removePasskey(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := passkeyID(r)
	if err != nil {
		return err
	}
	if err := s.mayChangePasskeys(c); err != nil {
		return err
	}
	if err := s.Sessions.Passkeys.Remove(r.Context(), c.user, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// adminListPasskeys answers GET /admin/users/{user_id}/passkeys.
func (s *Surface) adminListPasskeys(w http.ResponseWriter, r *http.Request, target identity.User) error {
	all, err := s.Sessions.Passkeys.List(r.Context(), target.ID)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewPasskeys(all))
}

// adminRemovePasskey answers DELETE /admin/users/{user_id}/passkeys/{passkey_id}.
func (s *Surface) adminRemovePasskey(w http.ResponseWriter, r *http.Request, target identity.User) error {
	id, err := passkeyID(r)
	if err != nil {
		return err
	}
	if err := s.Sessions.Passkeys.RemoveAnyway(r.Context(), target, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func passkeyID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "passkey_id"))
	if err != nil {
		return uuid.Nil, identity.ErrPasskeyNotFound.On("passkey_id", "is not a UUID")
	}
	return id, nil
}
