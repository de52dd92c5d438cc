package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/secret"
	"tessera/session/token"
)

// Signer signs access tokens; token.KeyRing does.
type Signer interface {
	Sign(ctx context.Context, claims token.Claims) (string, error)
}

// Mailer takes a mail to be sent. Called in a transaction it takes part in
// it: the mail goes out if, and only if, that commits.
type Mailer interface {
	Send(ctx context.Context, mail Mail) error
}

// Limiter counts how often something was asked for. It answers the time to
// wait, or 0 when the call is allowed.
type Limiter interface {
	Wait(ctx context.Context, key string, interval time.Duration) (time.Duration, error)
}

// Service signs people in and out. Its fields are set once, before use; it is
// safe for concurrent use.
type Service struct {
	Accounts  *identity.Service
	Factors   *identity.Factors
	Passkeys  *identity.Passkeys
	Store     Store
	Codes     CodeStore
	Signer    Signer
	Mailer    Mailer
	Limiter   Limiter
	Linker    Linker
	Redirects *Redirects
	Keys      Keys
	InTx      func(context.Context, func(context.Context) error) error
	Now       func() time.Time
	Log       *slog.Logger
	Issuer    string // the iss claim of our tokens
	Config    Config
	// OnSignIn, if set, is told of every sign-in attempt by password, code or
	// link: its method and "ok" or the fault's code. Metrics listen here.
	OnSignIn func(method, result string)
}

// Keys are the keys of this room, derived from the installation's secret.
type Keys struct {
	chain []byte // derives refresh tokens from their predecessors
	codes []byte // hashes 6-digit codes
}

// DeriveKeys returns the room's keys.
func DeriveKeys(key secret.Key) Keys {
	return Keys{chain: key.Derive("refresh-token-chain", 32), codes: key.Derive("one-time-codes", 32)}
}

// Start opens a session for a user who proved who they are by method; also
// names what else the proof amounts to (MethodMFA). Faults: those of
// identity.Service.Admit.
func (s *Service) Start(ctx context.Context, user identity.User, method string, also ...string) (Grant, error) {
	if err := s.Accounts.Admit(user); err != nil {
		return Grant{}, err
	}
	now := s.Now()
	origin := identity.RequestFrom(ctx)
	ids, err := newIDs(2)
	if err != nil {
		return Grant{}, err
	}
	opened := Session{
		ID: ids[0], UserID: user.ID, AAL: "aal1", AMR: []token.Method{{Method: method, At: now}},
		UserAgent: origin.UserAgent, IP: origin.IP, CreatedAt: now, RefreshedAt: now,
	}
	for _, more := range also {
		opened.AMR = append(opened.AMR, token.Method{Method: more, At: now})
	}
	if method != MethodAnonymous { // which proves nothing
		opened.ConfirmedAt = &now
	}
	if s.Config.Timebox > 0 {
		end := now.Add(s.Config.Timebox)
		opened.NotAfter = &end
	}
	refresh := NewToken()
	first := RefreshToken{ID: ids[1], SessionID: opened.ID, Hash: hashOf(refresh), CreatedAt: now}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateSession(ctx, opened, first); err != nil {
			return err
		}
		if err := s.Accounts.Store.TouchSignIn(ctx, user.ID, now); err != nil {
			return err
		}
		return s.Accounts.Record(ctx, identity.ActionLogin, user, map[string]any{
			"method": method, "session_id": opened.ID.String(),
		})
	})
	if err != nil {
		return Grant{}, err
	}
	user.LastSignInAt = &now
	return s.grant(ctx, opened, user, refresh)
}

// grant signs an access token for a session.
func (s *Service) grant(ctx context.Context, of Session, user identity.User, refresh string) (Grant, error) {
	now := s.Now()
	expires := now.Add(s.Config.AccessTTL)
	access, err := s.Signer.Sign(ctx, token.Claims{
		Issuer: s.Issuer, Subject: user.ID.String(), Audience: []string{token.Audience},
		IssuedAt: now, ExpiresAt: expires, Email: user.Email, Role: user.Role, AAL: of.AAL, AMR: of.AMR,
		SessionID: of.ID.String(), IsAnonymous: user.IsAnonymous,
		AppMetadata: orEmpty(user.AppMetadata), UserMetadata: orEmpty(user.UserMetadata),
	})
	if err != nil {
		return Grant{}, err
	}
	return Grant{AccessToken: access, ExpiresAt: expires, RefreshToken: refresh, Session: of, User: user}, nil
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// Current returns the user and session behind a verified token of our own.
// Faults: identity.ErrUserNotFound, ErrSessionNotFound, identity.ErrUserBanned.
func (s *Service) Current(ctx context.Context, claims token.Claims) (identity.User, Session, error) {
	userID, err := uuid.Parse(claims.Subject)
	if err != nil {
		return identity.User{}, Session{}, identity.ErrUserNotFound
	}
	user, err := s.Accounts.User(ctx, userID)
	if err != nil {
		return identity.User{}, Session{}, err
	}
	sessionID, err := uuid.Parse(claims.SessionID)
	if err != nil {
		return identity.User{}, Session{}, ErrSessionNotFound
	}
	current, err := s.Store.Session(ctx, sessionID)
	if err != nil {
		return identity.User{}, Session{}, err
	}
	if current.UserID != user.ID {
		return identity.User{}, Session{}, ErrSessionNotFound
	}
	if err := s.Accounts.Admit(user); err != nil {
		return identity.User{}, Session{}, err
	}
	s.Accounts.Seen(user)
	return user, current, nil
}

func newIDs(n int) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// observe reports a sign-in attempt to OnSignIn.
func (s *Service) observe(method string, err error) {
	if s.OnSignIn == nil {
		return
	}
	s.OnSignIn(method, resultOf(err))
}
