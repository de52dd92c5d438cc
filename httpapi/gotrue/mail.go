package gotrue

import (
	"net/http"

	"tessera/httpapi"
)

type mailBody struct {
	Type                string         `json:"type"`
	Email               string         `json:"email"`
	Phone               string         `json:"phone"`
	CreateUser          *bool          `json:"create_user"`
	Data                map[string]any `json:"data"`
	CodeChallenge       string         `json:"code_challenge"`
	CodeChallengeMethod string         `json:"code_challenge_method"`
}

// recover answers POST /recover. Known and unknown addresses look the same.
func (s *Surface) recover(w http.ResponseWriter, r *http.Request) error {
	var body mailBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	if body.Email == "" {
		return invalid("email", "Password recovery requires an email")
	}
	flow, err := flowOf(r, body.CodeChallenge, body.CodeChallengeMethod)
	if err != nil {
		return err
	}
	if err := s.Sessions.Recover(r.Context(), body.Email, flow); err != nil {
		return err
	}
	return empty(w)
}

// resend answers POST /resend.
func (s *Surface) resend(w http.ResponseWriter, r *http.Request) error {
	var body mailBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	switch body.Type {
	case "signup", "email_change":
	case "sms", "phone_change":
		return errPhoneDisabled.On("type", "is not supported")
	default:
		return invalid("type", "Missing one of these types: signup, email_change, sms, phone_change")
	}
	if body.Email == "" {
		return invalid("email", "Type provided requires an email address")
	}
	flow, err := flowOf(r, body.CodeChallenge, body.CodeChallengeMethod)
	if err != nil {
		return err
	}
	send := s.Sessions.Resend
	if body.Type == "email_change" {
		send = s.Sessions.ResendEmailChange
	}
	if err := send(r.Context(), body.Email, flow); err != nil {
		return err
	}
	return empty(w)
}

// otp answers POST /otp and /magiclink: a mail with a link and a code.
func (s *Surface) otp(w http.ResponseWriter, r *http.Request) error {
	var body mailBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	switch {
	case body.Email == "" && body.Phone == "":
		return invalid("email", "One of email or phone must be set")
	case body.Email != "" && body.Phone != "":
		return invalid("phone", "Only an email address or phone number should be provided")
	case body.Phone != "":
		return errPhoneDisabled.On("phone", "is not supported")
	}
	flow, err := flowOf(r, body.CodeChallenge, body.CodeChallengeMethod)
	if err != nil {
		return err
	}
	mayCreate := body.CreateUser == nil || *body.CreateUser
	if err := s.Sessions.SendMagicLink(r.Context(), body.Email, body.Data, mayCreate, flow); err != nil {
		return err
	}
	return empty(w)
}

// invite answers POST /invite.
func (s *Surface) invite(w http.ResponseWriter, r *http.Request) error {
	var body mailBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	if body.Email == "" {
		return invalid("email", "An email address is required")
	}
	flow, err := flowOf(r, "", "")
	if err != nil {
		return err
	}
	user, err := s.Sessions.Invite(r.Context(), body.Email, body.Data, flow)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, viewUser(user))
}
