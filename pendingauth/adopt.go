package pendingauth

import (
	"context"

	"tessera/identity"
	"tessera/identity/picture"
)

// Choices are what the person takes over from the provider. Each stands for
// itself, and neither is the default.
type Choices struct {
	AdoptNickname bool
	AdoptAvatar   bool
}

// Picture is the provider's picture of the person in a pending session, in our
// own encoding: what AdoptAvatar would take over. Faults: ErrPendingUnknown,
// ErrNoPicture, and those of picture.Fetcher.
func (s *Service) Picture(ctx context.Context, cookie string) (picture.Picture, error) {
	p, err := s.Summary(ctx, cookie)
	if err != nil {
		return picture.Picture{}, err
	}
	if p.AvatarURL == "" {
		return picture.Picture{}, ErrNoPicture
	}
	return s.Pictures.Fetch(ctx, p.AvatarURL)
}

// adoption is what a completion takes over.
type adoption struct {
	nickname  string
	picture   *picture.Picture
	sourceURL string
}

// adopt gets what was chosen, before the transaction of the completion: it may
// ask another server. A picture that cannot be had is the completion's fault:
// nothing has happened then, and the person may go on without it.
func (s *Service) adopt(ctx context.Context, p Pending, choices Choices) (adoption, error) {
	var chosen adoption
	if choices.AdoptNickname {
		chosen.nickname = p.Nickname
	}
	if !choices.AdoptAvatar || p.AvatarURL == "" {
		return chosen, nil
	}
	fetched, err := s.Pictures.Fetch(ctx, p.AvatarURL)
	chosen.picture, chosen.sourceURL = &fetched, p.AvatarURL
	return chosen, err
}

// dress gives an account what was chosen, in the caller's transaction. What was
// not chosen, or not there, stays as it is.
func (s *Service) dress(ctx context.Context, user identity.User, chosen adoption) (identity.User, error) {
	identities := user.Identities
	var err error
	if chosen.nickname != "" && chosen.nickname != user.Nickname {
		if user, err = s.Accounts.SetNickname(ctx, user.ID, chosen.nickname); err != nil {
			return identity.User{}, err
		}
	}
	if chosen.picture != nil {
		user, err = s.Accounts.SetAvatar(ctx, user.ID, identity.AvatarProvider, chosen.sourceURL, *chosen.picture)
		if err != nil {
			return identity.User{}, err
		}
	}
	user.Identities = identities
	return user, nil
}
