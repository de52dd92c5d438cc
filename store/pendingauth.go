package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tessera/identity"
	"tessera/pendingauth"
	"tessera/session"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/authflow"
	"tessera/store/ent/accountdb/pendingauthsession"
	"tessera/store/ent/accountdb/sourcegrant"
)

// PendingAuth implements pendingauth.Store and pendingauth.Granter.
type PendingAuth struct{ db *DB }

// PendingAuth returns the store of flows, pending sessions and source grants.
func (db *DB) PendingAuth() *PendingAuth { return &PendingAuth{db} }

var (
	_ pendingauth.Store   = (*PendingAuth)(nil)
	_ pendingauth.Granter = (*PendingAuth)(nil)
)

// PutFlow implements pendingauth.Store.
func (s *PendingAuth) PutFlow(ctx context.Context, f pendingauth.Flow) error {
	create := s.db.accounts(ctx).AuthFlow.Create().SetID(f.ID).SetStateHash(f.StateHash).SetBrowserHash(f.BrowserHash).
		SetProvider(f.Source).SetChannel(f.Channel).SetIntent(string(f.Intent)).SetNonce(f.Nonce).
		SetVerifierSealed(f.VerifierSealed).SetRedirectTo(f.RedirectTo).
		SetCodeChallenge(f.Challenge.Value).SetCodeChallengeMethod(f.Challenge.Method).
		SetCreatedAt(utc(f.CreatedAt)).SetExpiresAt(utc(f.ExpiresAt))
	if f.UserID != uuid.Nil {
		create.SetUserID(f.UserID).SetSessionID(f.SessionID)
	}
	if err := create.Exec(ctx); err != nil {
		return fmt.Errorf("write flow: %w", err)
	}
	return nil
}

// ClaimFlow implements pendingauth.Store. The delete decides who claimed it.
func (s *PendingAuth) ClaimFlow(ctx context.Context, stateHash, browserHash []byte) (pendingauth.Flow, error) {
	var flow pendingauth.Flow
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).AuthFlow
		row, err := client.Query().Where(authflow.StateHash(stateHash), authflow.BrowserHash(browserHash)).Only(ctx)
		if accountdb.IsNotFound(err) {
			return pendingauth.ErrFlowUnknown
		}
		if err != nil {
			return fmt.Errorf("read flow: %w", err)
		}
		n, err := client.Delete().Where(authflow.ID(row.ID)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("claim flow: %w", err)
		}
		if n == 0 {
			return pendingauth.ErrFlowUnknown
		}
		flow = flowOf(row)
		return nil
	})
	return flow, err
}

func flowOf(row *accountdb.AuthFlow) pendingauth.Flow {
	return pendingauth.Flow{
		ID: row.ID, StateHash: row.StateHash, BrowserHash: row.BrowserHash, Source: row.Provider, Channel: row.Channel,
		Intent: pendingauth.Intent(row.Intent), UserID: idOf(row.UserID), SessionID: idOf(row.SessionID), Nonce: row.Nonce,
		VerifierSealed: row.VerifierSealed, RedirectTo: row.RedirectTo,
		Challenge: session.Challenge{Value: row.CodeChallenge, Method: row.CodeChallengeMethod},
		CreatedAt: utc(row.CreatedAt), ExpiresAt: utc(row.ExpiresAt),
	}
}

// PutPending implements pendingauth.Store.
func (s *PendingAuth) PutPending(ctx context.Context, p pendingauth.Pending) error {
	err := s.db.accounts(ctx).PendingAuthSession.Create().SetID(p.ID).SetTokenHash(p.TokenHash).SetProvider(p.Source).
		SetProviderType(p.Identity.ProviderType).SetProviderKey(p.Identity.ProviderKey).SetProviderSubject(p.Identity.ProviderSubject).
		SetNickname(p.Nickname).SetAvatarURL(p.AvatarURL).SetProviderEmail(p.ProviderEmail).
		SetClaims(p.Identity.Claims).SetChannels(channelRows(p.Identity.Channels)).SetEmailRequired(p.EmailRequired).
		SetRedirectTo(p.RedirectTo).SetCodeChallenge(p.Challenge.Value).SetCodeChallengeMethod(p.Challenge.Method).
		SetCreatedAt(utc(p.CreatedAt)).SetExpiresAt(utc(p.ExpiresAt)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write pending session: %w", err)
	}
	return nil
}

// PendingByToken implements pendingauth.Store.
func (s *PendingAuth) PendingByToken(ctx context.Context, tokenHash []byte) (pendingauth.Pending, error) {
	row, err := s.db.accounts(ctx).PendingAuthSession.Query().Where(pendingauthsession.TokenHash(tokenHash)).Only(ctx)
	return pendingOf(row, err)
}

