// Package providertest simulates login providers: real HTTP servers with consent
// pages, that really redirect, and that misbehave on demand. Each page says that
// it is a simulator and what it stands in for.
//
// They exist for `tessera demo`, `tessera sim` and tests. They listen on loopback
// addresses only and answer no request made for another host name.
//
//	kind      stands in for                     its own endpoints
//	oidc      an OpenID Connect issuer          /.well-known/openid-configuration /authorize /token /userinfo /jwks
//	google    accounts.google.com               the same, issuer in both spellings
//	github    github.com and api.github.com     /login/oauth/authorize /login/oauth/access_token /user /user/emails
//	linuxdo   connect.linux.do                  /oauth2/authorize /oauth2/token /api/user
//	wechat    open. and api.weixin.qq.com       /connect/oauth2/authorize /connect/qrconnect /sns/oauth2/access_token /sns/userinfo
//
//	authorize ──▶ /consent/{id}: choose who you are, allow or cancel ──▶ back with a code
//
// Codes live for ten minutes, work once, and are bound to the app, the redirect
// URI and the PKCE challenge; a code that is presented twice takes the tokens of the
// first time with it. The OIDC kinds demand PKCE and a nonce. The WeChat kind
// checks the order of parameters and the letters of state as WeChat does, and
// its official-account page opens in WeChat's browser only.
//
// # Faults
//
//	GET, PUT /simulator/faults        {"names": ["expired"], "at": ["token"], "delay_ms": 0}
//	POST     /simulator/rotate-keys   sign with a new key from now on; the old one stays published
//
// [Catalogue] lists the names. The consent page offers those that concern one
// sign-in, for trying them by hand.
package providertest
