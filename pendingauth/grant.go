package pendingauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
)

// Reason says why a source's grant was given.
type Reason string

// Reasons of grants: each is given once to a user, and once to a mailbox.
const (
	ReasonSignup    Reason = "signup"
	ReasonFirstBind Reason = "first_bind"
)

// Grant is what a user gets for coming from a source.
type Grant struct {
	ID         uuid.UUID
	UserID     uuid.UUID
	SourceType string
	Reason     Reason
	Amount     Amount
	// AliasKey names the mailbox behind the user's address, whatever spelling it
	// was given in; "" = no address.
	AliasKey  string
	GrantedAt time.Time
}

// Granter takes grants: the ledger, once it stands. One that was given before
// is taken without effect.
type Granter interface {
	Give(ctx context.Context, grant Grant) error
}

// grant gives what the policy says for this source and reason, in the
// caller's transaction.
func (s *Service) grant(ctx context.Context, user identity.User, sourceType string, reason Reason) error {
	policy, err := s.Policy(ctx)
	if err != nil {
		return err
	}
	of := policy.Of(sourceType)
	amount := of.OnSignup
	if reason == ReasonFirstBind {
		amount = of.OnFirstBind
	}
	if amount == (Amount{}) {
		return nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return s.Grants.Give(ctx, Grant{
		ID: id, UserID: user.ID, SourceType: sourceType, Reason: reason, Amount: amount,
		AliasKey: aliasKey(user.Email), GrantedAt: s.Now(),
	})
}

// dotless are providers whose mailboxes are the same with and without dots.
var dotless = map[string]bool{"gmail.com": true, "googlemail.com": true}

// aliasKey is a one-way name of the mailbox behind an address: without what
// follows a plus and, where the provider ignores them, without dots.
func aliasKey(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	local, domain := address[:at], address[at+1:]
	if plus := strings.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	if dotless[domain] {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	sum := sha256.Sum256([]byte(local + "@" + domain))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