// SetPendingEmail implements pendingauth.Store.
func (s *PendingAuth) SetPendingEmail(ctx context.Context, id uuid.UUID, email string, codeHash []byte, expires time.Time) error {
	return s.change(ctx, id, func(u *accountdb.PendingAuthSessionUpdate) {
		u.SetEmail(email).ClearEmailVerifiedAt().SetCodeHash(codeHash).SetCodeExpiresAt(utc(expires)).SetCodeAttempts(0)
	})
}

// SetEmailVerified implements pendingauth.Store.
func (s *PendingAuth) SetEmailVerified(ctx context.Context, id uuid.UUID, email string, at time.Time) error {
	return s.change(ctx, id, func(u *accountdb.PendingAuthSessionUpdate) {
		u.Where(pendingauthsession.Email(email)).SetEmailVerifiedAt(utc(at)).ClearCodeHash().ClearCodeExpiresAt()
	})
}

// TakeCodeTry implements pendingauth.Store. The conditional update decides.
func (s *PendingAuth) TakeCodeTry(ctx context.Context, id uuid.UUID, limit int) (bool, error) {
	n, err := s.db.accounts(ctx).PendingAuthSession.Update().
		Where(pendingauthsession.ID(id), pendingauthsession.ConsumedAtIsNil(), pendingauthsession.CodeAttemptsLT(limit)).
		AddCodeAttempts(1).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("count try of a code: %w", err)
	}
	return n == 1, nil
}

// SetProof implements pendingauth.Store.
func (s *PendingAuth) SetProof(ctx context.Context, id uuid.UUID, p pendingauth.Proven) error {
	return s.change(ctx, id, func(u *accountdb.PendingAuthSessionUpdate) {
		u.SetBindUserID(p.UserID)
		setTime(p.PasswordAt, u.Mutation().SetPasswordVerifiedAt, u.Mutation().ClearPasswordVerifiedAt)
		setTime(p.TOTPAt, u.Mutation().SetTotpVerifiedAt, u.Mutation().ClearTotpVerifiedAt)
		setTime(p.SessionAt, u.Mutation().SetSessionVerifiedAt, u.Mutation().ClearSessionVerifiedAt)
	})
}

// CountWrongProof implements pendingauth.Store.
func (s *PendingAuth) CountWrongProof(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, id, func(u *accountdb.PendingAuthSessionUpdate) { u.AddProofAttempts(1) })
}

// change writes to a session that nobody has consumed.
func (s *PendingAuth) change(ctx context.Context, id uuid.UUID, set func(*accountdb.PendingAuthSessionUpdate)) error {
	update := s.db.accounts(ctx).PendingAuthSession.Update().
		Where(pendingauthsession.ID(id), pendingauthsession.ConsumedAtIsNil())
	set(update)
	n, err := update.Save(ctx)
	if err != nil {
		return fmt.Errorf("change pending session: %w", err)
	}
	if n == 0 {
		return pendingauth.ErrPendingUnknown
	}
	return nil
}

// ClaimPending implements pendingauth.Store. The conditional update decides who
// claimed it; what is read after it, in the same transaction, is what it stood
// on.
func (s *PendingAuth) ClaimPending(ctx context.Context, id uuid.UUID, at time.Time) (pendingauth.Pending, error) {
	var claimed pendingauth.Pending
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx).PendingAuthSession
		n, err := client.Update().
			Where(pendingauthsession.ID(id), pendingauthsession.ConsumedAtIsNil(), pendingauthsession.ExpiresAtGT(utc(at))).
			SetConsumedAt(utc(at)).Save(ctx)
		if err != nil {
			return fmt.Errorf("claim pending session: %w", err)
		}
		if n == 0 {
			return pendingauth.ErrPendingUnknown
		}
		claimed, err = pendingOf(client.Get(ctx, id))
		return err
	})
	return claimed, err
}

// DropPending implements pendingauth.Store.
func (s *PendingAuth) DropPending(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.accounts(ctx).PendingAuthSession.Delete().
		Where(pendingauthsession.ID(id), pendingauthsession.ConsumedAtIsNil()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop pending session: %w", err)
	}
	return nil
}

// PutDecision implements pendingauth.Store.
func (s *PendingAuth) PutDecision(ctx context.Context, d pendingauth.Decision) error {
	err := s.db.accounts(ctx).IdentityAdoptionDecision.Create().SetID(d.ID).SetPendingAuthSessionID(d.PendingID).
		SetUserID(d.UserID).SetIdentityID(d.IdentityID).SetAdoptNickname(d.Choices.AdoptNickname).
		SetAdoptAvatar(d.Choices.AdoptAvatar).SetDecidedAt(utc(d.At)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write adoption decision: %w", err)
	}
	return nil
}

