package identity

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// RoleAuthenticated is the role claim of every signed-in user.
const RoleAuthenticated = "authenticated"

// User is one person's account.
type User struct {
	ID               uuid.UUID
	Email            string // normalised; "" for anonymous users and those of a trusted issuer
	EmailConfirmedAt *time.Time
	NewEmail         string // the address a change of address waits for
	EmailChangeSent  *time.Time
	PasswordHash     string // PHC argon2id, or bcrypt; "" = no password
	Role             string // the role claim of the user's tokens
	IsAdmin          bool   // may use the console's administration
	IsAnonymous      bool
	Nickname         string
	AvatarURL        string         // a path of this server, AvatarPrefix and a sum; "" = none
	AppMetadata      map[string]any // written by administrators only
	UserMetadata     map[string]any // written by the user
	SignupSource     string         // provider type the account began with
	ConfirmationSent *time.Time
	RecoverySent     *time.Time
	ReauthSent       *time.Time
	InvitedAt        *time.Time
	LastSignInAt     *time.Time
	LastActiveAt     *time.Time
	BannedUntil      *time.Time
	DeletedAt        *time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time

	Identities []Identity // oldest first
	Factors    []Factor   // oldest first
}

// IsBanned reports whether the user is banned at the given time.
func (u User) IsBanned(now time.Time) bool {
	return u.BannedUntil != nil && now.Before(*u.BannedUntil)
}

// HasSecondFactor reports whether the user has a factor that counts.
func (u User) HasSecondFactor() bool {
	return slices.ContainsFunc(u.Factors, func(f Factor) bool { return f.IsVerified })
}

// IsConfirmed reports whether the user proved the sign-in address.
func (u User) IsConfirmed() bool { return u.EmailConfirmedAt != nil }

// Providers returns the provider types of the user's identities, oldest
// first, each once.
func (u User) Providers() []string {
	var types []string
	seen := map[string]bool{}
	for _, identity := range u.Identities {
		if !seen[identity.ProviderType] {
			seen[identity.ProviderType] = true
			types = append(types, identity.ProviderType)
		}
	}
	return types
}

// Provider types that this room itself writes.
const (
	ProviderEmail    = "email"
	ProviderSupabase = "supabase"
)

// Origin says how an identity came to be: grants look at it.
type Origin string

// Origins of identities.
const (
	OriginSignup    Origin = "signup"
	OriginBind      Origin = "bind"
	OriginSync      Origin = "sync" // first token of a trusted issuer
	OriginAdmin     Origin = "admin"
	OriginMigration Origin = "migration"
)

// Key is the canonical name of an identity: for e-mail ("email", "", address),
// for a trusted issuer ("supabase", issuer, sub).
type Key struct {
	ProviderType    string
	ProviderKey     string
	ProviderSubject string
}

// Identity is one way a user is known.
type Identity struct {
	ID     uuid.UUID
	UserID uuid.UUID
	Key
	Email        string         // as the provider states it; never a key
	Claims       map[string]any // what the provider said
	Origin       Origin
	VerifiedAt   *time.Time
	LastSignInAt *time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Channels     []Channel // written with the identity
}

// Channel is a further name of an identity that holds for one app of its
// provider only. It is support data, never a way in.
type Channel struct {
	Name    string
	AppID   string
	Subject string
}

// EmailKey is the canonical key of a normalised address.
func EmailKey(address string) Key {
	return Key{ProviderType: ProviderEmail, ProviderSubject: address}
}
