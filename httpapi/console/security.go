package console

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tessera/httpapi"
	"tessera/identity"
	"tessera/session"
)

// Security is what people do for the safety of their own account: confirm
// access, look after sessions, recovery codes, password and address.
type Security struct {
	Sessions *session.Service
	Factors  *identity.Factors
	Limits   *httpapi.Limits
	Rates    RateLimits
	Cookies  httpapi.Cookies
}

// AddSecurity adds it.
func AddSecurity(a *API, s Security) {
	op := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Security"},
		}
	}
	const confirmed = "Asks for a recently confirmed access: session.confirmation_needed says that it is due."
	Register(a, FirstFactor, op("get-access", http.MethodGet, "/me/access", "Until when access is confirmed, and how it can be", ""), s.getAccess)
	Register(a, User, op("confirm-access", http.MethodPost, "/me/access", "Confirm access by exactly one proof",
		"Sensitive changes are then allowed for a while (auth.reauthenticate_after). An account with a second factor confirms by it."), s.confirmAccess)
	Register(a, User, op("send-access-code", http.MethodPost, "/me/access/email", "Mail a code that confirms access", ""), s.sendAccessCode)

	Register(a, User, op("ask-access-passkey", http.MethodPost, "/me/access/passkey/options", "Ask for a passkey that confirms access",
		"Its authenticator must verify the person."), s.askPasskey)

	raise := op("show-second-factor", http.MethodPost, "/auth/second-factor", "Show the second factor after signing in",
		"For our own pages: the session goes on at aal2, its refresh token in the cookie. Until then an account with a second factor is refused everywhere else with access.second_factor_needed.")
	raise.Middlewares = huma.Middlewares{ownPagesOnly(a, s.Cookies)}
	Register(a, FirstFactor, raise, s.showSecondFactor)

	Register(a, User, op("list-sessions", http.MethodGet, "/me/sessions", "Where the account is signed in", "Newest first."), s.listSessions)
	Register(a, User, op("end-session", http.MethodDelete, "/me/sessions/{id}", "Sign one session out", "Its tokens are refused from now on."), s.endSession)
	Register(a, User, op("end-other-sessions", http.MethodDelete, "/me/sessions", "Sign all other sessions out", ""), s.endOtherSessions)

	Register(a, User, op("get-recovery-codes", http.MethodGet, "/me/recovery-codes", "What is left of the recovery codes", ""), s.getRecoveryCodes)
	Register(a, User, op("make-recovery-codes", http.MethodPost, "/me/recovery-codes", "Make recovery codes",
		"They are shown this once, and take the place of earlier ones. Each stands in for the authenticator app once. "+confirmed), s.makeRecoveryCodes)

	Register(a, User, op("set-password", http.MethodPut, "/me/password", "Set the password", "Ends all other sessions. "+confirmed), s.setPassword)
	Register(a, User, op("change-email", http.MethodPut, "/me/email", "Ask for another sign-in address",
		"The address changes when the mails that are sent now are confirmed. "+confirmed), s.changeEmail)
}

// attempt takes one from the caller's allowance of proofs.
func (s Security) attempt(ctx context.Context, c Caller) error {
	return s.Limits.CheckAccount(ctx, s.Rates.proof(), c.User.ID.String())
}

// AccessView says whether sensitive changes are allowed now.
type AccessView struct {
	ConfirmedUntil     *time.Time `json:"confirmed_until" doc:"Null when access must be confirmed first."`
	ServerTime         time.Time  `json:"server_time"`
	Methods            []string   `json:"methods" enum:"password,totp,passkey,email" doc:"How access can be confirmed; totp takes recovery codes too. Empty: by signing in again."`
	SecondFactorNeeded bool       `json:"second_factor_needed" doc:"The account has a second factor that this session has not shown: POST /auth/second-factor."`
}

type accessOutput struct{ Body AccessView }

func (s Security) getAccess(ctx context.Context, _ *struct{}) (*accessOutput, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	return s.viewAccess(ctx, caller.User, caller.Session)
}

