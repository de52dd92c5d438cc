package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"tessera/job"
)

// The statements of jobs are hand-written: claiming is one UPDATE ...
// RETURNING on both databases, and runs often.

// AddJob implements job.Store. The row's key and the index over live unique
// names are both refusals without an error, which on PostgreSQL would end the
// caller's transaction.
func (db *DB) AddJob(ctx context.Context, row job.Row) (bool, error) {
	payload := row.Payload
	if payload == nil {
		payload = []byte{}
	}
	result, err := db.exec(ctx, `INSERT INTO jobs (id, kind, uniq, payload, state, attempt, max_attempts, run_at, last_error, created_at)
		VALUES (?, ?, ?, ?, 'ready', 0, ?, ?, '', ?) ON CONFLICT DO NOTHING`,
		row.ID, row.Kind, row.Unique, payload, row.MaxAttempts, utc(row.RunAt), utc(row.CreatedAt))
	return changed(result, err)
}

// changed reports whether a statement changed a row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// due selects what may be claimed: ready jobs whose time has come, and running
// ones whose lease has ended. Arguments: now, now, kinds.
func due(kinds []string) string {
	return `((state = 'ready' AND run_at <= ?) OR (state = 'running' AND lease_until <= ?))
		AND kind IN (?` + strings.Repeat(", ?", len(kinds)-1) + `)`
}

// ClaimJobs implements job.Store.
func (db *DB) ClaimJobs(ctx context.Context, kinds []string, n int, now, leaseUntil time.Time) ([]job.Claim, error) {
	if len(kinds) == 0 || n <= 0 {
		return nil, nil
	}
	condition := due(kinds)
	args := []any{utc(now), utc(now)}
	for _, kind := range kinds {
		args = append(args, kind)
	}
	// Mostly nothing is due: a read finds that out without taking the writer.
	if found, err := db.exists(ctx, "SELECT 1 FROM jobs WHERE "+condition+" LIMIT 1", args...); err != nil || !found {
		return nil, err
	}
	skipLocked := ""
	if db.dialect == dialect.Postgres {
		skipLocked = " FOR UPDATE SKIP LOCKED"
	}
	rows, err := db.query(ctx, `UPDATE jobs SET state = 'running', attempt = attempt + 1, lease_until = ?
		WHERE id IN (SELECT id FROM jobs WHERE `+condition+` ORDER BY run_at LIMIT ?`+skipLocked+`)
		RETURNING id, kind, uniq, payload, attempt, max_attempts`,
		append(append([]any{utc(leaseUntil)}, args...), n)...)
	if err != nil {
		return nil, err
	}
	return scanClaims(rows)
}

func scanClaims(rows *sql.Rows) (claims []job.Claim, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c job.Claim
		if err := rows.Scan(&c.ID, &c.Kind, &c.Unique, &c.Payload, &c.Attempt, &c.MaxAttempts); err != nil {
			return nil, err
		}
		claims = append(claims, c)
	}
	return claims, rows.Err()
}

func (db *DB) exists(ctx context.Context, query string, args ...any) (found bool, err error) {
	rows, err := db.query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return rows.Next(), rows.Err()
}

// held is the condition of every statement about a claimed job. Arguments: id,
// attempt.
const held = ` WHERE id = ? AND attempt = ? AND state = 'running'`

// RenewJob implements job.Store.
func (db *DB) RenewJob(ctx context.Context, lease job.Lease, until time.Time) (bool, error) {
	return changed(db.exec(ctx, `UPDATE jobs SET lease_until = ?`+held, utc(until), lease.ID, lease.Attempt))
}

// SettleJob implements job.Store. A job that is done loses its payload: it has
// served, and may hold what should not lie about.
func (db *DB) SettleJob(ctx context.Context, lease job.Lease, outcome job.Outcome) (bool, error) {
	at := utc(outcome.At)
	switch outcome.State {
	case job.Done:
		return changed(db.exec(ctx, `UPDATE jobs SET state = 'done', finished_at = ?, lease_until = NULL, last_error = '',
			payload = ?`+held, at, []byte{}, lease.ID, lease.Attempt))
	case job.Dead:
		return changed(db.exec(ctx, `UPDATE jobs SET state = 'dead', finished_at = ?, lease_until = NULL, last_error = ?`+held,
			at, outcome.Error, lease.ID, lease.Attempt))
	case job.Ready:
		forgiven := 0
		if outcome.Forgiven {
			forgiven = 1 // the attempt number stays, it fences; the bound moves instead
		}
		return changed(db.exec(ctx, `UPDATE jobs SET state = 'ready', run_at = ?, lease_until = NULL, last_error = ?,
			max_attempts = max_attempts + ?`+held, at, outcome.Error, forgiven, lease.ID, lease.Attempt))
	default:
		return false, fmt.Errorf("a job cannot be settled as %q", outcome.State)
	}
}

// PurgeJobs implements job.Store.
func (db *DB) PurgeJobs(ctx context.Context, doneBefore, deadBefore time.Time, n int) (int, error) {
	result, err := db.exec(ctx, `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs
		WHERE (state = 'done' AND finished_at < ?) OR (state = 'dead' AND finished_at < ?) LIMIT ?)`,
		utc(doneBefore), utc(deadBefore), n)
	if err != nil {
		return 0, err
	}
	deleted, err := result.RowsAffected()
	return int(deleted), err
}

// CountJobs implements job.Store.
func (db *DB) CountJobs(ctx context.Context) (counts job.Counts, err error) {
	rows, err := db.query(ctx, `SELECT state, count(*) FROM jobs WHERE state IN ('ready', 'running', 'dead') GROUP BY state`)
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	into := map[job.State]*int{job.Ready: &counts.Ready, job.Running: &counts.Running, job.Dead: &counts.Dead}
	for rows.Next() {
		var state job.State
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return counts, err
		}
		*into[state] = n
	}
	if err := rows.Err(); err != nil {
		return counts, err
	}
	counts.DueSince, err = db.oldestReady(ctx)
	return counts, err
}

// oldestReady returns when the longest-waiting ready job was to run, zero for
// none. Not min(run_at): SQLite would return that as text.
func (db *DB) oldestReady(ctx context.Context) (at time.Time, err error) {
	rows, err := db.query(ctx, `SELECT run_at FROM jobs WHERE state = 'ready' ORDER BY run_at LIMIT 1`)
	if err != nil {
		return at, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if rows.Next() {
		err = rows.Scan(&at)
	}
	return at, errors.Join(err, rows.Err())
}
