package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"tessera/gateway"
	"tessera/store/ent/gatewaydb"
	"tessera/store/ent/gatewaydb/message"
)

var _ gateway.Store = (*DB)(nil)

// The statements of the event log are written by hand: a busy server runs them
// some thousand times a second. Each that decides something is one conditional
// UPDATE.
const (
	// An append names the holder of the lease and the position before it, so
	// that of two writers one gets no row.
	sqlAdvanceLog = `UPDATE messages SET last_position = ?
		WHERE id = ? AND lease_owner = ? AND last_position = ? AND state IN ('queued', 'working')`
	sqlSetState  = `UPDATE messages SET state = ? WHERE id = ?`
	sqlFinish    = `UPDATE messages SET state = ?, reply = ?, finished_at = ?, lease_owner = '', lease_until = NULL WHERE id = ?`
	sqlInterrupt = `UPDATE messages SET state = 'failed', finished_at = ?, lease_owner = '', lease_until = NULL,
		last_position = last_position + 1
		WHERE id = ? AND state IN ('queued', 'working') AND lease_until < ? RETURNING last_position`
	sqlExpired = `SELECT id FROM messages WHERE state IN ('queued', 'working') AND lease_until < ? ORDER BY lease_until LIMIT ?`
	sqlEvents  = `SELECT position, event, data, terminal, created_at FROM message_events
		WHERE message_id = ? AND position > ? ORDER BY position LIMIT ?`
	sqlPurge = `DELETE FROM messages WHERE id IN (
		SELECT id FROM messages WHERE expires_at < ? AND state IN ('completed', 'failed') ORDER BY expires_at LIMIT ?)`
	// A conversation is dropped with its last message. One that was touched
	// lately is left: a message may just be on its way into it, unseen.
	sqlPurgeEmpty = `DELETE FROM conversations WHERE updated_at < ?
		AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.conversation_id = conversations.id)`
)

// conversationRest is how long a conversation must have been left alone before
// it is dropped for being empty. Messages are kept for longer than this.
const conversationRest = time.Hour

// eventRows bounds one INSERT: SQLite allows 32,766 parameters, and a shorter
// statement is as fast.
const eventRows = 200

// CreateMessage implements [gateway.Store].
func (db *DB) CreateMessage(ctx context.Context, m gateway.Message, first gateway.Event) error {
	if err := db.enterConversation(ctx, m); err != nil {
		return err
	}
	err := db.gateways(ctx).Message.Create().
		SetID(m.ID).SetConversationID(m.ConversationID).SetUserID(m.UserID).SetRequestID(m.RequestID).
		SetForm(string(m.Form)).SetModel(m.Model).SetDialect(string(m.Dialect)).SetResultMode(string(m.ResultMode)).
		SetRequest(string(m.Request)).SetMetadata(string(m.Metadata)).SetState(string(m.State)).
		SetLastPosition(m.LastPosition).SetLeaseOwner(m.LeaseOwner).SetLeaseUntil(utc(m.LeaseUntil)).
		SetCreatedAt(utc(m.CreatedAt)).SetExpiresAt(utc(m.ExpiresAt)).
		Exec(ctx)
	if err != nil {
		return fmt.Errorf("create message: %w", err)
	}
	return db.insertEvents(ctx, []eventRow{{m.ID, first}})
}

