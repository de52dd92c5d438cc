package provider

import (
	"context"
	"net/url"

	"tessera/fault"
)

// Provider is one configured way to sign in elsewhere. Implementations are
// safe for concurrent use, and open no connection before they are asked.
type Provider interface {
	// AuthURL returns where the browser goes. Faults: ErrUnreachable.
	AuthURL(ctx context.Context, start Start) (string, error)
	// Exchange turns what the provider sent back into who came. Faults:
	// ErrDenied, ErrUnreachable, ErrRefused, ErrUntrusted, and the adapter's own.
	Exchange(ctx context.Context, back Return) (Person, error)
}

// Start is what a flow begins with.
type Start struct {
	State       string // opaque, alphanumeric, at most 128 characters
	Nonce       string // for the id_token
	Challenge   string // PKCE S256 challenge (RFC 7636)
	RedirectURI string // fixed configuration, the same at Exchange
	// Channel chooses between ways of one provider: WeChat's "mp" inside its own
	// browser and "open" elsewhere; "" where there is one.
	Channel string
}

// Return is what came back to the callback, with what the flow remembers.
type Return struct {
	Query       url.Values // of the callback: code, error, iss, ...
	Nonce       string
	Verifier    string // PKCE code_verifier
	RedirectURI string
	Channel     string
}

// Person is who came, in the provider's words.
type Person struct {
	// Key and Subject name the person for good: Key is the issuer where one
	// adapter serves several, Subject the provider's stable id.
	Key     string
	Subject string

	Nickname  string
	AvatarURL string
	Email     string // as stated
	// EmailVerified is the provider's word. It never counts as ours.
	EmailVerified bool
	// Channels are further names of the person, each valid for one app.
	Channels []Channel
	Claims   map[string]any // what else it said, for support; no token
}

// Channel is a name of a person that holds for one app of a provider only:
// WeChat's openid.
type Channel struct {
	Name    string // "mp", "open"
	AppID   string
	Subject string
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
)
