package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
)

// holder is a user as the WebAuthn library sees one.
type holder struct {
	user     User
	passkeys []Passkey
}

// holder loads the passkeys of a user. Faults: ErrPasskeysOff.
func (p *Passkeys) holder(ctx context.Context, user User) (holder, error) {
	passkeys, err := p.List(ctx, user.ID)
	return holder{user: user, passkeys: passkeys}, err
}

// holderOf loads the user that an authenticator names. Faults:
// ErrPasskeyRefused, also where there is none.
func (p *Passkeys) holderOf(ctx context.Context, userHandle []byte) (holder, error) {
	id, err := uuid.FromBytes(userHandle)
	if err != nil {
		return holder{}, ErrPasskeyRefused.Because(err)
	}
	user, err := p.accounts.User(ctx, id)
	if errors.Is(err, ErrUserNotFound) {
		return holder{}, ErrPasskeyRefused.Because(err)
	}
	if err != nil {
		return holder{}, err
	}
	return p.holder(ctx, user)
}

// WebAuthnID is the user handle: the user's id, which names nobody.
func (h holder) WebAuthnID() []byte { return h.user.ID[:] }

// WebAuthnName is what authenticators list passkeys by.
func (h holder) WebAuthnName() string {
	for _, name := range []string{h.user.Email, h.user.Nickname} {
		if name != "" {
			return name
		}
	}
	return h.user.ID.String()
}

// WebAuthnDisplayName is the person's own name, where there is one.
func (h holder) WebAuthnDisplayName() string {
	if h.user.Nickname != "" {
		return h.user.Nickname
	}
	return h.WebAuthnName()
}

// WebAuthnCredentials are the user's passkeys.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	credentials := make([]webauthn.Credential, len(h.passkeys))
	for i, k := range h.passkeys {
		credentials[i] = webauthn.Credential{
			ID: k.CredentialID, PublicKey: k.PublicKey, AttestationType: k.AttestationType,
			Flags: webauthn.CredentialFlags{
				UserPresent: true, UserVerified: k.IsUserVerified, BackupEligible: k.IsBackupEligible, BackupState: k.IsBackedUp,
			},
			Authenticator: webauthn.Authenticator{
				AAGUID: k.AAGUID, SignCount: k.SignCount, Attachment: protocol.AuthenticatorAttachment(k.Attachment),
			},
		}
		for _, t := range k.Transports {
			credentials[i].Transport = append(credentials[i].Transport, protocol.AuthenticatorTransport(t))
		}
	}
	return credentials
}

func passkeyOf(id, userID uuid.UUID, made *webauthn.Credential, at time.Time) Passkey {
	passkey := Passkey{
		ID: id, UserID: userID, CredentialID: made.ID, PublicKey: made.PublicKey, AAGUID: made.Authenticator.AAGUID,
		SignCount: made.Authenticator.SignCount, Attachment: string(made.Authenticator.Attachment), AttestationType: made.AttestationType,
		IsUserVerified: made.Flags.UserVerified, IsBackupEligible: made.Flags.BackupEligible, IsBackedUp: made.Flags.BackupState,
		CreatedAt: at, UpdatedAt: at,
	}
	for _, t := range made.Transport {
		passkey.Transports = append(passkey.Transports, string(t))
	}
	return passkey
}

// ask writes a ceremony and returns what the browser is to be given.
func (p *Passkeys) ask(ctx context.Context, purpose Purpose, userID uuid.UUID, options any, state *webauthn.SessionData) (Asked, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return Asked{}, fmt.Errorf("encode WebAuthn options: %w", err)
	}
	kept, err := json.Marshal(state)
	if err != nil {
		return Asked{}, fmt.Errorf("encode ceremony: %w", err)
	}
	id, err := uuid.NewRandom() // its name alone must not tell of others
	if err != nil {
		return Asked{}, err
	}
	now := p.now()
	ceremony := Ceremony{ID: id, UserID: userID, Purpose: purpose, Session: kept, CreatedAt: now, ExpiresAt: now.Add(ceremonyLife)}
	return Asked{ChallengeID: id, Options: encoded, ExpiresAt: ceremony.ExpiresAt}, p.store.PutCeremony(ctx, ceremony)
}

// take takes the ceremony that an answer names, once, whatever comes of it.
func (p *Passkeys) take(ctx context.Context, a Answer, purpose Purpose, userID uuid.UUID) (webauthn.SessionData, error) {
	var state webauthn.SessionData
	if err := p.requireOn(); err != nil {
		return state, err
	}
	if len(a.Credential) > maxCredentialJSON {
		return state, ErrPasskeyRefused.On("credential", "is too long")
	}
	ceremony, err := p.store.TakeCeremony(ctx, a.ChallengeID, purpose, userID)
	if err != nil {
		return state, err
	}
	if !p.now().Before(ceremony.ExpiresAt) {
		return state, ErrCeremonyExpired
	}
	if err := json.Unmarshal(ceremony.Session, &state); err != nil {
		return state, fmt.Errorf("decode ceremony: %w", err)
	}
	return state, nil
}

// explain keeps what the WebAuthn library says for developers, for the log.
func explain(err error) error {
	var detailed *protocol.Error
	if errors.As(err, &detailed) && detailed.DevInfo != "" {
		return fmt.Errorf("%w: %s", err, detailed.DevInfo)
	}
	return err
}
