package gotrue

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

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
