package provider

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Described is a provider as an administrator sees it.
type Described struct {
	Setup
	IsFixed bool // of the configuration: Version and times are zero
	// Values are all settings that are no secrets, defaults included.
	Values Values
	// SecretsSet names the secrets that are set.
	SecretsSet map[string]bool
	// Problem is why an enabled provider is not in use; nil when it is.
	Problem error
}

// Change is what is saved of a provider. Nil leaves a thing as it is.
type Change struct {
	DisplayName *string
	IsEnabled   *bool
	Config      map[string]any // only these; null = the default again
	Secrets     map[string]any // only these; null takes one away
}

// All returns the providers of the configuration, then those set up at run time.
func (s *Setups) All(ctx context.Context) ([]Described, error) {
	rows, err := s.Store.Setups(ctx)
	if err != nil {
		return nil, err
	}
	var all []Described
	for _, f := range s.Fixed {
		all = append(all, s.describeFixed(f))
	}
	for _, row := range rows {
		all = append(all, s.describe(row))
	}
	return all, nil
}

// One returns a provider by its name. Fault: ErrUnknown.
func (s *Setups) One(ctx context.Context, name string) (Described, error) {
	for _, f := range s.Fixed {
		if f.Name == name {
			return s.describeFixed(f), nil
		}
	}
	row, err := s.Store.Setup(ctx, name)
	if err != nil {
		return Described{}, err
	}
	return s.describe(row), nil
}

func (s *Setups) describeFixed(f Fixed) Described {
	d := Described{Setup: Setup{Name: f.Name, Type: f.Type, DisplayName: f.DisplayName, IsEnabled: true}, IsFixed: true}
	kind, err := s.kind(f.Type)
	d.Problem = err
	d.Values, d.SecretsSet = kind.show(f.Values, f.Values)
	return d
}

func (s *Setups) describe(row Setup) Described {
	d := Described{Setup: row}
	kind, err := s.kind(row.Type)
	secrets, sealErr := s.open(row)
	d.Values, d.SecretsSet = kind.show(row.Config, secrets)
	switch {
	case err != nil || sealErr != nil:
		d.Problem = errors.Join(err, sealErr)
	case s.isFixed(row.Name):
		d.Problem = ErrNameTaken.On("name", "is also in the server's configuration, which comes first")
	default:
		_, d.Problem = kind.try(row.Config, secrets, s.Runtime)
	}
	return d
}

// show splits settings into what may be seen and which secrets are set.
func (k Kind) show(config, secrets Values) (Values, map[string]bool) {
	values, set := Values{}, map[string]bool{}
	for _, f := range k.Fields {
		if f.IsSecret {
			text, _ := secrets[f.Name].(string)
			set[f.Name] = text != ""
			continue
		}
		if f.IsList {
			list, ok := textList(config[f.Name])
			if !ok {
				list = defaultList(f.Default)
			}
			values[f.Name] = slices.Concat([]string{}, list)
			continue
		}
		text, ok := config[f.Name].(string)
		if !ok {
			text = f.Default
		}
		values[f.Name] = text
	}
	return values, set
}

// Create sets a provider up. Faults: ErrNameInvalid, ErrNameTaken,
// ErrTypeUnknown, ErrTypeTaken, ErrSettings.
func (s *Setups) Create(ctx context.Context, name, kindName string, c Change) (Described, error) {
	if !namePattern.MatchString(name) {
		return Described{}, ErrNameInvalid.On("name", "cannot be used")
	}
	if s.isFixed(name) {
		return Described{}, ErrNameTaken.On("name", "is in the server's configuration")
	}
	kind, err := s.kind(kindName)
	if err != nil {
		return Described{}, err
	}
	now := s.now()
	row := Setup{Name: name, Type: kind.Type, DisplayName: kind.DisplayName, Version: 1, CreatedAt: now, UpdatedAt: now}
	if err := s.apply(&row, kind, c); err != nil {
		return Described{}, err
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateSetup(ctx, row); err != nil {
			return err
		}
		if err := s.checkSingle(ctx, kind, name); err != nil {
			return err
		}
		return s.Record(ctx, EventCreated, name, map[string]any{"provider": name, "type": kind.Type, "is_enabled": row.IsEnabled})
	})
	return s.saved(ctx, row, err)
}

// checkSingle refuses a second provider of a type that there may be one of. It
// runs after the new one was written: writers wait for one another there, so
// that of two at once the second one sees the first.
func (s *Setups) checkSingle(ctx context.Context, kind Kind, name string) error {
	if !kind.IsSingle {
		return nil
	}
	rows, err := s.Store.Setups(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(r Setup) bool { return r.Type == kind.Type && r.Name != name }) ||
		slices.ContainsFunc(s.Fixed, func(f Fixed) bool { return f.Type == kind.Type }) {
		return ErrTypeTaken.On("type", "is set up already")
	}
	return nil
}

