package store

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"tessera/session"
	"tessera/session/token"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/refreshtoken"
	entsession "tessera/store/ent/accountdb/session"
)

// Sessions implements session.Store.
type Sessions struct{ db *DB }

// Sessions returns the store of sessions and refresh tokens.
func (db *DB) Sessions() *Sessions { return &Sessions{db} }

var _ session.Store = (*Sessions)(nil)

// CreateSession implements session.Store.
func (s *Sessions) CreateSession(ctx context.Context, opened session.Session, first session.RefreshToken) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		create := s.db.accounts(ctx).Session.Create().SetID(opened.ID).SetUserID(opened.UserID).
			SetAal(opened.AAL).SetAmr(amrRows(opened.AMR)).SetUserAgent(opened.UserAgent).SetIP(opened.IP).
			SetCreatedAt(utc(opened.CreatedAt)).SetRefreshedAt(utc(opened.RefreshedAt)).
			SetNillableNotAfter(utcOrNil(opened.NotAfter)).SetNillableConfirmedAt(utcOrNil(opened.ConfirmedAt))
		if err := create.Exec(ctx); err != nil {
			return fmt.Errorf("write session: %w", err)
		}
		return s.addRefreshToken(ctx, first)
	})
}

func (s *Sessions) addRefreshToken(ctx context.Context, t session.RefreshToken) error {
	err := s.db.accounts(ctx).RefreshToken.Create().SetID(t.ID).SetSessionID(t.SessionID).
		SetTokenHash(t.Hash).SetGeneration(t.Generation).SetCreatedAt(utc(t.CreatedAt)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write refresh token: %w", err)
	}
	return nil
}

// Session implements session.Store.
func (s *Sessions) Session(ctx context.Context, id uuid.UUID) (session.Session, error) {
	row, err := s.db.accounts(ctx).Session.Get(ctx, id)
	if accountdb.IsNotFound(err) {
		return session.Session{}, session.ErrSessionNotFound
	}
	if err != nil {
		return session.Session{}, fmt.Errorf("read session: %w", err)
	}
	return sessionOf(row), nil
}

// Sessions implements session.Store.
func (s *Sessions) Sessions(ctx context.Context, userID uuid.UUID) ([]session.Session, error) {
	rows, err := s.db.accounts(ctx).Session.Query().Where(entsession.UserID(userID)).
		Order(entsession.ByCreatedAt(sql.OrderDesc()), entsession.ByID(sql.OrderDesc())).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	sessions := make([]session.Session, len(rows))
	for i, row := range rows {
		sessions[i] = sessionOf(row)
	}
	return sessions, nil
}

// EndSession implements session.Store.
func (s *Sessions) EndSession(ctx context.Context, id uuid.UUID) (bool, error) {
	n, err := s.db.accounts(ctx).Session.Delete().Where(entsession.ID(id)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("end session: %w", err)
	}
	return n == 1, nil
}

// EndSessions implements session.Store.
func (s *Sessions) EndSessions(ctx context.Context, userID, except uuid.UUID) error {
	_, err := s.db.accounts(ctx).Session.Delete().
		Where(entsession.UserID(userID), entsession.IDNEQ(except)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// RefreshToken implements session.Store.
func (s *Sessions) RefreshToken(ctx context.Context, hash []byte) (session.RefreshToken, error) {
	row, err := s.db.accounts(ctx).RefreshToken.Query().Where(refreshtoken.TokenHash(hash)).Only(ctx)
	if accountdb.IsNotFound(err) {
		return session.RefreshToken{}, session.ErrRefreshNotFound
	}
	if err != nil {
		return session.RefreshToken{}, fmt.Errorf("read refresh token: %w", err)
	}
	return session.RefreshToken{
		ID: row.ID, SessionID: row.SessionID, Hash: row.TokenHash, Generation: row.Generation,
		CreatedAt: utc(row.CreatedAt), ReplacedAt: utcOrNil(row.ReplacedAt),
	}, nil
}

// ReplaceRefreshToken implements session.Store. The conditional update decides
// who was first; the row lock makes the others wait for the outcome.
func (s *Sessions) ReplaceRefreshToken(ctx context.Context, id uuid.UUID, next session.RefreshToken) (bool, error) {
	replaced := false
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		n, err := s.db.accounts(ctx).RefreshToken.Update().
			Where(refreshtoken.ID(id), refreshtoken.ReplacedAtIsNil()).
			SetReplacedAt(utc(next.CreatedAt)).Save(ctx)
		if err != nil {
			return fmt.Errorf("replace refresh token: %w", err)
		}
		if replaced = n == 1; !replaced {
			return nil
		}
		err = s.db.accounts(ctx).Session.Update().Where(entsession.ID(next.SessionID)).
			SetRefreshedAt(utc(next.CreatedAt)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note refresh: %w", err)
		}
		return s.addRefreshToken(ctx, next)
	})
	return replaced, err
}

// ConfirmSession implements session.Store.
func (s *Sessions) ConfirmSession(ctx context.Context, id uuid.UUID, at time.Time) error {
	n, err := s.db.accounts(ctx).Session.Update().Where(entsession.ID(id)).SetConfirmedAt(utc(at)).Save(ctx)
	if err != nil {
		return fmt.Errorf("confirm session: %w", err)
	}
	if n == 0 {
		return session.ErrSessionNotFound
	}
	return nil
}

// RaiseSession implements session.Store.
func (s *Sessions) RaiseSession(ctx context.Context, raised session.Session, only session.RefreshToken) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		client := s.db.accounts(ctx)
		n, err := client.Session.Update().Where(entsession.ID(raised.ID)).
			SetAal(raised.AAL).SetAmr(amrRows(raised.AMR)).SetRefreshedAt(utc(raised.RefreshedAt)).
			SetNillableConfirmedAt(utcOrNil(raised.ConfirmedAt)).Save(ctx)
		if err != nil {
			return fmt.Errorf("raise session: %w", err)
		}
		if n == 0 {
			return session.ErrSessionNotFound
		}
		if _, err := client.RefreshToken.Delete().Where(refreshtoken.SessionID(raised.ID)).Exec(ctx); err != nil {
			return fmt.Errorf("drop refresh chain: %w", err)
		}
		return s.addRefreshToken(ctx, only)
	})
}

func sessionOf(row *accountdb.Session) session.Session {
	return session.Session{
		ID: row.ID, UserID: row.UserID, AAL: row.Aal, AMR: amrOf(row.Amr), UserAgent: row.UserAgent, IP: row.IP,
		CreatedAt: utc(row.CreatedAt), RefreshedAt: utc(row.RefreshedAt), NotAfter: utcOrNil(row.NotAfter),
		ConfirmedAt: utcOrNil(row.ConfirmedAt),
	}
}

// amrRows and amrOf keep the amr claim in its wire form (RFC 8176, with
// GoTrue's timestamp in seconds).
func amrRows(methods []token.Method) []map[string]any {
	rows := make([]map[string]any, len(methods))
	for i, m := range methods {
		rows[i] = map[string]any{"method": m.Method, "timestamp": m.At.Unix()}
	}
	return rows
}

func amrOf(rows []map[string]any) []token.Method {
	methods := make([]token.Method, len(rows))
	for i, row := range rows {
		name, _ := row["method"].(string)
		seconds, _ := row["timestamp"].(float64)
		methods[i] = token.Method{Method: name, At: time.Unix(int64(seconds), 0).UTC()}
	}
	return methods
}
