package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tessera/fault"
)

// Passkey is a discoverable WebAuthn credential of a user (WebAuthn Level 3,
// section 4, "credential record").
type Passkey struct {
	ID               uuid.UUID
	UserID           uuid.UUID
	CredentialID     []byte
	PublicKey        []byte // COSE
	AAGUID           []byte // the authenticator's model
	SignCount        uint32
	Transports       []string
	Attachment       string // platform, cross-platform, "" = not said
	AttestationType  string
	IsUserVerified   bool // the authenticator verified its user when it was made
	IsBackupEligible bool
	IsBackedUp       bool
	FriendlyName     string
	CreatedAt        time.Time
	UpdatedAt        time.Time
	LastUsedAt       *time.Time
}

// Limits of passkeys.
const (
	maxPasskeys       = 10
	ceremonyLife      = 5 * time.Minute
	maxPasskeyName    = 120 // characters, as the SDK documents
	maxCredentialJSON = 64 << 10
)

// Purpose says what a ceremony is for; its answer is taken for nothing else.
type Purpose string

// Purposes of ceremonies.
const (
	PurposeRegistration Purpose = "registration"
	PurposeSignIn       Purpose = "sign_in"
	PurposeConfirmation Purpose = "confirmation"
)

// Ceremony is what an authenticator was asked to sign, as it is stored.
type Ceremony struct {
	ID        uuid.UUID
	UserID    uuid.UUID // zero for a sign-in: nobody is known yet
	Purpose   Purpose
	Session   []byte // the WebAuthn library's own state
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Faults of passkeys.
var (
	ErrPasskeysOff = fault.Declare(fault.NotFound, "identity.passkeys_off",
		"Passkeys are disabled", "Ask the operator; auth.passkeys says how they are turned on.")
	ErrPasskeyNotFound = fault.Declare(fault.NotFound, "identity.passkey_not_found",
		"Passkey not found", "List the passkeys of the account and name one of them.")
	ErrPasskeyTaken = fault.Declare(fault.Unprocessable, "identity.passkey_taken",
		"This credential is already registered", "Use it to sign in, or another authenticator.")
	ErrTooManyPasskeys = fault.Declare(fault.Unprocessable, "identity.too_many_passkeys",
		"Maximum number of passkeys reached", "Remove one first.")
	ErrPasskeyName = fault.Declare(fault.Invalid, "identity.passkey_name_invalid",
		"The name of a passkey has 1 to 120 characters", "Send the field friendly_name.")
	ErrCeremonyGone = fault.Declare(fault.Invalid, "identity.passkey_challenge_unknown",
		"Challenge not found or already used", "Ask for new options; each challenge is taken once.")
	ErrCeremonyExpired = fault.Declare(fault.Invalid, "identity.passkey_challenge_expired",
		"Challenge has expired", "Ask for new options, and answer within five minutes.")
	ErrPasskeyRefused = fault.Declare(fault.Invalid, "identity.passkey_refused",
		"Credential verification failed", "Try again at this site's own address, with a passkey that was made for it.")
	// ErrPasskeyCloned is of an authenticator that counts its uses and has gone
	// back: there may be a second one with the same key.
	ErrPasskeyCloned = fault.Declare(fault.Forbidden, "identity.passkey_cloned",
		"This passkey may have been copied", "Sign in in another way, remove the passkey, and make a new one.")
)

// PasskeyStore keeps passkeys and ceremonies. All methods take part in the
// context's transaction.
type PasskeyStore interface {
	// Passkeys returns a user's passkeys, oldest first.
	Passkeys(ctx context.Context, userID uuid.UUID) ([]Passkey, error)
	CountPasskeys(ctx context.Context, userID uuid.UUID) (int, error)
	// PutPasskey writes a new one. Faults: ErrPasskeyTaken.
	PutPasskey(ctx context.Context, p Passkey) error
	// RenamePasskey changes the name only.
	RenamePasskey(ctx context.Context, id uuid.UUID, name string, at time.Time) error
	// UsePasskey notes a use: its count, whether it is backed up, and when. False,
	// with nothing written, when the count does not lie above the stored one;
	// authenticators that do not count say zero for ever.
	UsePasskey(ctx context.Context, used Passkey) (bool, error)
	// DeletePasskey removes one; false when it was gone.
	DeletePasskey(ctx context.Context, id uuid.UUID) (bool, error)

	PutCeremony(ctx context.Context, c Ceremony) error
	// TakeCeremony takes a ceremony away: one caller gets it. Faults:
	// ErrCeremonyGone.
	TakeCeremony(ctx context.Context, id uuid.UUID, purpose Purpose, userID uuid.UUID) (Ceremony, error)
	// PurgeCeremonies deletes what expired before the given time.
	PurgeCeremonies(ctx context.Context, before time.Time) error
}
