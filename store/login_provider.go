package store

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"

	"tessera/provider"
	"tessera/store/ent/accountdb"
	"tessera/store/ent/accountdb/loginprovider"
)

// LoginProviders implements provider.SetupStore.
type LoginProviders struct{ db *DB }

// LoginProviders returns the store of providers set up at run time.
func (db *DB) LoginProviders() *LoginProviders { return &LoginProviders{db} }

var _ provider.SetupStore = (*LoginProviders)(nil)

// Setups implements provider.SetupStore.
func (s *LoginProviders) Setups(ctx context.Context) ([]provider.Setup, error) {
	rows, err := s.db.accounts(ctx).LoginProvider.Query().Order(loginprovider.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read login providers: %w", err)
	}
	setups := make([]provider.Setup, len(rows))
	for i, row := range rows {
		setups[i] = setupOf(row)
	}
	return setups, nil
}

// Setup implements provider.SetupStore.
func (s *LoginProviders) Setup(ctx context.Context, name string) (provider.Setup, error) {
	row, err := s.db.accounts(ctx).LoginProvider.Get(ctx, name)
	if accountdb.IsNotFound(err) {
		return provider.Setup{}, provider.ErrUnknown
	}
	if err != nil {
		return provider.Setup{}, fmt.Errorf("read login provider: %w", err)
	}
	return setupOf(row), nil
}

// CreateSetup implements provider.SetupStore. SQLite has one writer; on
// PostgreSQL the lock makes it so for this table.
func (s *LoginProviders) CreateSetup(ctx context.Context, p provider.Setup) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if s.db.dialect == dialect.Postgres {
			if _, err := s.db.exec(ctx, `LOCK TABLE login_providers IN SHARE ROW EXCLUSIVE MODE`); err != nil {
				return fmt.Errorf("lock login providers: %w", err)
			}
		}
		err := s.db.accounts(ctx).LoginProvider.Create().SetID(p.Name).SetProviderType(p.Type).SetDisplayName(p.DisplayName).
			SetIsEnabled(p.IsEnabled).SetConfig(p.Config).SetSecretsSealed(p.SecretsSealed).SetVersion(p.Version).
			SetCreatedAt(utc(p.CreatedAt)).SetUpdatedAt(utc(p.UpdatedAt)).Exec(ctx)
		if accountdb.IsConstraintError(err) {
			return provider.ErrNameTaken.On("name", "is in use").Because(err)
		}
		if err != nil {
			return fmt.Errorf("write login provider: %w", err)
		}
		return nil
	})
}

// ChangeSetup implements provider.SetupStore.
func (s *LoginProviders) ChangeSetup(ctx context.Context, p provider.Setup, loaded int64) error {
	n, err := s.db.accounts(ctx).LoginProvider.Update().Where(loginprovider.ID(p.Name), loginprovider.Version(loaded)).
		SetDisplayName(p.DisplayName).SetIsEnabled(p.IsEnabled).SetConfig(p.Config).SetSecretsSealed(p.SecretsSealed).
		SetVersion(loaded + 1).SetUpdatedAt(utc(p.UpdatedAt)).Save(ctx)
	if err != nil {
		return fmt.Errorf("write login provider: %w", err)
	}
	if n == 0 {
		return provider.ErrSetupChanged
	}
	return nil
}

// DeleteSetup implements provider.SetupStore.
func (s *LoginProviders) DeleteSetup(ctx context.Context, name string) (bool, error) {
	n, err := s.db.accounts(ctx).LoginProvider.Delete().Where(loginprovider.ID(name)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("delete login provider: %w", err)
	}
	return n == 1, nil
}

func setupOf(row *accountdb.LoginProvider) provider.Setup {
	return provider.Setup{
		Name: row.ID, Type: row.ProviderType, DisplayName: row.DisplayName, IsEnabled: row.IsEnabled, Config: row.Config,
		SecretsSealed: row.SecretsSealed, Version: row.Version, CreatedAt: utc(row.CreatedAt), UpdatedAt: utc(row.UpdatedAt),
	}
}
