package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tessera/identity"
)

// Person is the signed-in user, as our pages see them.
type Person struct {
	ID           string     `json:"id" format:"uuid" doc:"The local user's id."`
	Email        string     `json:"email" doc:"The sign-in address; for a trusted issuer's user, the address that the token states; empty when there is none."`
	IsAdmin      bool       `json:"is_admin" doc:"May use the administration."`
	IsAnonymous  bool       `json:"is_anonymous" doc:"Gave no address and no password."`
	Issuer       string     `json:"issuer" doc:"Who issued the access token."`
	Provider     string     `json:"provider" doc:"How the account began: email, anonymous, supabase."`
	Subject      string     `json:"subject" doc:"The user's id at the issuer."`
	Nickname     string     `json:"nickname"`
	AvatarURL    string     `json:"avatar_url" doc:"A path of this server; empty when there is no picture." example:"/avatars/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	CreatedAt    time.Time  `json:"created_at"`
	LastSignInAt *time.Time `json:"last_sign_in_at" doc:"Null when never."`
}

type personOutput struct{ Body Person }

// AddMe adds who the caller is.
func AddMe(a *API) {
	answer := func(ctx context.Context, _ *struct{}) (*personOutput, error) {
		return &personOutput{Body: person(CallerFrom(ctx))}, nil
	}
	Register(a, AnyUser, huma.Operation{
		OperationID: "get-me", Method: "GET", Path: "/me", Tags: []string{"Account"},
		Summary: "Who the caller is",
	}, answer)
	Register(a, AnyUser, huma.Operation{
		OperationID: "sync-user", Method: "POST", Path: "/auth/sync-user", Tags: []string{"Account"},
		Summary:     "Make sure that the caller has a local user",
		Description: "The first request with a trusted issuer's token makes the local user, whatever the path; this one does nothing else. Safe to repeat and to race.",
	}, answer)
}

func person(c Caller) Person {
	p := Person{
		ID: c.User.ID.String(), Email: c.User.Email, IsAdmin: c.User.IsAdmin, IsAnonymous: c.User.IsAnonymous,
		Issuer: c.Claims.Issuer, Provider: c.User.SignupSource, Subject: c.Claims.Subject,
		Nickname: c.User.Nickname, AvatarURL: c.User.AvatarURL,
		CreatedAt: c.User.CreatedAt, LastSignInAt: c.User.LastSignInAt,
	}
	for _, known := range c.User.Identities {
		if p.Email == "" && isTokenIdentity(known, c) {
			p.Email = known.Email
		}
	}
	return p
}

// isTokenIdentity reports whether an identity is the one that the caller's
// token names.
func isTokenIdentity(known identity.Identity, c Caller) bool {
	return known.ProviderKey == c.Claims.Issuer && known.ProviderSubject == c.Claims.Subject
}
