package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tessera/fault"
	"tessera/identity/picture"
)

// AvatarPrefix is the path under which avatars are served, each by the SHA-256
// of its content.
const AvatarPrefix = "/avatars/"

// AvatarSource says where a picture came from.
type AvatarSource string

// Sources of avatars.
const (
	AvatarUpload   AvatarSource = "upload"
	AvatarURL      AvatarSource = "url"
	AvatarProvider AvatarSource = "provider"
)

// Avatar is a user's picture as it is kept: our own encoding, never the bytes
// that came in, never an address elsewhere.
type Avatar struct {
	ID     uuid.UUID
	UserID uuid.UUID
	Source AvatarSource
	// SourceURL is where it was fetched, for support; "" for an upload.
	SourceURL string
	picture.Picture
	UpdatedAt time.Time
}

// Faults of avatars.
var (
	ErrAvatarNotFound = fault.Declare(fault.NotFound, "identity.avatar_not_found",
		"There is no such picture.", "")
	ErrNoStatedAvatar = fault.Declare(fault.NotFound, "identity.no_stated_avatar",
		"The provider states no picture.", "Upload one, or give its address.")
)

// AvatarStore keeps avatars, one for a user. All methods take part in the
// context's transaction.
type AvatarStore interface {
	// PutAvatar writes a user's avatar in place of the last.
	PutAvatar(ctx context.Context, a Avatar) error
	// DeleteAvatar removes a user's avatar; false when there was none.
	DeleteAvatar(ctx context.Context, userID uuid.UUID) (bool, error)
	// AvatarBySum finds one by the SHA-256 of its content, in hex: of whichever
	// user, the picture is the same. Faults: ErrAvatarNotFound.
	AvatarBySum(ctx context.Context, sum string) (Avatar, error)
}

// SetAvatar gives a user a picture in place of the last. Picture and user change
// together.
func (s *Service) SetAvatar(ctx context.Context, userID uuid.UUID, source AvatarSource, sourceURL string, p picture.Picture) (User, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return User{}, err
	}
	var user User
	err = s.InTx(ctx, func(ctx context.Context) error {
		// The user's row first: it makes others who change the avatar wait.
		user, err = s.Store.ChangeUser(ctx, userID, func(u *User) error {
			u.AvatarURL = AvatarPrefix + p.SHA256
			return nil
		})
		if err != nil {
			return err
		}
		a := Avatar{ID: id, UserID: userID, Source: source, SourceURL: sourceURL, Picture: p, UpdatedAt: s.Now()}
		if err := s.Store.PutAvatar(ctx, a); err != nil {
			return err
		}
		return s.Record(ctx, ActionModified, user, map[string]any{"avatar": string(source)})
	})
	return user, err
}

// RemoveAvatar takes a user's picture away. No provider's comes back in its
// place: only [Avatars.TakeOver] and completing a sign-in set one, and both by
// the person's choice. A user without a picture stays so.
func (s *Service) RemoveAvatar(ctx context.Context, userID uuid.UUID) (User, error) {
	var user User
	err := s.InTx(ctx, func(ctx context.Context) (err error) {
		user, err = s.Store.ChangeUser(ctx, userID, func(u *User) error {
			u.AvatarURL = ""
			return nil
		})
		if err != nil {
			return err
		}
		removed, err := s.Store.DeleteAvatar(ctx, userID)
		if err != nil || !removed {
			return err
		}
		return s.Record(ctx, ActionModified, user, map[string]any{"avatar": "removed"})
	})
	return user, err
}

// SetNickname gives a user a nickname; "" takes it away. Faults:
// ErrNicknameInvalid.
func (s *Service) SetNickname(ctx context.Context, userID uuid.UUID, typed string) (User, error) {
	nickname, err := NormalizeNickname(typed)
	if err != nil {
		return User{}, err
	}
	return s.Modify(ctx, userID, ActionModified, func(u *User) error {
		u.Nickname = nickname
		return nil
	})
}

// StatedNickname is the nickname that an identity's provider suggests; "" of an
// e-mail identity, whose claims are the user's own words.
func (i Identity) StatedNickname() string { return NicknameFrom(i.stated("name")) }

// StatedAvatarURL is where an identity's provider says that the person's picture
// is: an address of anybody's choice, for fetching only.
func (i Identity) StatedAvatarURL() string { return i.stated("avatar_url") }

func (i Identity) stated(claim string) string {
	if i.ProviderType == ProviderEmail {
		return ""
	}
	text, _ := i.Claims[claim].(string)
	return text
}
