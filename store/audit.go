package store

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"tessera/identity"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/auditentry"
)

// Audit implements identity.AuditLog.
type Audit struct{ db *DB }

// Audit returns the audit log.
func (db *DB) Audit() *Audit { return &Audit{db} }

var _ identity.AuditLog = (*Audit)(nil)

// WriteAudit implements identity.AuditLog.
func (s *Audit) WriteAudit(ctx context.Context, e identity.Entry) error {
	create := s.db.accounts(ctx).AuditEntry.Create().SetID(e.ID).SetAt(utc(e.At)).
		SetAction(string(e.Action)).SetActorName(e.ActorName).
		SetIP(e.Origin.IP).SetUserAgent(e.Origin.UserAgent).SetRequestID(e.Origin.ID).SetDetail(e.Detail)
	if e.ActorID != uuid.Nil {
		create.SetActorID(e.ActorID)
	}
	if e.UserID != uuid.Nil {
		create.SetUserID(e.UserID)
	}
	if err := create.Exec(ctx); err != nil {
		return fmt.Errorf("write audit entry: %w", err)
	}
	return nil
}

// AuditEntries implements identity.AuditLog. Ids are UUIDv7, so their order is
// the order of time.
func (s *Audit) AuditEntries(ctx context.Context, before uuid.UUID, limit int) ([]identity.Entry, error) {
	query := s.db.accounts(ctx).AuditEntry.Query().Order(auditentry.ByID(sql.OrderDesc())).Limit(limit)
	if before != uuid.Nil {
		query.Where(auditentry.IDLT(before))
	}
	return readEntries(ctx, query)
}

// AuditEntriesOf implements identity.AuditLog.
func (s *Audit) AuditEntriesOf(ctx context.Context, userID, before uuid.UUID, limit int) ([]identity.Entry, error) {
	query := s.db.accounts(ctx).AuditEntry.Query().Where(auditentry.UserID(userID)).
		Order(auditentry.ByID(sql.OrderDesc())).Limit(limit)
	if before != uuid.Nil {
		query.Where(auditentry.IDLT(before))
	}
	return readEntries(ctx, query)
}

// AuditPage implements identity.AuditLog.
func (s *Audit) AuditPage(ctx context.Context, offset, limit int) ([]identity.Entry, int, error) {
	client := s.db.accounts(ctx).AuditEntry
	total, err := client.Query().Count(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("count audit entries: %w", err)
	}
	entries, err := readEntries(ctx, client.Query().Order(auditentry.ByID(sql.OrderDesc())).Offset(offset).Limit(limit))
	return entries, total, err
}

func readEntries(ctx context.Context, query *accountdb.AuditEntryQuery) ([]identity.Entry, error) {
	rows, err := query.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read audit entries: %w", err)
	}
	entries := make([]identity.Entry, len(rows))
	for i, r := range rows {
		entries[i] = identity.Entry{
			ID: r.ID, At: utc(r.At), Action: identity.Action(r.Action), ActorName: r.ActorName,
			ActorID: idOf(r.ActorID), UserID: idOf(r.UserID), Detail: r.Detail,
			Origin: identity.Request{IP: r.IP, UserAgent: r.UserAgent, ID: r.RequestID},
		}
	}
	return entries, nil
}

func idOf(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
