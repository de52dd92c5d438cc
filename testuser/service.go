package testuser

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"tessera/fault"
)

// maxTries bounds how often a sign-in is tried again after somebody else set
// another password (another replica: here, calls take turns).
const maxTries = 3

// prepareTimeout bounds the work that several calls may share, so that one
// which is cancelled does not fail the others.
const prepareTimeout = 30 * time.Second

// Accepted is what our own verifier says of a token.
type Accepted struct {
	Subject     string
	IsAnonymous bool
}

// Call is what the audit log is told of one call.
type Call struct {
	Operation  string // create, refresh, anonymous, list
	Username   string
	Email      string
	AuthUserID string
	IsReused   bool
	Result     string // "ok", or the fault's code
}

// Service hands out test users. Its fields are set once, before use; it is
// safe for concurrent use.
type Service struct {
	Config Config
	IsOn   bool // Config.Enabled, decided
	Store  Store
	Auth   *AuthServer
	Mail   *MailAPI // nil = addresses at Config.MailDomain
	// Accept is our own verifier.
	Accept func(ctx context.Context, accessToken string) (Accepted, error)
	// Limit takes one from the caller's allowance, or returns the fault that
	// says how long to wait.
	Limit func(ctx context.Context, caller string) error
	// Audit writes one entry about a call.
	Audit func(ctx context.Context, call Call) error
	Now   func() time.Time

	turns turns
}

// Request asks for a test user.
type Request struct {
	Caller     string // who asks: counts against the rate limit
	Prefix     string // an allowed prefix, or one with a number
	MailAPIKey string // "" = the configured one
	// ForceNew takes the next free number instead of a user who is there.
	ForceNew bool
}

// Create hands out a test user. A prefix without a number stands for its first
// user; the user is made if it is not there. Faults: all of this package.
func (s *Service) Create(ctx context.Context, r Request) (Session, error) {
	call := Call{Operation: "create", Username: plain(r.Prefix)}
	return s.audited(ctx, r.Caller, call, func(ctx context.Context) (Session, error) {
		wanted, err := parseName(r.Prefix, s.Config.Prefixes)
		if err != nil {
			return Session{}, err
		}
		if !s.Auth.HasServiceRoleKey() {
			return Session{}, ErrServiceRoleKeyMissing
		}
		user, err := s.reserve(ctx, wanted, r.ForceNew)
		if err != nil {
			return Session{}, err
		}
		return s.handOut(ctx, user, r.MailAPIKey)
	})
}

// Refresh hands out the test user with this id. Faults: ErrNotFound and those
// of Create.
func (s *Service) Refresh(ctx context.Context, caller string, id uuid.UUID) (Session, error) {
	return s.audited(ctx, caller, Call{Operation: "refresh"}, func(ctx context.Context) (Session, error) {
		if !s.Auth.HasServiceRoleKey() {
			return Session{}, ErrServiceRoleKeyMissing
		}
		user, err := s.Store.TestUser(ctx, id)
		if err != nil {
			return Session{}, err
		}
		return s.handOut(ctx, user, "")
	})
}

// Anonymous signs a new anonymous user in. Faults: those of Create.
func (s *Service) Anonymous(ctx context.Context, caller string) (Session, error) {
	return s.audited(ctx, caller, Call{Operation: "anonymous"}, func(ctx context.Context) (Session, error) {
		got, err := s.Auth.signInAnonymously(ctx)
		if err != nil {
			return Session{}, shown(err, doingSignIn)
		}
		return s.session(ctx, got)
	})
}

// List returns the test users that were made, oldest first. It does not count
// against the rate limit. Faults: ErrDisabled.
func (s *Service) List(ctx context.Context, caller string) ([]User, error) {
	var made []User
	_, err := s.audited(ctx, caller, Call{Operation: "list"}, func(ctx context.Context) (Session, error) {
		users, err := s.Store.TestUsers(ctx)
		for _, u := range users {
			if u.AuthUserID != "" {
				made = append(made, u)
			}
		}
		return Session{}, err
	})
	return made, err
}

