// Package provider is what login providers have in common: the one interface
// that each implements in a package of its own below this one, the words in
// which they say who came, and the careful HTTP client that all of them use.
//
//	AuthURL ──▶ the person at the provider ──▶ our callback ──▶ Exchange ──▶ Person
//
// An adapter speaks to its provider and checks what comes back. It decides
// nothing about accounts: a Person's e-mail address is support data, verified
// by the provider or not, and never a key. Every flow is an authorization code
// with PKCE S256 and state, and a nonce where the provider signs an id_token;
// nothing turns them off. A [Start] or [Return] that lacks one is refused before
// anything is sent.
//
// # What binds an answer to its flow
//
//	provider   state+cookie  PKCE                     iss (RFC 9207)       id_token nonce
//	oidc       caller        sent; the issuer's       checked when there,  checked
//	                         to enforce               required if announced
//	google     caller        enforced by Google       as oidc              checked
//	github     caller        enforced by GitHub       checked when there   -
//	linuxdo    caller        sent; not documented     checked when there   -
//	wechat     caller        not sent: its URL check  never sent by it     -
//	                         allows no parameter more
//
// "caller" is whoever keeps the flow: it compares state, knows which provider
// the flow was started with, and holds the browser's cookie. Where a provider
// neither enforces PKCE nor sends iss (LinuxDo, WeChat), state and cookie are
// all that tells its answers apart from another provider's, so RFC 9700 section
// 4.4.2 asks for a redirect URI of its own for each provider: one that ends in
// the provider's name, which the caller compares with the flow's.
//
// # The HTTP client
//
// [Client] ends every call after ten seconds, follows no redirect (a redirected
// token call would carry the client's secret elsewhere), reads at most 1 MiB, and
// puts neither URLs nor bodies into errors, since both hold codes and secrets.
// It makes the token calls too, in place of golang.org/x/oauth2: that puts the
// whole body of a refused call into its error's text, reads text/plain as a
// form, and by default tries a second way of naming the client when the first
// fails, with a code that is spent by then.
package provider
