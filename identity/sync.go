package identity

import (
	"context"
	"errors"
)

// External is what a token of a trusted issuer says about its subject.
type External struct {
	Issuer      string
	Subject     string
	Email       string // as the issuer states it; support data only
	Nickname    string
	IsAnonymous bool
	Claims      map[string]any // user_metadata of the token
}

// Sync returns the local user of an issuer's subject, and makes it on the
// first call. The key is (issuer, subject) alone: the same address from
// another issuer is another user. However many first calls come at once, one
// of them creates the user and the others find it. Faults: ErrUserBanned.
func (s *Service) Sync(ctx context.Context, ext External) (user User, isNew bool, err error) {
	key := Key{ProviderType: ProviderSupabase, ProviderKey: ext.Issuer, ProviderSubject: ext.Subject}
	user, err = s.Store.UserByIdentity(ctx, key)
	if err == nil {
		if err := s.Admit(user); err != nil {
			return user, false, err
		}
		s.Seen(user)
		return user, false, nil
	}
	if !errors.Is(err, ErrUserNotFound) {
		return User{}, false, err
	}
	user, err = s.Create(ctx, New{
		IsAnonymous:  ext.IsAnonymous,
		Nickname:     NicknameFrom(ext.Nickname),
		UserMetadata: ext.Claims,
		External:     &Identity{Key: key, Email: ext.Email, Claims: ext.Claims},
		Origin:       OriginSync,
		Action:       ActionSynced,
	})
	if errors.Is(err, ErrIdentityTaken) { // somebody else was first
		user, err = s.Store.UserByIdentity(ctx, key)
		return user, false, err
	}
	return user, err == nil, err
}
