package pendingauth

import (
	"context"
	"net/url"
	"time"

	"tessera/fault"
	"tessera/identity"
	"tessera/identity/picture"
	"tessera/provider"
	"tessera/session"
)

// Sources finds configured providers; provider.Registry does. Fault:
// provider.ErrUnknown.
type Sources interface {
	Lookup(name string) (provider.Entry, error)
}

// Sealer seals what is stored for the way back; secret.Key does.
type Sealer interface {
	Seal(purpose string, plain []byte) []byte
	Open(purpose string, sealed []byte) ([]byte, error)
	Derive(purpose string, size int) []byte
}

// Pictures fetches and encodes the picture that a provider states;
// picture.Recent does, which remembers it from being shown to being taken.
type Pictures interface {
	Fetch(ctx context.Context, address string) (picture.Picture, error)
}

// Service takes people from a provider to an account. Its fields are set once,
// before use; it is safe for concurrent use.
type Service struct {
	Accounts     *identity.Service
	Sessions     *session.Service
	Sources      Sources
	SecondFactor SecondFactor
	Store        Store
	Grants       Granter
	Pictures     Pictures
	Mailer       session.Mailer
	Sealer       Sealer
	Policy       func(context.Context) (Policy, error)
	InTx         func(context.Context, func(context.Context) error) error
	Now          func() time.Time
	CallbackURL  string // where [Service.RedirectURI] begins; fixed
	// OnSignIn, if set, is told of every arrival: the source and "ok" or the
	// fault's code. Metrics listen here.
	OnSignIn func(source, result string)
	// Failpoint, if set, is called at named points of a completion. The crash
	// tests end the process there.
	Failpoint func(name string)
}

// RedirectURI is where a source sends people back to. Each has an address of
// its own: where a provider neither enforces PKCE nor names itself in its
// answer, the address is what tells its answers from another's (RFC 9700
// section 4.4.2.2).
func (s *Service) RedirectURI(source string) string {
	return s.CallbackURL + "/" + url.PathEscape(source)
}

func (s *Service) failpoint(name string) {
	if s.Failpoint != nil {
		s.Failpoint(name)
	}
}

func (s *Service) observe(source string, err error) {
	if s.OnSignIn == nil {
		return
	}
	if err == nil {
		s.OnSignIn(source, "ok")
		return
	}
	s.OnSignIn(source, fault.From(err).Code)
}
