package providertest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"

	"tessera/provider"
)

// Flow is what a caller of a provider keeps between start and return.
type Flow struct {
	Start    provider.Start
	Verifier string
}

// NewFlow returns a fresh flow.
func NewFlow(redirectURI, channel string) Flow {
	verifier := rand.Text() + rand.Text() // 52 characters
	return Flow{
		Verifier: verifier,
		Start: provider.Start{
			State: rand.Text(), Nonce: rand.Text(), Challenge: challengeOf(verifier), RedirectURI: redirectURI, Channel: channel,
		},
	}
}

// Return is the flow's end at a callback.
func (f Flow) Return(callback *url.URL) provider.Return {
	return provider.Return{
		Query: callback.Query(), Nonce: f.Start.Nonce, Verifier: f.Verifier, RedirectURI: f.Start.RedirectURI, Channel: f.Start.Channel,
	}
}

// Callback takes a visitor through a flow's first half.
func (f Flow) Callback(ctx context.Context, p provider.Provider, c Choice) (*url.URL, error) {
	address, err := p.AuthURL(ctx, f.Start)
	if err != nil {
		return nil, err
	}
	callback, err := Visit(ctx, address, c)
	if err != nil {
		return nil, err
	}
	if got := callback.Query().Get("state"); got != f.Start.State {
		return nil, fmt.Errorf("provider simulator: the callback has state %q, not the flow's", got)
	}
	return callback, nil
}

// SignIn takes a visitor through a whole flow.
func (f Flow) SignIn(ctx context.Context, p provider.Provider, c Choice) (provider.Person, error) {
	callback, err := f.Callback(ctx, p, c)
	if err != nil {
		return provider.Person{}, err
	}
	return p.Exchange(ctx, f.Return(callback))
}
