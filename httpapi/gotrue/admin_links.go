package gotrue

import (
	"net/http"

	"tessera/httpapi"
	"tessera/session"
)

type linkBody struct {
	Type       string         `json:"type"`
	Email      string         `json:"email"`
	NewEmail   string         `json:"new_email"`
	Password   string         `json:"password"`
	Data       map[string]any `json:"data"`
	RedirectTo string         `json:"redirect_to"`
}

type linkView struct {
	userView
	ActionLink       string `json:"action_link"`
	EmailOTP         string `json:"email_otp"`
	HashedToken      string `json:"hashed_token"`
	VerificationType string `json:"verification_type"`
	RedirectTo       string `json:"redirect_to"`
}

// generateLink answers POST /admin/generate_link: the link and code that a
// mail would have held, for an operator who sends mails otherwise.
func (s *Surface) generateLink(w http.ResponseWriter, r *http.Request) error {
	var body linkBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	if body.RedirectTo == "" {
		body.RedirectTo = r.URL.Query().Get("redirect_to")
	}
	made, err := s.Sessions.GenerateLink(r.Context(), session.LinkRequest{
		Type: body.Type, Email: body.Email, NewEmail: body.NewEmail, Password: body.Password, Data: body.Data,
		RedirectTo: body.RedirectTo,
	})
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, linkView{
		userView: viewUser(made.User), ActionLink: made.Link, EmailOTP: made.Code, HashedToken: made.Token,
		VerificationType: body.Type, RedirectTo: made.RedirectTo,
	})
}
