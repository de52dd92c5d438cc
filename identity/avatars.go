package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"tessera/identity/picture"
)

// PictureFetcher fetches and encodes the picture at an address; picture.Fetcher
// and picture.Recent do. It is network: never in a transaction.
type PictureFetcher interface {
	Fetch(ctx context.Context, address string) (picture.Picture, error)
}

// Avatars gives users their pictures, from wherever they take them. Its fields
// are set once, before use; it is safe for concurrent use.
type Avatars struct {
	Accounts *Service
	Encoder  *picture.Encoder
	// Fetcher gets what users name, Stated what their providers state: that is
	// shown first and then taken, so the latter may remember.
	Fetcher PictureFetcher
	Stated  PictureFetcher
}

// Upload sets a picture from its data URL. Faults: those of picture.ParseDataURL
// and picture.Encoder.
func (a *Avatars) Upload(ctx context.Context, userID uuid.UUID, dataURL string) (User, error) {
	raw, err := picture.ParseDataURL(dataURL)
	if err != nil {
		return User{}, err
	}
	made, err := a.Encoder.Encode(ctx, raw)
	if err != nil {
		return User{}, err
	}
	return a.Accounts.SetAvatar(ctx, userID, AvatarUpload, "", made)
}

// FetchFrom sets the picture that is at an address now. Faults: those of
// picture.Fetcher.
func (a *Avatars) FetchFrom(ctx context.Context, userID uuid.UUID, address string) (User, error) {
	made, err := a.Fetcher.Fetch(ctx, address)
	if err != nil {
		return User{}, err
	}
	return a.Accounts.SetAvatar(ctx, userID, AvatarURL, address, made)
}

// TakeOver sets the picture that the provider of one of the user's identities
// states. Faults: those of Suggested.
func (a *Avatars) TakeOver(ctx context.Context, user User, identityID uuid.UUID) (User, error) {
	address, err := statedAvatar(user, identityID)
	if err != nil {
		return User{}, err
	}
	made, err := a.Stated.Fetch(ctx, address)
	if err != nil {
		return User{}, err
	}
	return a.Accounts.SetAvatar(ctx, user.ID, AvatarProvider, address, made)
}

// Suggested is the picture that TakeOver would set. Faults: ErrIdentityNotFound,
// ErrNoStatedAvatar, and those of picture.Fetcher.
func (a *Avatars) Suggested(ctx context.Context, user User, identityID uuid.UUID) (picture.Picture, error) {
	address, err := statedAvatar(user, identityID)
	if err != nil {
		return picture.Picture{}, err
	}
	return a.Stated.Fetch(ctx, address)
}

func statedAvatar(user User, identityID uuid.UUID) (string, error) {
	at := slices.IndexFunc(user.Identities, func(i Identity) bool { return i.ID == identityID })
	if at < 0 {
		return "", ErrIdentityNotFound.On("identity_id", "is none of this account's")
	}
	address := user.Identities[at].StatedAvatarURL()
	if address == "" {
		return "", ErrNoStatedAvatar.On("identity_id", "states no picture")
	}
	return address, nil
}
