package app

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"tessera/httpapi/gotrue"
	"tessera/identity"
	"tessera/secret"
	"tessera/session/token"
	"tessera/store"
)

// core is what the server and the commands share: the database, the keys and
// the accounts.
type core struct {
	config   Config
	log      *slog.Logger
	now      func() time.Time
	external *url.URL
	db       *store.DB
	key      secret.Key
	ring     *token.KeyRing
	accounts *identity.Service
}

// openCore opens the database, migrates it, and prepares the keys.
func openCore(ctx context.Context, c Config, external *url.URL, log *slog.Logger, now func() time.Time) (*core, error) {
	key, err := secretKey(c)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, c.databaseURL(), store.Options{Log: log, MaxConns: c.Database.MaxConns})
	if err != nil {
		return nil, err
	}
	k := &core{config: c, log: log, now: now, external: external, db: db, key: key}
	if err := k.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return k, nil
}

func (k *core) prepare(ctx context.Context) error {
	installed, err := k.db.InstalledAt(ctx, k.now())
	if err != nil {
		return err
	}
	k.ring, err = token.NewKeyRing(token.KeyRingConfig{
		Store: k.db.SigningKeys(), Secret: k.key, Issuer: k.issuer(), AccessTTL: k.config.Auth.Sessions.AccessTTL,
		APIKeyIssuedAt: installed, LegacyHS256Secret: k.config.Auth.LegacyHS256Secret, Now: k.now, Log: k.log,
	})
	if err != nil {
		return err
	}
	k.accounts = &identity.Service{
		Store: k.db.Users(), Directory: k.db.Users(), Audit: k.db.Audit(), Hasher: identity.NewHasher(k.config.Auth.Accounts.PasswordHashWait), InTx: k.db.InTx, Now: k.now,
		Config: k.config.Auth.Accounts,
	}
	return nil
}

// issuer is the iss of our tokens.
func (k *core) issuer() string { return k.external.String() + gotrue.Prefix }
