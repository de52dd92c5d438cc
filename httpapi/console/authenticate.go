package console

import (
	"context"
	"errors"
	"time"

	"tessera/identity"
	"tessera/session"
	"tessera/session/token"
)

// Verifier checks access tokens; token.Verifier does.
type Verifier interface {
	Verify(ctx context.Context, accessToken string) (token.Claims, error)
}

// Sessions finds the user and the live session of a token that this server
// issued; session.Service does.
type Sessions interface {
	Current(ctx context.Context, claims token.Claims) (identity.User, session.Session, error)
}

// Accounts makes the local users of trusted issuers; identity.Service does.
type Accounts interface {
	Sync(ctx context.Context, external identity.External) (user identity.User, isNew bool, err error)
}

// Authenticator authenticates callers.
type Authenticator struct {
	Verifier Verifier
	Sessions Sessions
	Accounts Accounts
	Now      func() time.Time
	// OnSync, if set, is told how long it took to find or make the local user
	// of a trusted issuer's subject.
	OnSync func(took time.Duration, isNew bool, err error)
}

// Authenticate implements [Authenticate]. A token of our own counts only as
// long as its session lives; another issuer's until it expires.
func (a *Authenticator) Authenticate(ctx context.Context, accessToken string) (Caller, error) {
	claims, err := a.Verifier.Verify(ctx, accessToken)
	if err != nil {
		return Caller{}, err
	}
	if claims.IsAPIKey() {
		return Caller{}, ErrAPIKey
	}
	if claims.Own {
		user, current, err := a.Sessions.Current(ctx, claims)
		return Caller{User: user, Claims: claims, Session: current}, signedOut(err)
	}
	user, err := a.sync(ctx, claims)
	return Caller{User: user, Claims: claims}, err
}

// signedOut turns "no such session" and "no such user" into what they mean for
// the bearer of a token: nobody is signed in.
func signedOut(err error) error {
	if errors.Is(err, session.ErrSessionNotFound) || errors.Is(err, identity.ErrUserNotFound) {
		return ErrSignedOut.Because(err)
	}
	return err
}

func (a *Authenticator) sync(ctx context.Context, claims token.Claims) (identity.User, error) {
	if claims.Subject == "" {
		return identity.User{}, token.ErrNoSubject
	}
	started := a.Now()
	user, isNew, err := a.Accounts.Sync(ctx, identity.External{
		Issuer: claims.Issuer, Subject: claims.Subject, Email: claims.Email,
		Nickname: nickname(claims.UserMetadata), IsAnonymous: claims.IsAnonymous, Claims: claims.UserMetadata,
	})
	if a.OnSync != nil {
		a.OnSync(a.Now().Sub(started), isNew, err)
	}
	return user, err
}

// nickname is what an issuer's user_metadata calls the user. The names are
// those that Supabase's providers fill.
func nickname(metadata map[string]any) string {
	for _, key := range []string{"nickname", "name", "full_name", "user_name"} {
		if s, ok := metadata[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}
