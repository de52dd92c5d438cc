package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tessera/fault"
	"tessera/identity"
	"tessera/session"
	"tessera/session/token"
)

// Inspector says of a token which checks it passes; token.Verifier does.
type Inspector interface {
	Inspect(ctx context.Context, accessToken string) token.Verdict
}

// TokenVerdict is what this server thinks of a token. What the token claims is
// shown whether it is believed or not: Valid and Checks say which.
type TokenVerdict struct {
	Valid       bool         `json:"valid" doc:"This server would take the token now."`
	Checks      []TokenCheck `json:"checks" doc:"In the order in which they are made."`
	Issuer      string       `json:"issuer"`
	KID         string       `json:"kid" doc:"Which key of the issuer signed."`
	Alg         string       `json:"alg" example:"ES256"`
	Subject     string       `json:"subject" doc:"The user's id at the issuer."`
	Role        string       `json:"role" example:"authenticated"`
	IsAnonymous bool         `json:"is_anonymous"`
	IssuedAt    *time.Time   `json:"issued_at" doc:"Null when the token does not say."`
	ExpiresAt   *time.Time   `json:"expires_at" doc:"Null when the token does not say."`
	ServerTime  time.Time    `json:"server_time" doc:"Our clock at the time of the checks."`
}

// TokenCheck is one check and its result.
type TokenCheck struct {
	Name   string `json:"name" enum:"format,issuer,key,signature,expiry,audience,session"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail" doc:"For a person."`
}

type inspectInput struct {
	Body struct {
		Token string `json:"token" doc:"The token. It is not kept." minLength:"1"`
	}
}

type inspectOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         TokenVerdict
}

// AddInspect adds the verdict on tokens.
func AddInspect(a *API, inspector Inspector, sessions Sessions) {
	Register(a, AnyUser, huma.Operation{
		OperationID: "inspect-token", Method: http.MethodPost, Path: "/auth/inspect-token", Tags: []string{"Account"},
		Summary:      "What this server thinks of an access token",
		Description:  "Makes the checks that every request makes, and says of each whether it passes.",
		MaxBodyBytes: 64 << 10,
	}, func(ctx context.Context, in *inspectInput) (*inspectOutput, error) {
		verdict := inspector.Inspect(ctx, in.Body.Token)
		check, err := checkSession(ctx, verdict, sessions)
		if err != nil {
			return nil, err
		}
		verdict.Checks = append(verdict.Checks, check)
		return &inspectOutput{CacheControl: "no-store", Body: viewVerdict(verdict)}, nil
	})
}

// checkSession asks whether the session behind a token of our own is still
// there. It is asked only when the signature holds: a forged token must not
// tell whose sessions live.
func checkSession(ctx context.Context, verdict token.Verdict, sessions Sessions) (token.Check, error) {
	check := token.Check{Name: "session"}
	switch {
	case !passes(verdict, "signature"):
		check.Detail = "not checked: an earlier check failed"
	case !verdict.Claims.Own:
		check.OK, check.Detail = true, "kept by the issuer; the token counts until it expires"
	case verdict.Claims.IsAPIKey():
		check.OK, check.Detail = true, "an API key has no session"
	default:
		_, _, err := sessions.Current(ctx, *verdict.Claims)
		if err != nil && !isAboutSession(err) {
			return check, err
		}
		check.OK, check.Detail = err == nil, "the session is there"
		if err != nil {
			check.Detail = fault.From(err).Message
		}
	}
	return check, nil
}

// isAboutSession reports whether err says that the session or its user is gone.
func isAboutSession(err error) bool {
	for _, known := range []error{identity.ErrUserNotFound, identity.ErrUserBanned, session.ErrSessionNotFound, session.ErrSessionExpired} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func passes(verdict token.Verdict, name string) bool {
	for _, check := range verdict.Checks {
		if check.Name == name {
			return check.OK
		}
	}
	return false
}

func viewVerdict(v token.Verdict) TokenVerdict {
	view := TokenVerdict{Valid: true, ServerTime: v.At.UTC(), Checks: make([]TokenCheck, len(v.Checks))}
	for i, c := range v.Checks {
		view.Checks[i] = TokenCheck{Name: c.Name, OK: c.OK, Detail: c.Detail}
		view.Valid = view.Valid && c.OK
	}
	if c := v.Claims; c != nil {
		view.Issuer, view.KID, view.Alg, view.Subject = c.Issuer, c.KeyID, c.Alg, c.Subject
		view.Role, view.IsAnonymous = c.Role, c.IsAnonymous
		view.IssuedAt, view.ExpiresAt = optionalTime(c.IssuedAt), optionalTime(c.ExpiresAt)
	}
	return view
}
