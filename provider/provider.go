package provider

import (
	"context"
	"net/url"

	"tessera/fault"
)

// Provider is one configured way to sign in elsewhere. Implementations are
// safe for concurrent use, and open no connection before they are asked.
type Provider interface {
	// AuthURL returns where the browser goes. Faults: ErrUnreachable, ErrRefused,
	// ErrUntrusted, and the adapter's own.
	AuthURL(ctx context.Context, start Start) (string, error)
	// Exchange turns what the provider sent back into who came. Faults:
	// ErrDenied, ErrUnreachable, ErrRefused, ErrUntrusted, and the adapter's own.
	Exchange(ctx context.Context, back Return) (Person, error)
}

// Checker is a provider that can be tried out without a person.
type Checker interface {
	// Check asks whether the provider answers and knows our credentials: it
	// presents a code that nobody was given, and looks at what is wrong with it
	// in the provider's eyes. nil is no proof of the secret: some look at the code
	// before the client. Faults: ErrUnreachable, ErrRefused, ErrUntrusted,
	// ErrCredentials.
	Check(ctx context.Context, redirectURI string) error
}

// Keyed is a provider whose people all have one Person.Key: an OpenID issuer.
type Keyed interface {
	// Key returns it.
	Key() string
}

// Examiner is a Checker that tells its steps apart.
type Examiner interface {
	// Examine is Check, step by step; it ends with the first that fails where the
	// next ones need it.
	Examine(ctx context.Context, redirectURI string) []Finding
}

// Finding is how one step of a check went.
type Finding struct {
	Step string // StepDiscovery, StepKeys, StepCredentials, or that and a channel
	Err  error  // nil = well
}

// Steps of a check.
const (
	StepDiscovery   = "discovery"
	StepKeys        = "keys"
	StepCredentials = "credentials"
)

// Start is what a flow begins with.
type Start struct {
	State       string // opaque, alphanumeric, 16 to 128 characters
	Nonce       string // for the id_token; at least 16 characters
	Challenge   string // PKCE S256 challenge (RFC 7636)
	RedirectURI string // fixed configuration, the same at Exchange
	// Channel chooses between ways of one provider: WeChat's "mp" inside its own
	// browser and "open" elsewhere; "" where there is one.
	Channel string
}

// Return is what came back to the callback, with what the flow remembers. The
// caller has compared its state already.
type Return struct {
	Query       url.Values // of the callback: code, error, iss, ...
	Nonce       string
	Verifier    string // PKCE code_verifier
	RedirectURI string
	Channel     string
}

// Faults that every adapter raises.
var (
	ErrDenied = fault.Declare(fault.Forbidden, "provider.denied",
		"The sign-in was cancelled at the provider.", "Start again, or sign in another way.")
	ErrUnreachable = fault.Declare(fault.FailedDependency, "provider.unreachable",
		"The provider does not answer.", "Try again in a moment, or sign in another way.")
	ErrRefused = fault.Declare(fault.FailedDependency, "provider.refused",
		"The provider refused the sign-in.", "Start again; if it stays, the operator should check the provider's settings.")
	ErrUntrusted = fault.Declare(fault.Forbidden, "provider.untrusted",
		"The provider's answer could not be trusted.", "Start again; if it stays, report the request id.")
	ErrCredentials = fault.Declare(fault.FailedDependency, "provider.credentials_refused",
		"The provider does not accept the client id and secret.", "Compare both with the provider's console, and enter the secret again.")
	ErrUnknown = fault.Declare(fault.NotFound, "provider.unknown",
		"There is no such login provider.", "Choose one of those that the sign-in page offers.")
)
