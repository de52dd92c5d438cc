package gotrue

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"tessera/fault"
	"tessera/httpapi"
	"tessera/identity"
	"tessera/session"
)

// errAAL is of what needs the second factor, on a session without it.
var (
	errAALToEnroll = fault.Declare(fault.Forbidden, "gotrue.aal2_required_to_enroll",
		"AAL2 required to enroll a new factor", "Verify a factor of the account first.")
	errAALToUpdate = fault.Declare(fault.Forbidden, "gotrue.aal2_required_to_update",
		"AAL2 session is required to update email or password when MFA is enabled.", "Verify a factor of the account first.")
	errAALToUnenroll = fault.Declare(fault.Unprocessable, "gotrue.aal2_required_to_unenroll",
		"AAL2 required to unenroll verified factor", "Verify a factor of the account first.")
)

type enrollBody struct {
	FactorType   string `json:"factor_type"`
	FriendlyName string `json:"friendly_name"`
	Issuer       string `json:"issuer"`
}

type totpView struct {
	QRCode string `json:"qr_code"` // an SVG
	Secret string `json:"secret"`
	URI    string `json:"uri"`
}

type enrollView struct {
	ID           string   `json:"id"`
	Type         string   `json:"type"`
	FriendlyName string   `json:"friendly_name"`
	TOTP         totpView `json:"totp"`
}

// enroll answers POST /factors. Adding a factor to an account that has one
// takes a session that showed it.
func (s *Surface) enroll(w http.ResponseWriter, r *http.Request, c caller) error {
	if c.user.IsAnonymous {
		return errAnonymousCaller
	}
	var body enrollBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	if body.FactorType != identity.FactorTOTP {
		return identity.ErrFactorKind.On("factor_type", "is not totp")
	}
	if err := s.requireConfirmed(c, errAALToEnroll); err != nil {
		return err
	}
	if body.Issuer == "" {
		body.Issuer = s.SiteName
	}
	made, err := s.Factors.Enroll(r.Context(), c.user, body.FriendlyName, body.Issuer)
	if err != nil {
		return err
	}
	code, err := qrSVG(made.URI)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return httpapi.WriteJSON(w, http.StatusOK, enrollView{
		ID: made.Factor.ID.String(), Type: made.Factor.Kind, FriendlyName: body.FriendlyName,
		TOTP: totpView{QRCode: code, Secret: made.Secret, URI: made.URI},
	})
}

// requireConfirmed is session.Service.RequireConfirmed, where a session without
// the second factor is told so in the words of its route.
func (s *Surface) requireConfirmed(c caller, withoutFactor error) error {
	err := s.Sessions.RequireConfirmed(c.user, c.session)
	if errors.Is(err, session.ErrSecondFactorNeeded) {
		return withoutFactor
	}
	return err
}

// challenge answers POST /factors/{factor_id}/challenge.
func (s *Surface) challenge(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := factorID(r)
	if err != nil {
		return err
	}
	made, err := s.Factors.Challenge(r.Context(), c.user.ID, id)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, map[string]any{
		"id": made.ID.String(), "type": identity.FactorTOTP, "expires_at": made.ExpiresAt.Unix(),
	})
}

type verifyFactorBody struct {
	ChallengeID string `json:"challenge_id"`
	Code        string `json:"code"`
}

// verifyFactor answers POST /factors/{factor_id}/verify: the session goes on
// at aal2.
func (s *Surface) verifyFactor(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := factorID(r)
	if err != nil {
		return err
	}
	var body verifyFactorBody
	if err := httpapi.DecodeLooseJSON(r, maxBody, &body); err != nil {
		return err
	}
	challengeID, err := uuid.Parse(body.ChallengeID)
	if err != nil {
		return invalid("challenge_id", "challenge_id must be an UUID")
	}
	if err := s.Limits.Check(r.Context(), s.Rates.factor(), c.user.ID.String()); err != nil {
		return err
	}
	if err := s.Factors.Answer(r.Context(), c.user, id, challengeID, body.Code); err != nil {
		return err
	}
	grant, err := s.Sessions.Elevate(r.Context(), c.user, c.session, session.MethodTOTP)
	if err != nil {
		return err
	}
	return s.writeSession(w, r, grant)
}

// unenroll answers DELETE /factors/{factor_id}.
func (s *Surface) unenroll(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := factorID(r)
	if err != nil {
		return err
	}
	// An enrolment that was never finished protects nothing.
	if c.user.HasSecondFactor() {
		if err := s.requireConfirmed(c, errAALToUnenroll); err != nil {
			return err
		}
	}
	if err := s.Factors.Remove(r.Context(), c.user, id); err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, map[string]string{"id": id.String()})
}

func factorID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "factor_id"))
	if err != nil {
		return uuid.Nil, identity.ErrFactorNotFound.On("factor_id", "is not a UUID")
	}
	return id, nil
}

type factorView struct {
	ID               string     `json:"id"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
	Status           string     `json:"status"`
	FriendlyName     string     `json:"friendly_name,omitempty"`
	FactorType       string     `json:"factor_type"`
	LastChallengedAt *time.Time `json:"last_challenged_at,omitempty"`
}

func viewFactors(factors []identity.Factor) []factorView {
	views := make([]factorView, len(factors))
	for i, f := range factors {
		views[i] = factorView{
			ID: f.ID.String(), CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt, Status: "unverified",
			FriendlyName: f.FriendlyName, FactorType: f.Kind, LastChallengedAt: f.LastChallenged,
		}
		if f.IsVerified {
			views[i].Status = "verified"
		}
	}
	return views
}
