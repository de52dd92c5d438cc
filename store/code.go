package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tessera/session"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/authcode"
	"tessera/store/ent/accountdb/onetimetoken"
)

// Codes implements session.CodeStore.
type Codes struct{ db *DB }

// Codes returns the store of one-time tokens and authorization codes.
func (db *DB) Codes() *Codes { return &Codes{db} }

var _ session.CodeStore = (*Codes)(nil)

// PutOneTimeToken implements session.CodeStore. The unique key (user, kind)
// decides between two that come at once.
func (s *Codes) PutOneTimeToken(ctx context.Context, t session.OneTimeToken) error {
	err := s.db.accounts(ctx).OneTimeToken.Create().
		SetID(t.ID).SetUserID(t.UserID).SetKind(string(t.Kind)).SetEmail(t.Email).
		SetTokenHash(t.TokenHash).SetCodeHash(t.CodeHash).SetAttempts(0).
		SetCodeChallenge(t.Challenge.Value).SetCodeChallengeMethod(t.Challenge.Method).SetRedirectTo(t.RedirectTo).
		SetCreatedAt(utc(t.CreatedAt)).SetExpiresAt(utc(t.ExpiresAt)).
		OnConflictColumns(onetimetoken.FieldUserID, onetimetoken.FieldKind).UpdateNewValues().Exec(ctx)
	if err != nil {
		return fmt.Errorf("write one-time token: %w", err)
	}
	return nil
}

// OneTimeTokenByHash implements session.CodeStore.
func (s *Codes) OneTimeTokenByHash(ctx context.Context, hash []byte) (session.OneTimeToken, error) {
	row, err := s.db.accounts(ctx).OneTimeToken.Query().Where(onetimetoken.TokenHash(hash)).Only(ctx)
	if accountdb.IsNotFound(err) {
		return session.OneTimeToken{}, session.ErrLinkInvalid
	}
	if err != nil {
		return session.OneTimeToken{}, fmt.Errorf("read one-time token: %w", err)
	}
	return oneTimeTokenOf(row), nil
}

// OneTimeTokens implements session.CodeStore.
func (s *Codes) OneTimeTokens(ctx context.Context, userID uuid.UUID, kinds ...session.Kind) ([]session.OneTimeToken, error) {
	return s.find(ctx, s.db.accounts(ctx).OneTimeToken.Query().Where(onetimetoken.UserID(userID)), kinds)
}

// OneTimeTokensTo implements session.CodeStore.
func (s *Codes) OneTimeTokensTo(ctx context.Context, address string, kinds ...session.Kind) ([]session.OneTimeToken, error) {
	return s.find(ctx, s.db.accounts(ctx).OneTimeToken.Query().Where(onetimetoken.Email(address)), kinds)
}

func (s *Codes) find(ctx context.Context, query *accountdb.OneTimeTokenQuery, kinds []session.Kind) ([]session.OneTimeToken, error) {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	rows, err := query.Where(onetimetoken.KindIn(names...)).Order(onetimetoken.ByCreatedAt()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read one-time tokens: %w", err)
	}
	tokens := make([]session.OneTimeToken, len(rows))
	for i, row := range rows {
		tokens[i] = oneTimeTokenOf(row)
	}
	return tokens, nil
}

// TakeOneTimeToken implements session.CodeStore.
func (s *Codes) TakeOneTimeToken(ctx context.Context, id uuid.UUID) (bool, error) {
	n, err := s.db.accounts(ctx).OneTimeToken.Delete().Where(onetimetoken.ID(id)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("take one-time token: %w", err)
	}
	return n == 1, nil
}

// CountWrongCode implements session.CodeStore.
func (s *Codes) CountWrongCode(ctx context.Context, id uuid.UUID, limit int) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).OneTimeToken
		if err := client.Update().Where(onetimetoken.ID(id)).AddAttempts(1).Exec(ctx); err != nil {
			return fmt.Errorf("count wrong code: %w", err)
		}
		_, err := client.Delete().Where(onetimetoken.ID(id), onetimetoken.AttemptsGTE(limit)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("spend one-time token: %w", err)
		}
		return nil
	})
}