// Modify changes what is given of a provider. Faults: ErrUnknown, ErrFixed,
// ErrSetupChanged, ErrSettings.
func (s *Setups) Modify(ctx context.Context, name string, loaded int64, c Change) (Described, error) {
	if s.isFixed(name) {
		return Described{}, ErrFixed
	}
	var row Setup
	err := s.InTx(ctx, func(ctx context.Context) error {
		var err error
		if row, err = s.Store.Setup(ctx, name); err != nil {
			return err
		}
		if row.Version != loaded {
			return ErrSetupChanged
		}
		kind, err := s.kind(row.Type)
		if err != nil {
			return err
		}
		if err := s.apply(&row, kind, c); err != nil {
			return err
		}
		row.Version, row.UpdatedAt = loaded+1, s.now()
		if err := s.Store.ChangeSetup(ctx, row, loaded); err != nil {
			return err
		}
		return s.Record(ctx, EventChanged, name, c.detail(row))
	})
	return s.saved(ctx, row, err)
}

// detail names what was changed, values left out: one may be a secret.
func (c Change) detail(row Setup) map[string]any {
	d := map[string]any{"provider": row.Name, "is_enabled": row.IsEnabled}
	if fields := slices.Sorted(maps.Keys(c.Config)); len(fields) > 0 {
		d["config"] = fields
	}
	if fields := slices.Sorted(maps.Keys(c.Secrets)); len(fields) > 0 {
		d["secrets"] = fields
	}
	if c.DisplayName != nil {
		d["display_name"] = row.DisplayName
	}
	return d
}

// apply lays a change over a row, and refuses what cannot be used.
func (s *Setups) apply(row *Setup, kind Kind, c Change) error {
	secrets, err := s.open(*row)
	if errors.Is(err, ErrSealBroken) {
		secrets, err = Values{}, nil // they are to be entered again
	}
	if err != nil {
		return err
	}
	if row.Config, err = kind.merge(row.Config, c.Config, false, "config"); err != nil {
		return err
	}
	if secrets, err = kind.merge(secrets, c.Secrets, true, "secrets"); err != nil {
		return err
	}
	if c.DisplayName != nil {
		name := plainText(*c.DisplayName, maxDisplayRunes)
		if name == "" || name != strings.TrimSpace(*c.DisplayName) {
			return ErrSettings.On("display_name", "must be 1 to 40 visible characters on one line")
		}
		row.DisplayName = name
	}
	if c.IsEnabled != nil {
		row.IsEnabled = *c.IsEnabled
	}
	if _, err := kind.try(row.Config, secrets, s.Runtime); err != nil {
		return err
	}
	return s.seal(row, secrets)
}

const maxDisplayRunes = 40

// Remove takes a provider away. Identities that came through it stay, and work
// again when one of the same kind is set up. Faults: ErrUnknown, ErrFixed.
func (s *Setups) Remove(ctx context.Context, name string) error {
	if s.isFixed(name) {
		return ErrFixed
	}
	err := s.InTx(ctx, func(ctx context.Context) error {
		removed, err := s.Store.DeleteSetup(ctx, name)
		if err != nil {
			return err
		}
		if !removed {
			return ErrUnknown
		}
		return s.Record(ctx, EventRemoved, name, map[string]any{"provider": name})
	})
	if err != nil {
		return err
	}
	return s.Reload(ctx)
}

// saved puts a save to use in this process at once; others follow.
func (s *Setups) saved(ctx context.Context, row Setup, err error) (Described, error) {
	if err != nil {
		return Described{}, err
	}
	if err := s.Reload(ctx); err != nil {
		return Described{}, err
	}
	return s.describe(row), nil
}

func (s *Setups) now() time.Time { return s.Runtime.Now().UTC().Truncate(time.Microsecond) }

// examineTimeout bounds a check as a whole; each call of it is bounded too.
const examineTimeout = 25 * time.Second

// Examine tries a provider out as it is saved, enabled or not: with an adapter
// of its own, so that nothing fetched before answers for the provider. Fault:
// ErrUnknown, and those of settings that cannot be used.
func (s *Setups) Examine(ctx context.Context, name string) ([]Finding, error) {
	candidate, err := s.candidate(ctx, name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	uri := s.RedirectURI(name)
	switch p := candidate.(type) {
	case Examiner:
		return p.Examine(ctx, uri), nil
	case Checker:
		return []Finding{{Step: StepCredentials, Err: p.Check(ctx, uri)}}, nil
	}
	return nil, nil
}

func (s *Setups) candidate(ctx context.Context, name string) (Provider, error) {
	for _, f := range s.Fixed {
		if f.Name == name {
			kind, err := s.kind(f.Type)
			if err != nil {
				return nil, err
			}
			return kind.try(f.Values, nil, s.Runtime)
		}
	}
	row, err := s.Store.Setup(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.build(row)
}
