// Package provider is what login providers have in common: the one interface
// that each implements in a package of its own below this one, and the words
// in which they say who came.
//
//	AuthURL ──▶ the person at the provider ──▶ our one callback ──▶ Exchange ──▶ Person
//
// An adapter speaks to its provider and checks what comes back. It decides
// nothing about accounts: a Person's e-mail address is support data, verified
// by the provider or not, and never a key. Every flow is an authorization code
// with PKCE S256 and state, and a nonce where the provider signs an id_token;
// nothing turns them off.
package provider