// PutAuthCode implements session.CodeStore.
func (s *Codes) PutAuthCode(ctx context.Context, c session.AuthCode) error {
	err := s.db.accounts(ctx).AuthCode.Create().SetID(c.ID).SetUserID(c.UserID).SetCodeHash(c.Hash).
		SetCodeChallenge(c.Challenge.Value).SetCodeChallengeMethod(c.Challenge.Method).SetAmrMethod(c.AMRMethod).SetBindSealed(c.LinkSealed).
		SetCreatedAt(utc(c.CreatedAt)).SetExpiresAt(utc(c.ExpiresAt)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write authorization code: %w", err)
	}
	return nil
}

// AuthCodeByHash implements session.CodeStore.
func (s *Codes) AuthCodeByHash(ctx context.Context, hash []byte) (session.AuthCode, error) {
	row, err := s.db.accounts(ctx).AuthCode.Query().Where(authcode.CodeHash(hash)).Only(ctx)
	if accountdb.IsNotFound(err) {
		return session.AuthCode{}, session.ErrCodeNotFound
	}
	if err != nil {
		return session.AuthCode{}, fmt.Errorf("read authorization code: %w", err)
	}
	return session.AuthCode{
		ID: row.ID, UserID: row.UserID, Hash: row.CodeHash, AMRMethod: row.AmrMethod, LinkSealed: row.BindSealed, Attempts: row.Attempts,
		Challenge: session.Challenge{Value: row.CodeChallenge, Method: row.CodeChallengeMethod},
		CreatedAt: utc(row.CreatedAt), ExpiresAt: utc(row.ExpiresAt),
	}, nil
}

// TakeAuthCode implements session.CodeStore.
func (s *Codes) TakeAuthCode(ctx context.Context, id uuid.UUID) (bool, error) {
	n, err := s.db.accounts(ctx).AuthCode.Delete().Where(authcode.ID(id)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("take authorization code: %w", err)
	}
	return n == 1, nil
}

// CountWrongVerifier implements session.CodeStore.
func (s *Codes) CountWrongVerifier(ctx context.Context, id uuid.UUID, limit int) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).AuthCode
		if err := client.Update().Where(authcode.ID(id)).AddAttempts(1).Exec(ctx); err != nil {
			return fmt.Errorf("count wrong verifier: %w", err)
		}
		_, err := client.Delete().Where(authcode.ID(id), authcode.AttemptsGTE(limit)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("spend authorization code: %w", err)
		}
		return nil
	})
}

// PurgeCodes implements session.CodeStore.
func (s *Codes) PurgeCodes(ctx context.Context, before time.Time) error {
	client := s.db.accounts(ctx)
	if _, err := client.OneTimeToken.Delete().Where(onetimetoken.ExpiresAtLT(utc(before))).Exec(ctx); err != nil {
		return fmt.Errorf("purge one-time tokens: %w", err)
	}
	if _, err := client.AuthCode.Delete().Where(authcode.ExpiresAtLT(utc(before))).Exec(ctx); err != nil {
		return fmt.Errorf("purge authorization codes: %w", err)
	}
	return nil
}

func oneTimeTokenOf(row *accountdb.OneTimeToken) session.OneTimeToken {
	return session.OneTimeToken{
		ID: row.ID, UserID: row.UserID, Kind: session.Kind(row.Kind), Email: row.Email,
		TokenHash: row.TokenHash, CodeHash: row.CodeHash, Attempts: row.Attempts,
		Challenge:  session.Challenge{Value: row.CodeChallenge, Method: row.CodeChallengeMethod},
		RedirectTo: row.RedirectTo, CreatedAt: utc(row.CreatedAt), ExpiresAt: utc(row.ExpiresAt),
	}
}
