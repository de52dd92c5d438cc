package pendingauth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/provider"
	"tessera/session"
)

// pendingTTL is how long a person may take to choose.
const pendingTTL = 15 * time.Minute

// Attempts that a pending session survives.
const (
	maxCodes  = 5
	maxProofs = 5
)

// codeTTL is the life of the code mailed to an address typed here.
const codeTTL = 10 * time.Minute

// Pending is a person whom a provider vouches for and whom we do not know.
type Pending struct {
	ID            uuid.UUID
	TokenHash     []byte
	Source        string // the provider's configured name
	Identity      identity.Identity
	Nickname      string // candidates: as it would be taken over,
	AvatarURL     string // and where the provider says that it is
	ProviderEmail string
	EmailRequired bool

	Email           string // typed here
	EmailVerifiedAt *time.Time
	CodeHash        []byte
	CodeExpiresAt   *time.Time

	BindUserID         uuid.UUID // the account that was proven; zero = none
	PasswordVerifiedAt *time.Time
	TOTPVerifiedAt     *time.Time
	SessionVerifiedAt  *time.Time // a live session of the account was shown
	ProofAttempts      int

	RedirectTo string
	Challenge  session.Challenge
	CreatedAt  time.Time
	ExpiresAt  time.Time
	ConsumedAt *time.Time
}

// IsProven reports whether an account to bind to was proven, as far as was
// asked when it was.
func (p Pending) IsProven() bool {
	return p.BindUserID != uuid.Nil && (p.PasswordVerifiedAt != nil || p.SessionVerifiedAt != nil)
}

// shownBy names what a user showed here beside the provider's word. Whoever
// gave the account's second factor to bind is not asked for it again on arrival.
func (p Pending) shownBy(user uuid.UUID) []string {
	if p.TOTPVerifiedAt != nil && p.BindUserID == user {
		return []string{session.MethodMFA}
	}
	return nil
}

// AttemptsLeft is how many wrong proofs are still allowed.
func (p Pending) AttemptsLeft() int { return max(maxProofs-p.ProofAttempts, 0) }

// open writes a pending session and returns its cookie.
func (s *Service) open(ctx context.Context, flow Flow, source provider.Entry, person provider.Person) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	policy, err := s.Policy(ctx)
	if err != nil {
		return "", err
	}
	cookie := session.NewToken()
	now := s.Now()
	return cookie, s.Store.PutPending(ctx, Pending{
		ID: id, TokenHash: hashOf(cookie), Source: source.Name, Identity: identityOf(source, person),
		Nickname: identity.NicknameFrom(person.Nickname), AvatarURL: person.AvatarURL, ProviderEmail: person.Email,
		EmailRequired: policy.Of(source.Type).EmailRequired, RedirectTo: flow.RedirectTo, Challenge: flow.Challenge,
		CreatedAt: now, ExpiresAt: now.Add(pendingTTL),
	})
}

// Summary returns the pending session of a cookie. Faults: ErrPendingUnknown.
func (s *Service) Summary(ctx context.Context, cookie string) (Pending, error) {
	if cookie == "" {
		return Pending{}, ErrPendingUnknown
	}
	p, err := s.Store.PendingByToken(ctx, hashOf(cookie))
	if err != nil {
		return Pending{}, err
	}
	if p.ConsumedAt != nil || !s.Now().Before(p.ExpiresAt) {
		return Pending{}, ErrPendingUnknown
	}
	return p, nil
}

// Cancel ends a pending session.
func (s *Service) Cancel(ctx context.Context, cookie string) error {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return err
	}
	return s.Store.DropPending(ctx, p.ID)
}
