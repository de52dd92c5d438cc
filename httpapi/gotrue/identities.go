package gotrue

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/httpapi"
	"tessera/pendingauth"
)

var errManualLinkingDisabled = fault.Declare(fault.NotFound, "gotrue.manual_linking_disabled",
	"Manual linking is disabled", "Bind the identity on the profile page of this server.")

// link answers GET /user/identities/authorize?provider=: where the caller goes to
// bind one more identity. It is asked for by a script with a bearer token, so
// there is no browser to bind the flow to: the code that it ends in binds, when
// the client exchanges it.
func (s *Surface) link(w http.ResponseWriter, r *http.Request, c caller) error {
	if !s.ManualLinking {
		return errManualLinkingDisabled
	}
	if err := s.Limits.Check(r.Context(), s.Rates.authorize(), ""); err != nil {
		return err
	}
	if err := s.Sessions.RequireConfirmed(c.user, c.session); err != nil {
		return err
	}
	q := r.URL.Query()
	challenge, err := challengeOf(q)
	if err != nil {
		return err
	}
	started, err := s.Pending.Begin(r.Context(), pendingauth.Start{
		Source: q.Get("provider"), Channel: q.Get("channel"), RedirectTo: q.Get("redirect_to"), Challenge: challenge,
		Bind: &pendingauth.Proof{User: c.user, Session: c.session},
	})
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	if q.Get("skip_http_redirect") == "true" {
		return httpapi.WriteJSON(w, http.StatusOK, map[string]string{"url": started.URL})
	}
	http.Redirect(w, r, started.URL, http.StatusFound)
	return nil
}

// unlink answers DELETE /user/identities/{identity_id}.
func (s *Surface) unlink(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := uuid.Parse(chi.URLParam(r, "identity_id"))
	if err != nil {
		return invalid("identity_id", "identity_id must be an UUID")
	}
	if err := s.Sessions.RequireConfirmed(c.user, c.session); err != nil {
		return err
	}
	if _, err := s.Accounts.Unbind(r.Context(), c.user.ID, id); err != nil {
		return err
	}
	return empty(w)
}