// Give implements pendingauth.Granter. Both unique keys, the user's and the
// mailbox's, turn a second one away without an error.
func (s *PendingAuth) Give(ctx context.Context, g pendingauth.Grant) error {
	var alias any
	if g.AliasKey != "" {
		alias = g.AliasKey
	}
	_, err := s.db.exec(ctx, `INSERT INTO source_grants
		(id, user_id, provider_type, reason, balance_micros, concurrency, subscription_days, alias_key, granted_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		g.ID, g.UserID, g.SourceType, string(g.Reason), g.Amount.BalanceMicros, g.Amount.Concurrency,
		g.Amount.SubscriptionDays, alias, utc(g.GrantedAt))
	if err != nil {
		return fmt.Errorf("write source grant: %w", err)
	}
	return nil
}

// GrantsOf returns what a user was given, oldest first.
func (s *PendingAuth) GrantsOf(ctx context.Context, userID uuid.UUID) ([]pendingauth.Grant, error) {
	rows, err := s.db.accounts(ctx).SourceGrant.Query().Where(sourcegrant.UserID(userID)).
		Order(sourcegrant.ByGrantedAt(), sourcegrant.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read source grants: %w", err)
	}
	grants := make([]pendingauth.Grant, len(rows))
	for i, r := range rows {
		grants[i] = pendingauth.Grant{
			ID: r.ID, UserID: r.UserID, SourceType: r.ProviderType, Reason: pendingauth.Reason(r.Reason), AliasKey: textOf(r.AliasKey),
			Amount:    pendingauth.Amount{BalanceMicros: r.BalanceMicros, Concurrency: r.Concurrency, SubscriptionDays: r.SubscriptionDays},
			GrantedAt: utc(r.GrantedAt),
		}
	}
	return grants, nil
}

// Purge deletes flows and pending sessions that nobody completed before the
// given time. Completed ones stay, with their adoption decisions.
func (s *PendingAuth) Purge(ctx context.Context, before time.Time) error {
	client := s.db.accounts(ctx)
	if _, err := client.AuthFlow.Delete().Where(authflow.ExpiresAtLT(utc(before))).Exec(ctx); err != nil {
		return fmt.Errorf("purge flows: %w", err)
	}
	_, err := client.PendingAuthSession.Delete().
		Where(pendingauthsession.ExpiresAtLT(utc(before)), pendingauthsession.ConsumedAtIsNil()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("purge pending sessions: %w", err)
	}
	return nil
}

func pendingOf(row *accountdb.PendingAuthSession, err error) (pendingauth.Pending, error) {
	if accountdb.IsNotFound(err) {
		return pendingauth.Pending{}, pendingauth.ErrPendingUnknown
	}
	if err != nil {
		return pendingauth.Pending{}, fmt.Errorf("read pending session: %w", err)
	}
	p := pendingauth.Pending{
		ID: row.ID, TokenHash: row.TokenHash, Source: row.Provider, Nickname: row.Nickname, AvatarURL: row.AvatarURL,
		ProviderEmail: row.ProviderEmail, EmailRequired: row.EmailRequired, Email: row.Email,
		EmailVerifiedAt: utcOrNil(row.EmailVerifiedAt), CodeExpiresAt: utcOrNil(row.CodeExpiresAt),
		BindUserID: idOf(row.BindUserID), PasswordVerifiedAt: utcOrNil(row.PasswordVerifiedAt),
		TOTPVerifiedAt: utcOrNil(row.TotpVerifiedAt), SessionVerifiedAt: utcOrNil(row.SessionVerifiedAt), ProofAttempts: row.ProofAttempts,
		RedirectTo: row.RedirectTo, Challenge: session.Challenge{Value: row.CodeChallenge, Method: row.CodeChallengeMethod},
		CreatedAt: utc(row.CreatedAt), ExpiresAt: utc(row.ExpiresAt), ConsumedAt: utcOrNil(row.ConsumedAt),
		Identity: identity.Identity{
			Key: identity.Key{
				ProviderType: row.ProviderType, ProviderKey: row.ProviderKey, ProviderSubject: row.ProviderSubject,
			},
			Email: row.ProviderEmail, Claims: row.Claims, Origin: identity.OriginSignup,
		},
	}
	if row.CodeHash != nil {
		p.CodeHash = *row.CodeHash
	}
	for _, c := range row.Channels {
		p.Identity.Channels = append(p.Identity.Channels, identity.Channel{Name: c["channel"], AppID: c["app_id"], Subject: c["subject"]})
	}
	return p, nil
}

func channelRows(channels []identity.Channel) []map[string]string {
	rows := make([]map[string]string, len(channels))
	for i, c := range channels {
		rows[i] = map[string]string{"channel": c.Name, "app_id": c.AppID, "subject": c.Subject}
	}
	return rows
}