// audited applies the switch and the rate limit, runs the call, and writes its
// audit entry. Without the entry nothing is handed out.
func (s *Service) audited(
	ctx context.Context, caller string, call Call, run func(context.Context) (Session, error),
) (Session, error) {
	session, err := Session{}, s.admit(ctx, caller, call.Operation)
	if err == nil {
		session, err = run(ctx)
	}
	if session.Username != "" {
		call.Username = session.Username
	}
	call.Email, call.AuthUserID, call.IsReused = session.Email, session.AuthUserID, session.Reused
	call.Result = "ok"
	if err != nil {
		call.Result = fault.From(err).Code
	}
	// The call may have been cancelled; what happened is written all the same.
	if auditErr := s.Audit(context.WithoutCancel(ctx), call); auditErr != nil {
		return Session{}, errors.Join(auditErr, err)
	}
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

func (s *Service) admit(ctx context.Context, caller, operation string) error {
	if !s.IsOn {
		return ErrDisabled
	}
	if operation == "list" {
		return nil
	}
	return s.Limit(ctx, caller)
}

// reserve finds or adds the row that the request stands for.
func (s *Service) reserve(ctx context.Context, wanted name, forceNew bool) (User, error) {
	if wanted.number == 0 || forceNew {
		users, err := s.Store.TestUsers(ctx)
		if err != nil {
			return User{}, err
		}
		taken := numbers(users, wanted.prefix)
		switch {
		case len(taken) == 0:
			wanted.number = 1
		case forceNew:
			wanted.number = taken[len(taken)-1] + 1
		default:
			wanted.number = taken[0]
		}
	}
	for ; wanted.number <= maxNumber; wanted.number++ {
		id, err := uuid.NewV7()
		if err != nil {
			return User{}, err
		}
		user, isNew, err := s.Store.ReserveTestUser(ctx, User{ID: id, Username: wanted.String(), CreatedAt: s.Now()})
		if err != nil || isNew || !forceNew {
			return user, err
		} // somebody else took the number meanwhile
	}
	return User{}, ErrNumbersUsedUp
}

// handOut sets a new password and signs in with it.
func (s *Service) handOut(ctx context.Context, user User, mailKey string) (Session, error) {
	for try := 1; ; try++ {
		session, err := s.takeTurn(ctx, user, mailKey)
		if isWrongPassword(err) && try < maxTries {
			continue
		}
		return session, shown(err, doingSignIn)
	}
}

// takeTurn prepares the account, or shares in its preparation, and signs in.
func (s *Service) takeTurn(ctx context.Context, user User, mailKey string) (Session, error) {
	joined, leads, err := s.turns.join(ctx, user.Username)
	if err != nil {
		return Session{}, err
	}
	defer s.turns.leave(user.Username, joined)
	if leads {
		s.lead(ctx, joined, user.ID, mailKey)
	}
	select {
	case <-joined.ready:
	case <-ctx.Done():
		return Session{}, ctx.Err()
	}
	if joined.err != nil {
		return Session{}, joined.err
	}
	ready := joined.result
	got, err := s.Auth.signIn(ctx, ready.user.Email, ready.password)
	if err != nil {
		return Session{}, err
	}
	session, err := s.session(ctx, got)
	if err != nil {
		return Session{}, err
	}
	session.Username, session.Email, session.Password = ready.user.Username, ready.user.Email, ready.password
	session.Reused = ready.isReused || !leads
	return session, nil
}

// lead prepares the account for the turn's members.
func (s *Service) lead(ctx context.Context, joined *turn, id uuid.UUID, mailKey string) {
	result, err := prepared{}, errors.New("test user: the preparation was abandoned")
	defer func() { s.turns.seal(joined, result, err) }() // after a panic too: the others wait
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), prepareTimeout)
	defer cancel()
	result, err = s.prepare(ctx, id, mailKey)
}

// session checks what the auth server handed out: our own verifier must accept
// the token, as it would from any user, and know it as the server's user.
func (s *Service) session(ctx context.Context, got tokens) (Session, error) {
	accepted, err := s.Accept(ctx, got.AccessToken)
	if err != nil {
		return Session{}, ErrTokenNotAccepted.
			Saying("The auth server issued a token that this server does not accept: %s", fault.From(err).Message).Because(err)
	}
	if got.User.ID != "" && accepted.Subject != got.User.ID {
		return Session{}, ErrTokenNotAccepted.Saying("The auth server issued a token for another user than it says.")
	}
	session := Session{
		Email: got.User.Email, AccessToken: got.AccessToken, RefreshToken: got.RefreshToken,
		TokenType: strings.ToLower(got.TokenType), AuthUserID: accepted.Subject,
		ExpiresAt: time.Unix(got.ExpiresAt, 0).UTC(),
	}
	if got.ExpiresAt == 0 {
		session.ExpiresAt = s.Now().Add(time.Duration(got.ExpiresIn) * time.Second).UTC().Truncate(time.Second)
	}
	return session, nil
}

// newPassword is 130 random bits with a character of each class that servers
// ask for.
func newPassword() string { return fmt.Sprintf("Te-%s%d", rand.Text(), 7) }
