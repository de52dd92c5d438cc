package provider

import (
	"maps"
	"regexp"
	"slices"
	"sync/atomic"
)

// Entry is one configured provider.
type Entry struct {
	// Name is how URLs and clients call it: "linuxdo", "corp". It is not part of
	// anybody's identity, so that it can be changed.
	Name string
	// Type is the adapter, and with Person.Key and Subject the identity: "oidc".
	Type        string
	DisplayName string // shown to people as it is
	Provider    Provider
}

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9_:-]{0,38}[a-z0-9])?$`)

// Registry holds the providers that people can sign in with. It is safe for
// concurrent use, and may be filled anew while it is used.
type Registry struct {
	entries atomic.Pointer[map[string]Entry]
}

// NewRegistry returns a registry of some providers. See [Registry.Replace].
func NewRegistry(entries ...Entry) (*Registry, error) {
	r := &Registry{}
	return r, r.Replace(entries...)
}

// Replace puts other providers in place of all that are there, or, when one of
// them cannot be used, changes nothing. Names are lower-case and unique.
func (r *Registry) Replace(entries ...Entry) error {
	byName := make(map[string]Entry, len(entries))
	for _, e := range entries {
		_, taken := byName[e.Name]
		switch {
		case !namePattern.MatchString(e.Name):
			return errorf("%q is not a provider's name: 1 to 40 of a-z, 0-9, _, : and -", e.Name)
		case taken:
			return errorf("two providers are named %q", e.Name)
		case e.Type == "" || e.Provider == nil:
			return errorf("provider %q has no type or no adapter", e.Name)
		}
		if e.DisplayName == "" {
			e.DisplayName = e.Name
		}
		byName[e.Name] = e
	}
	r.entries.Store(&byName)
	return nil
}

// Lookup returns a provider by its name. Fault: ErrUnknown.
func (r *Registry) Lookup(name string) (Entry, error) {
	if entries := r.entries.Load(); entries != nil {
		if e, found := (*entries)[name]; found {
			return e, nil
		}
	}
	return Entry{}, ErrUnknown
}

// All returns the providers, ordered by name.
func (r *Registry) All() []Entry {
	entries := r.entries.Load()
	if entries == nil {
		return nil
	}
	var all []Entry
	for _, name := range slices.Sorted(maps.Keys(*entries)) {
		all = append(all, (*entries)[name])
	}
	return all
}

// SourceOf returns the provider that an identity is from, by its type and key:
// of several issuers, each has its own name. Where two entries are clients of
// one issuer it is the first by name. Fault: ErrUnknown, when it is no longer
// configured.
func (r *Registry) SourceOf(kind, key string) (Entry, error) {
	for _, e := range r.All() {
		keyed, isKeyed := e.Provider.(Keyed)
		if e.Type == kind && (!isKeyed || keyed.Key() == key) {
			return e, nil
		}
	}
	return Entry{}, ErrUnknown
}

// Build makes a provider of one type from settings, which decode fills in: the
// composition root keeps a map of these by type, one line for each adapter.
type Build func(decode func(config any) error, rt Runtime) (Provider, error)

// Builder returns the Build of an adapter's constructor.
func Builder[Config any, Adapter Provider](construct func(Config, Runtime) (Adapter, error)) Build {
	return func(decode func(config any) error, rt Runtime) (Provider, error) {
		var config Config
		if err := decode(&config); err != nil {
			return nil, err
		}
		return construct(config, rt)
	}
}
