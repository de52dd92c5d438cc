package identity

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
)

// Passkeys keeps the rules of passkeys. It is safe for concurrent use.
type Passkeys struct {
	accounts *Service
	store    PasskeyStore
	now      func() time.Time
	party    *webauthn.WebAuthn // nil = off
	off      string             // why
}

// PasskeyDeps are what Passkeys needs.
type PasskeyDeps struct {
	Accounts *Service
	Store    PasskeyStore
	Now      func() time.Time
	Config   PasskeyConfig
	SiteName string
	// ExternalURL is our public origin, from which the relying party follows
	// unless the configuration names another.
	ExternalURL *url.URL
}

// NewPasskeys returns the passkeys of a site. They are off, with a reason,
// where the site's address cannot have any.
func NewPasskeys(d PasskeyDeps) (*Passkeys, error) {
	party, off, err := relyingParty(d.Config, d.SiteName, d.ExternalURL)
	if err != nil {
		return nil, err
	}
	return &Passkeys{accounts: d.Accounts, store: d.Store, now: d.Now, party: party, off: off}, nil
}

// IsOn reports whether this site has passkeys.
func (p *Passkeys) IsOn() bool { return p.party != nil }

// OffBecause says why there are none, "" when there are.
func (p *Passkeys) OffBecause() string { return p.off }

// Asked is a ceremony that has begun: what the browser's WebAuthn API is given,
// and the name under which it is answered.
type Asked struct {
	ChallengeID uuid.UUID
	Options     json.RawMessage // PublicKeyCredential...OptionsJSON (WebAuthn Level 3, 5.1.8)
	ExpiresAt   time.Time
}

// Answer is what the browser's WebAuthn API returned, as JSON.
type Answer struct {
	ChallengeID uuid.UUID
	Credential  json.RawMessage
}

// BeginRegistration asks for a new passkey. The caller has made sure that the
// account is the person's. Faults: ErrPasskeysOff, ErrTooManyPasskeys.
func (p *Passkeys) BeginRegistration(ctx context.Context, user User) (Asked, error) {
	holder, err := p.holder(ctx, user)
	if err != nil {
		return Asked{}, err
	}
	if len(holder.passkeys) >= maxPasskeys {
		return Asked{}, ErrTooManyPasskeys
	}
	exclude := make([]protocol.CredentialDescriptor, len(holder.passkeys))
	for i, c := range holder.WebAuthnCredentials() {
		exclude[i] = c.Descriptor()
	}
	options, state, err := p.party.BeginRegistration(holder, webauthn.WithExclusions(exclude))
	if err != nil {
		return Asked{}, err
	}
	return p.ask(ctx, PurposeRegistration, user.ID, options.Response, state)
}

// Register takes the answer to BeginRegistration. Faults: ErrPasskeysOff,
// ErrCeremonyGone, ErrCeremonyExpired, ErrPasskeyRefused, ErrPasskeyTaken,
// ErrTooManyPasskeys.
func (p *Passkeys) Register(ctx context.Context, user User, a Answer) (Passkey, error) {
	state, err := p.take(ctx, a, PurposeRegistration, user.ID)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(a.Credential)
	if err != nil {
		return Passkey{}, ErrPasskeyRefused.Because(explain(err)).On("credential", "is not the answer of an authenticator")
	}
	made, err := p.party.CreateCredential(holder{user: user}, state, parsed)
	if err != nil {
		return Passkey{}, ErrPasskeyRefused.Because(explain(err))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Passkey{}, err
	}
	passkey := passkeyOf(id, user.ID, made, p.now())
	return passkey, p.accounts.InTx(ctx, func(ctx context.Context) error {
		if _, err := p.accounts.hold(ctx, user.ID); err != nil {
			return err
		}
		count, err := p.store.CountPasskeys(ctx, user.ID)
		if err != nil {
			return err
		}
		if count >= maxPasskeys {
			return ErrTooManyPasskeys
		}
		if err := p.store.PutPasskey(ctx, passkey); err != nil {
			return err
		}
		return p.accounts.Record(ctx, ActionPasskeyCreated, user, map[string]any{"passkey_id": id.String()})
	})
}

