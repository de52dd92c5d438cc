package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Setups keeps the registry as the administrators want it: the providers of
// the configuration, and those that were set up at run time and are enabled.
// Its fields are set once, before use; it is safe for concurrent use.
type Setups struct {
	Store    SetupStore
	Kinds    []Kind
	Fixed    []Fixed
	Registry *Registry
	Runtime  Runtime
	Sealer   Sealer
	InTx     func(context.Context, func(context.Context) error) error
	// Record takes what was done into the audit log, in the transaction.
	Record func(ctx context.Context, what Event, name string, detail map[string]any) error
	// RedirectURI is what is to be registered at the provider of a name.
	RedirectURI func(name string) string

	mu    sync.Mutex
	built map[string]built // by name
}

// Fixed is a provider of the configuration.
type Fixed struct {
	Entry
	Values Values
}

// built is a provider that was made from a row; it is kept as long as the row
// stays as it is, with what it has fetched.
type built struct {
	of       mark
	provider Provider
}

// mark names one state of a row.
type mark struct {
	createdAt time.Time
	version   int64
}

func markOf(s Setup) mark { return mark{s.CreatedAt, s.Version} }

// reloadEvery is how soon other replicas follow.
const reloadEvery = 3 * time.Second

// Run keeps the registry up to date until ctx ends.
func (s *Setups) Run(ctx context.Context) {
	ticker := time.NewTicker(reloadEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.Reload(ctx); err != nil && ctx.Err() == nil {
				s.Runtime.Log.WarnContext(ctx, "login providers were not read again; those known stay in use", "error", err)
			}
		}
	}
}

// Reload fills the registry from the configuration and the store. A setup that
// cannot be used is left out, and the others are not.
func (s *Setups) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, err := s.Store.Setups(ctx)
	if err != nil {
		return err
	}
	entries := make([]Entry, 0, len(s.Fixed)+len(rows))
	for _, f := range s.Fixed {
		entries = append(entries, f.Entry)
	}
	next := map[string]built{}
	for _, row := range rows {
		if !row.IsEnabled || s.isFixed(row.Name) {
			continue
		}
		b, known := s.built[row.Name]
		if !known || b.of != markOf(row) {
			b = built{of: markOf(row)}
			if b.provider, err = s.build(row); err != nil {
				s.Runtime.Log.WarnContext(ctx, "a login provider cannot be used", "provider", row.Name, "error", err)
			}
		}
		next[row.Name] = b
		if b.provider != nil {
			entries = append(entries, Entry{Name: row.Name, Type: row.Type, DisplayName: row.DisplayName, Provider: b.provider})
		}
	}
	s.built = next
	return s.Registry.Replace(entries...)
}

// build makes a provider from a row. Faults: ErrTypeUnknown, ErrSealBroken,
// ErrSettings.
func (s *Setups) build(row Setup) (Provider, error) {
	kind, err := s.kind(row.Type)
	if err != nil {
		return nil, err
	}
	secrets, err := s.open(row)
	if err != nil {
		return nil, err
	}
	return kind.try(row.Config, secrets, s.Runtime)
}

func (s *Setups) kind(name string) (Kind, error) {
	at := slices.IndexFunc(s.Kinds, func(k Kind) bool { return k.Type == name })
	if at < 0 {
		return Kind{}, ErrTypeUnknown.On("type", "is not one that this server knows")
	}
	return s.Kinds[at], nil
}

func (s *Setups) isFixed(name string) bool {
	return slices.ContainsFunc(s.Fixed, func(f Fixed) bool { return f.Name == name })
}

// purpose binds sealed secrets to their provider.
func purpose(name string) string { return "login-provider:" + name }

func (s *Setups) open(row Setup) (Values, error) {
	if len(row.SecretsSealed) == 0 {
		return Values{}, nil
	}
	plain, err := s.Sealer.Open(purpose(row.Name), row.SecretsSealed)
	if err != nil {
		return nil, ErrSealBroken.Because(err)
	}
	var secrets Values
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return nil, ErrSealBroken.Because(errors.New("provider: sealed secrets are not JSON"))
	}
	return secrets, nil
}

func (s *Setups) seal(row *Setup, secrets Values) error {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return fmt.Errorf("provider: encode secrets: %w", err)
	}
	row.SecretsSealed = s.Sealer.Seal(purpose(row.Name), plain)
	return nil
}
