package gotrue

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"tessera/httpapi"
)

type auditView struct {
	ID        string       `json:"id"`
	Payload   auditPayload `json:"payload"`
	CreatedAt time.Time    `json:"created_at"`
	IPAddress string       `json:"ip_address"`
}

type auditPayload struct {
	Action        string         `json:"action"`
	ActorID       string         `json:"actor_id"`
	ActorUsername string         `json:"actor_username"`
	ActorViaSSO   bool           `json:"actor_via_sso"`
	LogType       string         `json:"log_type"`
	Traits        map[string]any `json:"traits,omitempty"`
}

// audit answers GET /admin/audit?page=&per_page=, newest first.
func (s *Surface) audit(w http.ResponseWriter, r *http.Request) error {
	page, perPage, err := pageOf(r)
	if err != nil {
		return err
	}
	entries, total, err := s.Accounts.Audit.AuditPage(r.Context(), (page-1)*perPage, perPage)
	if err != nil {
		return err
	}
	views := make([]auditView, len(entries))
	for i, e := range entries {
		traits := e.Detail
		if e.UserID != uuid.Nil {
			traits = map[string]any{"user_id": e.UserID.String()}
			for key, value := range e.Detail {
				traits[key] = value
			}
		}
		views[i] = auditView{
			ID: e.ID.String(), CreatedAt: e.At, IPAddress: e.Origin.IP,
			Payload: auditPayload{
				Action: string(e.Action), ActorID: e.ActorID.String(), ActorUsername: e.ActorName,
				LogType: e.Action.Group(), Traits: traits,
			},
		}
	}
	paging(w, r, page, perPage, total)
	return httpapi.WriteJSON(w, http.StatusOK, views)
}