// BeginSignIn asks whoever is there for a passkey of this site. Faults:
// ErrPasskeysOff.
func (p *Passkeys) BeginSignIn(ctx context.Context) (Asked, error) {
	if err := p.requireOn(); err != nil {
		return Asked{}, err
	}
	options, state, err := p.party.BeginDiscoverableLogin()
	if err != nil {
		return Asked{}, err
	}
	return p.ask(ctx, PurposeSignIn, uuid.Nil, options.Response, state)
}

// Shown is a passkey that was used, by whom, and whether its authenticator
// verified the person (by a PIN or biometry) this time.
type Shown struct {
	User           User
	Passkey        Passkey
	IsUserVerified bool
}

// SignIn takes the answer to BeginSignIn. Whether the user may be signed in is
// the session's to ask. Faults: ErrPasskeysOff, ErrCeremonyGone,
// ErrCeremonyExpired, ErrPasskeyRefused, ErrPasskeyCloned,
// ErrEmailNotConfirmed.
func (p *Passkeys) SignIn(ctx context.Context, a Answer) (Shown, error) {
	state, err := p.take(ctx, a, PurposeSignIn, uuid.Nil)
	if err != nil {
		return Shown{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(a.Credential)
	if err != nil {
		return Shown{}, ErrPasskeyRefused.Because(explain(err)).On("credential", "is not the answer of an authenticator")
	}
	found, err := p.holderOf(ctx, parsed.Response.UserHandle)
	if err != nil {
		return Shown{}, err
	}
	byHandle := func(_, _ []byte) (webauthn.User, error) { return found, nil }
	_, credential, err := p.party.ValidatePasskeyLogin(byHandle, state, parsed)
	if err != nil {
		return Shown{}, ErrPasskeyRefused.Because(explain(err))
	}
	if found.user.Email != "" && !found.user.IsConfirmed() {
		return Shown{}, ErrEmailNotConfirmed
	}
	return p.use(ctx, found, credential, parsed)
}

// BeginConfirmation asks a user for one of their passkeys, and its authenticator
// to verify them. Faults: ErrPasskeysOff, ErrPasskeyNotFound.
func (p *Passkeys) BeginConfirmation(ctx context.Context, user User) (Asked, error) {
	holder, err := p.holder(ctx, user)
	if err != nil {
		return Asked{}, err
	}
	if len(holder.passkeys) == 0 {
		return Asked{}, ErrPasskeyNotFound
	}
	options, state, err := p.party.BeginLogin(holder, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Asked{}, err
	}
	return p.ask(ctx, PurposeConfirmation, user.ID, options.Response, state)
}

// Confirm takes the answer to BeginConfirmation. Faults: as SignIn.
func (p *Passkeys) Confirm(ctx context.Context, user User, a Answer) error {
	state, err := p.take(ctx, a, PurposeConfirmation, user.ID)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(a.Credential)
	if err != nil {
		return ErrPasskeyRefused.Because(explain(err)).On("credential", "is not the answer of an authenticator")
	}
	holder, err := p.holder(ctx, user)
	if err != nil {
		return err
	}
	credential, err := p.party.ValidateLogin(holder, state, parsed)
	if err != nil {
		return ErrPasskeyRefused.Because(explain(err))
	}
	_, err = p.use(ctx, holder, credential, parsed)
	return err
}

// use notes that a passkey was used, unless its count says that there are two.
func (p *Passkeys) use(ctx context.Context, by holder, credential *webauthn.Credential, parsed *protocol.ParsedCredentialAssertionData) (Shown, error) {
	at := slices.IndexFunc(by.passkeys, func(k Passkey) bool { return string(k.CredentialID) == string(credential.ID) })
	if at < 0 {
		return Shown{}, ErrPasskeyRefused
	}
	now := p.now()
	used := by.passkeys[at]
	used.SignCount = parsed.Response.AuthenticatorData.Counter
	used.IsBackedUp, used.LastUsedAt, used.UpdatedAt = credential.Flags.BackupState, &now, now
	isNewer := !credential.Authenticator.CloneWarning
	if isNewer {
		var err error
		if isNewer, err = p.store.UsePasskey(ctx, used); err != nil {
			return Shown{}, err
		}
	}
	if !isNewer {
		detail := map[string]any{"passkey_id": used.ID.String(), "reason": "sign count"}
		return Shown{}, errors.Join(p.accounts.Record(ctx, ActionPasskeyRefused, by.user, detail), ErrPasskeyCloned)
	}
	return Shown{User: by.user, Passkey: used, IsUserVerified: parsed.Response.AuthenticatorData.Flags.UserVerified()}, nil
}

// List returns a user's passkeys, oldest first. Faults: ErrPasskeysOff.
func (p *Passkeys) List(ctx context.Context, userID uuid.UUID) ([]Passkey, error) {
	if err := p.requireOn(); err != nil {
		return nil, err
	}
	return p.store.Passkeys(ctx, userID)
}

// Rename names a user's passkey. Faults: ErrPasskeysOff, ErrPasskeyNotFound,
// ErrPasskeyName.
func (p *Passkeys) Rename(ctx context.Context, user User, id uuid.UUID, name string) (Passkey, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxPasskeyName {
		return Passkey{}, ErrPasskeyName.On("friendly_name", "has not 1 to 120 characters")
	}
	passkey, _, err := p.find(ctx, user.ID, id)
	if err != nil {
		return Passkey{}, err
	}
	passkey.FriendlyName, passkey.UpdatedAt = name, p.now()
	return passkey, p.accounts.InTx(ctx, func(ctx context.Context) error {
		if err := p.store.RenamePasskey(ctx, id, name, passkey.UpdatedAt); err != nil {
			return err
		}
		return p.accounts.Record(ctx, ActionPasskeyUpdated, user, map[string]any{"passkey_id": id.String()})
	})
}

// Remove takes a passkey from its user, unless it is the last way in. Faults:
// ErrPasskeysOff, ErrPasskeyNotFound, ErrLastWayIn.
func (p *Passkeys) Remove(ctx context.Context, user User, id uuid.UUID) error {
	return p.remove(ctx, user, id, func(held User, left int) error {
		if !hasWayIn(held, held.Identities, left) {
			return ErrLastWayIn.Saying("The last way to sign in cannot be removed")
		}
		return nil
	})
}

// RemoveAnyway is Remove for administrators, who can open another way in.
func (p *Passkeys) RemoveAnyway(ctx context.Context, user User, id uuid.UUID) error {
	return p.remove(ctx, user, id, func(User, int) error { return nil })
}

func (p *Passkeys) remove(ctx context.Context, user User, id uuid.UUID, allow func(held User, left int) error) error {
	return p.accounts.InTx(ctx, func(ctx context.Context) error {
		held, err := p.accounts.hold(ctx, user.ID)
		if err != nil {
			return err
		}
		_, all, err := p.find(ctx, user.ID, id)
		if err != nil {
			return err
		}
		if err := allow(held, len(all)-1); err != nil {
			return err
		}
		deleted, err := p.store.DeletePasskey(ctx, id)
		if err != nil {
			return err
		}
		if !deleted {
			return ErrPasskeyNotFound
		}
		return p.accounts.Record(ctx, ActionPasskeyRemoved, user, map[string]any{"passkey_id": id.String()})
	})
}

func (p *Passkeys) find(ctx context.Context, userID, id uuid.UUID) (found Passkey, all []Passkey, err error) {
	if all, err = p.List(ctx, userID); err != nil {
		return Passkey{}, nil, err
	}
	at := slices.IndexFunc(all, func(k Passkey) bool { return k.ID == id })
	if at < 0 {
		return Passkey{}, nil, ErrPasskeyNotFound.On("passkey_id", "is none of this account's")
	}
	return all[at], all, nil
}

// Count is how many passkeys let a user in: none where passkeys are off.
func (p *Passkeys) Count(ctx context.Context, userID uuid.UUID) (int, error) {
	if !p.IsOn() {
		return 0, nil
	}
	return p.store.CountPasskeys(ctx, userID)
}

func (p *Passkeys) requireOn() error {
	if !p.IsOn() {
		return ErrPasskeysOff.Saying("Passkeys are disabled: %s", p.off)
	}
	return nil
}
