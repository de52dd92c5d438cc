package store

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"tessera/identity"
	"tessera/identity/picture"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/useravatar"
)

// PutAvatar implements identity.AvatarStore.
func (s *Users) PutAvatar(ctx context.Context, a identity.Avatar) error {
	err := s.db.accounts(ctx).UserAvatar.Create().SetID(a.ID).SetUserID(a.UserID).
		SetSource(string(a.Source)).SetSourceURL(a.SourceURL).SetContentType(a.ContentType).
		SetSha256(a.SHA256).SetContent(a.Content).SetCreatedAt(utc(a.UpdatedAt)).SetUpdatedAt(utc(a.UpdatedAt)).
		OnConflictColumns(useravatar.FieldUserID).
		Update(func(u *accountdb.UserAvatarUpsert) {
			u.UpdateSource().UpdateSourceURL().UpdateContentType().UpdateSha256().UpdateContent().UpdateUpdatedAt()
		}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write avatar: %w", err)
	}
	return nil
}

// DeleteAvatar implements identity.AvatarStore.
func (s *Users) DeleteAvatar(ctx context.Context, userID uuid.UUID) (bool, error) {
	n, err := s.db.accounts(ctx).UserAvatar.Delete().Where(useravatar.UserID(userID)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("delete avatar: %w", err)
	}
	return n > 0, nil
}

// AvatarBySum implements identity.AvatarStore.
func (s *Users) AvatarBySum(ctx context.Context, sum string) (identity.Avatar, error) {
	row, err := s.db.accounts(ctx).UserAvatar.Query().Where(useravatar.Sha256(sum)).
		Order(useravatar.ByUpdatedAt(sql.OrderDesc())).First(ctx)
	if accountdb.IsNotFound(err) {
		return identity.Avatar{}, identity.ErrAvatarNotFound
	}
	if err != nil {
		return identity.Avatar{}, fmt.Errorf("read avatar: %w", err)
	}
	return identity.Avatar{
		ID: row.ID, UserID: row.UserID, Source: identity.AvatarSource(row.Source), SourceURL: row.SourceURL,
		Picture:   picture.Picture{ContentType: row.ContentType, Content: row.Content, SHA256: row.Sha256},
		UpdatedAt: utc(row.UpdatedAt),
	}, nil
}