// enterConversation makes the conversation or, where there is one, checks whose
// it is: the UPDATE finds only the user's own.
func (db *DB) enterConversation(ctx context.Context, m gateway.Message) error {
	_, err := db.exec(ctx, `INSERT INTO conversations (id, user_id, created_at, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, m.ConversationID, m.UserID, utc(m.CreatedAt), utc(m.CreatedAt))
	if err != nil {
		return fmt.Errorf("create conversation: %w", err)
	}
	n, err := db.affected(ctx, `UPDATE conversations SET updated_at = ? WHERE id = ? AND user_id = ?`,
		utc(m.CreatedAt), m.ConversationID, m.UserID)
	if err != nil {
		return fmt.Errorf("touch conversation: %w", err)
	}
	if n == 0 {
		return gateway.ErrConversationNotFound.On("conversation_id", "there is no such conversation")
	}
	return nil
}

// affected runs a statement and returns how many rows it changed.
func (db *DB) affected(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := db.exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

type eventRow struct {
	messageID uuid.UUID
	event     gateway.Event
}

func (db *DB) insertEvents(ctx context.Context, rows []eventRow) error {
	for len(rows) > 0 {
		n := min(len(rows), eventRows)
		args := make([]any, 0, n*6)
		for _, r := range rows[:n] {
			e := r.event
			args = append(args, r.messageID, e.Position, string(e.Name), string(e.Data), e.Terminal, utc(e.At))
		}
		query := `INSERT INTO message_events (message_id, position, event, data, terminal, created_at) VALUES ` +
			strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?), ", n), ", ")
		if _, err := db.exec(ctx, query, args...); err != nil {
			return fmt.Errorf("insert message events: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// Message implements [gateway.Store].
func (db *DB) Message(ctx context.Context, userID, messageID uuid.UUID) (gateway.Message, error) {
	row, err := db.gateways(ctx).Message.Query().
		Where(message.ID(messageID), message.UserID(userID)).Only(ctx)
	if gatewaydb.IsNotFound(err) {
		return gateway.Message{}, gateway.ErrMessageNotFound
	}
	if err != nil {
		return gateway.Message{}, fmt.Errorf("message: %w", err)
	}
	m := gateway.Message{
		ID: row.ID, ConversationID: row.ConversationID, UserID: row.UserID, RequestID: row.RequestID,
		Form: gateway.Form(row.Form), Model: row.Model, Dialect: gateway.Dialect(row.Dialect),
		ResultMode: gateway.ResultMode(row.ResultMode), Request: json.RawMessage(row.Request),
		Metadata: json.RawMessage(row.Metadata), State: gateway.State(row.State), Reply: row.Reply,
		LastPosition: row.LastPosition, LeaseOwner: row.LeaseOwner,
		CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(),
	}
	if row.LeaseUntil != nil {
		m.LeaseUntil = row.LeaseUntil.UTC()
	}
	if row.FinishedAt != nil {
		m.FinishedAt = row.FinishedAt.UTC()
	}
	return m, nil
}

// EventsAfter implements [gateway.Store].
func (db *DB) EventsAfter(ctx context.Context, messageID uuid.UUID, position int64, limit int) ([]gateway.Event, error) {
	rows, err := db.query(ctx, sqlEvents, messageID, position, limit)
	if err != nil {
		return nil, fmt.Errorf("message events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var events []gateway.Event
	for rows.Next() {
		var e gateway.Event
		var data string
		if err := rows.Scan(&e.Position, &e.Name, &data, &e.Terminal, &e.At); err != nil {
			return nil, fmt.Errorf("message events: %w", err)
		}
		e.Data, e.At = []byte(data), e.At.UTC()
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("message events: %w", err)
	}
	return events, nil
}

// AppendEvents implements [gateway.Store].
func (db *DB) AppendEvents(ctx context.Context, batch []gateway.Append) (lost []uuid.UUID, err error) {
	var rows []eventRow
	for _, a := range batch {
		ours, err := db.advanceLog(ctx, a)
		if err != nil {
			return nil, fmt.Errorf("append to the log of message %s: %w", a.MessageID, err)
		}
		if !ours {
			lost = append(lost, a.MessageID)
			continue
		}
		for _, e := range a.Events {
			rows = append(rows, eventRow{a.MessageID, e})
		}
	}
	return lost, db.insertEvents(ctx, rows)
}

// advanceLog moves a message on to its new position and state, if it is still
// where the caller left it.
func (db *DB) advanceLog(ctx context.Context, a gateway.Append) (ours bool, err error) {
	if len(a.Events) == 0 {
		return false, errors.New("nothing to append")
	}
	first, last := a.Events[0], a.Events[len(a.Events)-1]
	n, err := db.affected(ctx, sqlAdvanceLog, last.Position, a.MessageID, a.LeaseOwner, first.Position-1)
	if err != nil || n == 0 {
		return false, err
	}
	switch {
	case a.State == "":
	case a.State.Final():
		// PostgreSQL's text holds no NUL; the log has it escaped.
		reply := strings.ReplaceAll(a.Reply, "\x00", "\uFFFD")
		_, err = db.exec(ctx, sqlFinish, string(a.State), reply, utc(last.At), a.MessageID)
	default:
		_, err = db.exec(ctx, sqlSetState, string(a.State), a.MessageID)
	}
	return true, err
}

// RenewLeases implements [gateway.Store].
func (db *DB) RenewLeases(ctx context.Context, owner string, ids []uuid.UUID, until time.Time) error {
	for len(ids) > 0 {
		n := min(len(ids), eventRows)
		err := db.gateways(ctx).Message.Update().
			Where(message.IDIn(ids[:n]...), message.LeaseOwner(owner), message.StateIn(string(gateway.Queued), string(gateway.Working))).
			SetLeaseUntil(utc(until)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("renew leases: %w", err)
		}
		ids = ids[n:]
	}
	return nil
}

// ExpiredLeases implements [gateway.Store].
func (db *DB) ExpiredLeases(ctx context.Context, before time.Time, limit int) ([]uuid.UUID, error) {
	rows, err := db.query(ctx, sqlExpired, utc(before), limit)
	if err != nil {
		return nil, fmt.Errorf("expired leases: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var ids []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("expired leases: %w", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("expired leases: %w", err)
	}
	return ids, nil
}

// InterruptMessage implements [gateway.Store].
func (db *DB) InterruptMessage(ctx context.Context, id uuid.UUID, before time.Time, terminal gateway.Event) (bool, error) {
	position, err := db.interrupt(ctx, id, before, terminal.At)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("interrupt message: %w", err)
	}
	terminal.Position = position
	return true, db.insertEvents(ctx, []eventRow{{id, terminal}})
}

func (db *DB) interrupt(ctx context.Context, id uuid.UUID, before, now time.Time) (position int64, err error) {
	rows, err := db.query(ctx, sqlInterrupt, utc(now), id, utc(before))
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return 0, err
		}
		return 0, sql.ErrNoRows
	}
	if err := rows.Scan(&position); err != nil {
		return 0, err
	}
	return position, rows.Err()
}

// PurgeMessages implements [gateway.Store].
func (db *DB) PurgeMessages(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := db.affected(ctx, sqlPurge, utc(before), limit)
	if err != nil {
		return 0, fmt.Errorf("purge messages: %w", err)
	}
	if _, err := db.exec(ctx, sqlPurgeEmpty, utc(before.Add(-conversationRest))); err != nil {
		return 0, fmt.Errorf("purge conversations: %w", err)
	}
	return int(n), nil
}
