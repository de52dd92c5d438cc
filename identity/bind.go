package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

// Bind gives a user one more identity. Whoever calls has proof that the
// account is the caller's own. Faults: ErrIdentityTaken when it is another
// account's; nothing happens when it is this one's already.
func (s *Service) Bind(ctx context.Context, userID uuid.UUID, external Identity) (user User, isNew bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		if user, err = s.hold(ctx, userID); err != nil {
			return err
		}
		has := func(i Identity) bool { return i.Key == external.Key }
		if isNew = !slices.ContainsFunc(user.Identities, has); !isNew {
			return nil
		}
		if external.ID, err = uuid.NewV7(); err != nil {
			return err
		}
		now := s.Now()
		external.UserID, external.CreatedAt, external.UpdatedAt, external.VerifiedAt = userID, now, now, &now
		if err := s.Store.AddIdentity(ctx, external); err != nil {
			return err
		}
		identities := append(user.Identities, external)
		user.IsAnonymous = false // there is a way in now
		return s.writeProviders(ctx, &user, identities, ActionIdentityBound, external.ProviderType)
	})
	return user, isNew, err
}

// Unbind takes an identity from a user, unless it is the last way in. The
// identity of the address takes the address and its password with it.
//
// Faults: ErrIdentityNotFound, ErrLastWayIn.
func (s *Service) Unbind(ctx context.Context, userID, identityID uuid.UUID) (user User, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		if user, err = s.hold(ctx, userID); err != nil {
			return err
		}
		at := slices.IndexFunc(user.Identities, func(i Identity) bool { return i.ID == identityID })
		if at < 0 {
			return ErrIdentityNotFound.On("identity_id", "is none of this account's")
		}
		gone := user.Identities[at]
		rest := slices.Delete(slices.Clone(user.Identities), at, at+1)
		passkeys, err := s.passkeysOf(ctx, userID)
		if err != nil {
			return err
		}
		if !hasWayIn(user, rest, passkeys) {
			return ErrLastWayIn
		}
		deleted, err := s.Store.DeleteIdentity(ctx, gone.ID)
		if err != nil {
			return err
		}
		if !deleted {
			return ErrIdentityNotFound
		}
		if gone.Key == EmailKey(user.Email) {
			user.Email, user.EmailConfirmedAt, user.PasswordHash = "", nil, ""
		}
		return s.writeProviders(ctx, &user, rest, ActionIdentityUnbound, gone.ProviderType)
	})
	return user, err
}

// TouchIdentity notes that an identity was used to sign in, and what its
// provider says of it today.
func (s *Service) TouchIdentity(ctx context.Context, user User, seen Identity) error {
	for _, i := range user.Identities {
		if i.Key == seen.Key {
			now := s.Now()
			i.LastSignInAt, i.UpdatedAt = &now, now
			i.Email, i.Claims, i.Channels = seen.Email, seen.Claims, seen.Channels
			return s.Store.ChangeIdentity(ctx, i)
		}
	}
	return ErrIdentityNotFound
}

// hold writes the user's row, which keeps every other writer of it waiting
// until this transaction is over, and then reads the user. So two that unbind
// at once cannot each take what the other one leaves.
func (s *Service) hold(ctx context.Context, id uuid.UUID) (User, error) {
	if _, err := s.Store.ChangeUser(ctx, id, func(*User) error { return nil }); err != nil {
		return User{}, err
	}
	return s.Store.User(ctx, id)
}

// writeProviders writes what the user's new set of identities changes in the
// user's own row.
func (s *Service) writeProviders(ctx context.Context, user *User, identities []Identity, action Action, source string) error {
	wanted := *user
	wanted.Identities = identities
	changed, err := s.Store.ChangeUser(ctx, user.ID, func(u *User) error {
		u.Email, u.EmailConfirmedAt, u.PasswordHash = wanted.Email, wanted.EmailConfirmedAt, wanted.PasswordHash
		u.IsAnonymous = wanted.IsAnonymous
		u.AppMetadata = MergeMetadata(u.AppMetadata, providerMetadata(wanted))
		if len(identities) == 0 { // passkeys are left
			u.AppMetadata = MergeMetadata(u.AppMetadata, map[string]any{"provider": nil, "providers": []any{}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	*user = changed
	user.Identities = identities
	return s.Record(ctx, action, *user, map[string]any{"source": source})
}