func (s Security) viewAccess(ctx context.Context, user identity.User, current session.Session) (*accessOutput, error) {
	methods, err := s.Sessions.ProofsOf(ctx, user)
	if err != nil {
		return nil, err
	}
	out := &accessOutput{Body: AccessView{
		ServerTime: s.Sessions.Now().UTC(), Methods: methods,
		SecondFactorNeeded: session.RequireSecondFactor(user, current) != nil,
	}}
	if s.Sessions.RequireConfirmed(user, current) == nil {
		until := s.Sessions.ConfirmedUntil(current).UTC()
		out.Body.ConfirmedUntil = &until
	}
	return out, nil
}

// AccessProof is how a person shows again who they are: exactly one of them.
type AccessProof struct {
	Password  string `json:"password,omitempty" maxLength:"72"`
	Code      string `json:"code,omitempty" maxLength:"16" doc:"Of the authenticator app, or a recovery code."`
	EmailCode string `json:"email_code,omitempty" maxLength:"6" doc:"Of the mail that POST /me/access/email sends."`
	Passkey   *struct {
		ChallengeID string          `json:"challenge_id" format:"uuid"`
		Credential  json.RawMessage `json:"credential" doc:"What navigator.credentials.get() returned, as JSON (PublicKeyCredential.toJSON)."`
	} `json:"passkey,omitempty" doc:"The answer to POST /me/access/passkey/options."`
}

type confirmAccessInput struct{ Body AccessProof }

func (s Security) confirmAccess(ctx context.Context, in *confirmAccessInput) (*accessOutput, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	proof, err := in.Body.proof()
	if err != nil {
		return nil, err
	}
	if err := s.attempt(ctx, caller); err != nil {
		return nil, err
	}
	current, err := s.Sessions.Confirm(ctx, caller.User, caller.Session, proof)
	if err != nil {
		return nil, err
	}
	return s.viewAccess(ctx, caller.User, current)
}

func (s Security) sendAccessCode(ctx context.Context, _ *struct{}) (*struct{}, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Sessions.Reauthenticate(ctx, caller.User)
}

// AskedView is what the browser's WebAuthn API is given.
type AskedView struct {
	ChallengeID string          `json:"challenge_id" format:"uuid" doc:"Names the ceremony in its answer; taken once."`
	Options     json.RawMessage `json:"options" doc:"PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3), for navigator.credentials.get()."`
	ExpiresAt   time.Time       `json:"expires_at"`
}

type askedOutput struct{ Body AskedView }

func (s Security) askPasskey(ctx context.Context, _ *struct{}) (*askedOutput, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.attempt(ctx, caller); err != nil {
		return nil, err
	}
	asked, err := s.Sessions.Passkeys.BeginConfirmation(ctx, caller.User)
	if err != nil {
		return nil, err
	}
	return &askedOutput{Body: AskedView{
		ChallengeID: asked.ChallengeID.String(), Options: asked.Options, ExpiresAt: asked.ExpiresAt.UTC(),
	}}, nil
}

type secondFactorInput struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"16" doc:"Six digits of the authenticator app, or a recovery code."`
	}
}

// RaisedView is a session that shows the second factor. Its refresh token is
// in the cookie.
type RaisedView struct {
	AccessToken string    `json:"access_token"`
	ExpiresAt   time.Time `json:"expires_at"`
}

type raisedOutput struct {
	SetCookie    http.Cookie `header:"Set-Cookie"`
	CacheControl string      `header:"Cache-Control"`
	Body         RaisedView
}

func (s Security) showSecondFactor(ctx context.Context, in *secondFactorInput) (*raisedOutput, error) {
	caller, err := localCaller(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.attempt(ctx, caller); err != nil {
		return nil, err
	}
	grant, err := s.Sessions.ShowSecondFactor(ctx, caller.User, caller.Session, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return &raisedOutput{
		SetCookie: *s.Cookies.Refresh(grant.RefreshToken), CacheControl: "no-store",
		Body: RaisedView{AccessToken: grant.AccessToken, ExpiresAt: grant.ExpiresAt.UTC()},
	}, nil
}
