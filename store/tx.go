package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"tessera/store/ent/accountdb"
	"tessera/store/ent/gatewaydb"
)

// transaction is what the context carries inside InTx.
type transaction struct {
	tx          *sql.Tx
	account     *accountdb.Client
	gateway     *gatewaydb.Client
	afterCommit []func()
}

type txKey struct{}

func txFrom(ctx context.Context) *transaction {
	tx, _ := ctx.Value(txKey{}).(*transaction)
	return tx
}

// InTransaction reports whether ctx carries a transaction. Network clients
// refuse such a context: a slow peer must not hold the database.
func InTransaction(ctx context.Context) bool { return txFrom(ctx) != nil }

// maxAttempts bounds the repeats of a transaction that the database refused
// for a reason that passes.
const maxAttempts = 8

// InTx runs fn in a transaction: committed when it returns nil, rolled back
// otherwise. Called inside a transaction it joins it. fn may run several
// times, so it must not keep state of an earlier run.
func (db *DB) InTx(ctx context.Context, fn func(context.Context) error) error {
	if InTransaction(ctx) {
		return fn(ctx)
	}
	var err error
	for attempt := range maxAttempts {
		if err = db.once(ctx, fn); err == nil || !isTransient(err) {
			return err
		}
		pause := time.Duration(1<<attempt)*time.Millisecond + rand.N(5*time.Millisecond)
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
	return fmt.Errorf("transaction refused %d times: %w", maxAttempts, err)
}

func (db *DB) once(ctx context.Context, fn func(context.Context) error) (err error) {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// A no-op after Commit; after a panic or an error it undoes everything.
		if rollbackErr := tx.Rollback(); rollbackErr != nil && !errors.Is(rollbackErr, sql.ErrTxDone) {
			err = errors.Join(err, rollbackErr)
		}
	}()
	state := db.begin(tx)
	if err := fn(context.WithValue(ctx, txKey{}, state)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, after := range state.afterCommit {
		after()
	}
	return nil
}

func (db *DB) begin(tx *sql.Tx) *transaction {
	bound := txDriver{Driver: entsql.NewDriver(db.dialect, entsql.Conn{ExecQuerier: tx})}
	return &transaction{
		tx:      tx,
		account: accountdb.NewClient(accountdb.Driver(bound)),
		gateway: gatewaydb.NewClient(gatewaydb.Driver(bound)),
	}
}

// txDriver lets Ent's clients run on a transaction that is already open.
type txDriver struct{ *entsql.Driver }

// Tx returns the open transaction again: a nested one is part of it.
func (d txDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d.Driver), nil }

// Close leaves the transaction to whoever opened it.
func (d txDriver) Close() error { return nil }

// AfterCommit runs fn once the transaction in ctx is committed, or at once
// when there is none. For work whose loss is harmless: the rest is a job.
func (db *DB) AfterCommit(ctx context.Context, fn func()) {
	if tx := txFrom(ctx); tx != nil {
		tx.afterCommit = append(tx.afterCommit, fn)
		return
	}
	fn()
}

// isTransient reports whether running the transaction again may succeed.
func isTransient(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	var lite *sqlite.Error
	const busy, locked = 5, 6
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == busy || code == locked
	}
	return false
}

// accounts returns the account tables, in the context's transaction if any.
func (db *DB) accounts(ctx context.Context) *accountdb.Client {
	if tx := txFrom(ctx); tx != nil {
		return tx.account
	}
	return db.account
}

// gateways returns the model-access tables, in the context's transaction if any.
func (db *DB) gateways(ctx context.Context) *gatewaydb.Client {
	if tx := txFrom(ctx); tx != nil {
		return tx.gateway
	}
	return db.gateway
}

// exec runs a hand-written statement with ? placeholders.
func (db *DB) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	query = db.rebind(query)
	if tx := txFrom(ctx); tx != nil {
		return tx.tx.ExecContext(ctx, query, args...)
	}
	return db.write.ExecContext(ctx, query, args...)
}

// query runs a hand-written query with ? placeholders. Reads outside a
// transaction go to the readers; UPDATE ... RETURNING goes to the writer.
func (db *DB) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query = db.rebind(query)
	if tx := txFrom(ctx); tx != nil {
		return tx.tx.QueryContext(ctx, query, args...)
	}
	if isRead(query) {
		return db.read.QueryContext(ctx, query, args...)
	}
	return db.write.QueryContext(ctx, query, args...)
}

// rebind turns ? into $1, $2, ... on PostgreSQL. Our statements hold no
// question mark of another meaning.
func (db *DB) rebind(query string) string {
	if db.dialect != dialect.Postgres {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// utc is a time as the store's border wants it: UTC, whole microseconds.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// utcOrNil is utc for a time that may not have come.
func utcOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := utc(*t)
	return &u
}
