package main

// guards are the lines of defence that are shown to be needed. Where two stand
// one behind the other, taking out one shows nothing; such are not here.
var guards = []guard{
	// The way to a provider and back.
	{
		Name: "flow-bound-to-browser", Against: "login CSRF: a callback of the attacker's in somebody else's browser",
		File: "store/pendingauth.go", Old: "authflow.StateHash(stateHash), authflow.BrowserHash(browserHash)", New: "authflow.StateHash(stateHash)",
		Package: "pendingauth", Test: "TestAttackStateIsForOneBrowserAndOneUse/sqlite",
	},
	{
		Name: "state-once", Against: "a callback opened again",
		File: "store/pendingauth.go", Old: "n, err := client.Delete().Where(authflow.ID(row.ID)).Exec(ctx)", New: "n := 1",
		Package: "pendingauth", Test: "TestAttackStateIsForOneBrowserAndOneUse/sqlite",
	},
	{
		Name: "flow-in-time", Against: "a callback that comes hours later",
		File: "pendingauth/flow.go", Old: "if !s.Now().Before(flow.ExpiresAt) {", New: "if false {",
		Package: "pendingauth", Test: "TestAttackFlowOverTime/sqlite",
	},
	{
		Name: "state-not-twice", Against: "a callback that says state twice",
		File: "provider/flow.go", Old: "if len(r.Query[name]) > 1 {", New: "if false {",
		Package: "app", Test: "^TestAttackStateFixation$/two_at_once",
	},
	{
		Name: "issuer-of-callback", Against: "mix-up of two issuers (RFC 9207)",
		File: "provider/oidc/oidc.go", Old: "if err := back.Issuer(p.config.Issuer, md.announcesIss); err != nil {",
		New:     "if err := back.Issuer(p.config.Issuer, md.announcesIss); false && err != nil {",
		Package: "app", Test: "^TestAttackMixUpOfTwoIssuers$/to_the_attacker",
	},
	{
		Name: "address-of-callback", Against: "mix-up of two issuers, back at the honest one's own address",
		File: "pendingauth/flow.go", Old: "if at.Source != flow.Source {", New: "if false {",
		Package: "app", Test: "^TestAttackMixUpOfTwoIssuers$/to_the_honest",
	},
	{
		Name: "issuer-of-discovery", Against: "a discovery document that speaks for another issuer",
		File: "provider/oidc/discovery.go", Old: "got != issuer {", New: "false && got != issuer {",
		Package: "provider", Test: "^TestAttackDiscovery$/discovery_other_issuer",
	},
	{
		Name: "pkce-verifier", Against: "PKCE downgrade: a code sent without its verifier",
		File: "provider/flow.go", Old: "if len(r.Verifier) < 43 ||", New: "if false && len(r.Verifier) < 43 ||",
		Package: "provider", Test: "^TestAttackPKCEDowngrade$/oidc",
	},
	{
		Name: "pkce-challenge", Against: "PKCE downgrade: a flow begun without a challenge",
		File: "provider/flow.go", Old: "case len(s.Challenge) != 43 ||", New: "case false && len(s.Challenge) != 43 ||",
		Package: "provider", Test: "^TestAttackPKCEDowngrade$/oidc",
	},
	{
		Name: "pkce-of-sdk", Against: "PKCE downgrade: an SDK client's flow without a challenge",
		File: "httpapi/gotrue/authorize.go", Old: "if err == nil && challenge.IsZero() {", New: "if false && err == nil && challenge.IsZero() {",
		Package: "app", Test: "^TestAttackPKCEDowngrade$/^no_challenge$",
	},

	// id_tokens.
	{
		Name: "id-token-issuer", Against: "an id_token of another issuer",
		File: "provider/oidc/claim.go", Old: `iss := claims.Text("iss"); iss != p.config.Issuer &&`, New: `iss := claims.Text("iss"); false && iss != p.config.Issuer &&`,
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^iss_wrong$",
	},
	{
		Name: "id-token-audience", Against: "an id_token that is not said to be for us",
		File: "provider/oidc/claim.go", Old: "if !slices.Contains(audience, p.config.ClientID) {", New: "if false && !slices.Contains(audience, p.config.ClientID) {",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^aud_missing$",
	},
	{
		Name: "id-token-azp", Against: "an id_token issued to another client",
		File: "provider/oidc/claim.go", Old: "if there && azp != p.config.ClientID {", New: "if false && there && azp != p.config.ClientID {",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^azp_wrong$",
	},
	{
		Name: "id-token-one-audience", Against: "an id_token for several clients, issued to nobody by name",
		File: "provider/oidc/claim.go", Old: "if !there && len(audience) > 1 {", New: "if false {",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^aud_many$",
	},
	{
		Name: "id-token-expiry", Against: "an id_token that has expired",
		File: "provider/oidc/claim.go", Old: "if !ok || !now.Before(exp.Add(leeway)) {", New: "if !ok || false && !now.Before(exp.Add(leeway)) {",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^expired$",
	},
	{
		Name: "id-token-issued-at", Against: "an id_token of the future",
		File: "provider/oidc/claim.go", Old: "iat.After(now.Add(leeway)) ||", New: "false && iat.After(now.Add(leeway)) ||",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^iat_future$",
	},
	{
		Name: "id-token-nonce", Against: "an id_token of another sign-in",
		File: "provider/oidc/claim.go", Old: `!equal(claims.Text("nonce"), expected.nonce) {`, New: "false {",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^nonce_wrong$",
	},
	{
		Name: "id-token-at-hash", Against: "an access token of somebody else beside the id_token",
		File: "provider/oidc/claim.go", Old: "there && hash != halfHash(expected.alg, value) {", New: "there && false && hash != halfHash(expected.alg, value) {",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^at_hash_wrong$",
	},
	{
		Name: "id-token-type", Against: "another kind of token in the id_token's place",
		File: "provider/oidc/idtoken.go", Old: `typ := object.Text("typ"); typ != "" &&`, New: `typ := object.Text("typ"); false && typ != "" &&`,
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^typ_access_token$",
	},
	{
		Name: "userinfo-subject", Against: "a profile of somebody else",
		File: "provider/oidc/oidc.go", Old: `if info.Text("sub") != subject {`, New: "if false {",
		Package: "provider", Test: "^TestAttackIDToken$/^oidc$/^ES256$/^userinfo_sub_wrong$",
	},
	{
		Name: "google-domain", Against: "hd taken out of the URL",
		File: "provider/google/google.go", Old: `if c.HostedDomain != "" && !strings.EqualFold`, New: `if false && !strings.EqualFold`,
		Package: "provider", Test: "^TestAttackGoogleDomain$",
	},
	{
		Name: "wechat-unionid", Against: "WeChat without unionid, known by an app's own openid",
		File: "provider/wechat/wechat.go", Old: "if unionID == \"\" {", New: "if unionID == \"\" {\n\t\tunionID = user.Text(\"openid\")\n\t}\n\tif unionID == \"\" {",
		Package: "provider", Test: "^TestAttackWeChat$/wechat-open/unionid_missing",
	},

	// A sign-in that waits, and the account that it may end in.
	{
		Name: "typed-is-not-proven", Against: "an address that was typed taken for a proven account (the mistake is put back)",
		File: "pendingauth/email.go", Old: "	expires := s.Now().Add(codeTTL)\n",
		New: "	expires := s.Now().Add(codeTTL)\n	if u, err := s.Accounts.Store.UserByEmail(ctx, address); err == nil {\n" +
			"		if err := s.Store.SetProof(ctx, p.ID, Proven{UserID: u.ID, PasswordAt: &expires}); err != nil {\n			return Pending{}, err\n		}\n	}\n",
		Package: "pendingauth", Test: "TestAttackTypingAVictimsAddressProvesNothing/sqlite",
	},
	{
		Name: "second-factor-of-binding", Against: "binding with the password alone to an account with a second factor",
		File: "pendingauth/complete.go", Old: "if needed && p.TOTPVerifiedAt == nil {", New: "if false && needed && p.TOTPVerifiedAt == nil {",
		Package: "pendingauth", Test: "TestAttackBindNeedsPasswordAndSecondFactor/sqlite",
	},
	{
		Name: "five-proofs", Against: "guessing a password at a sign-in that waits",
		File: "pendingauth/proof.go", Old: "if p.ProofAttempts >= maxProofs {", New: "if false {",
		Package: "pendingauth", Test: "TestAttackFiveWrongProofsEndTheGuessing/sqlite",
	},
	{
		Name: "five-codes", Against: "guessing the mailed code, one by one or all at once",
		File: "store/pendingauth.go", Old: ", pendingauthsession.CodeAttemptsLT(limit)).", New: ").",
		Package: "pendingauth", Test: "TestAttackCodeGuessing/sqlite",
	},
	{
		Name: "completed-once", Against: "many completions of one sign-in at once",
		File: "store/pendingauth.go", Old: "pendingauthsession.ConsumedAtIsNil(), pendingauthsession.ExpiresAtGT(utc(at))", New: "pendingauthsession.ExpiresAtGT(utc(at))",
		Package: "pendingauth", Test: "TestAHundredCompletionsOfOneSessionMakeOneAccount/sqlite",
	},
	{
		Name: "password-allowance", Against: "guessing a password at the third-party door, a new sign-in for every five",
		File: "httpapi/console/pending.go", Old: "if err := t.LimitPassword(ctx, in.Body.Email); err != nil {", New: "if err := t.LimitPassword(ctx, in.Body.Email); false && err != nil {",
		Package: "app", Test: "^TestAttackPasswordGuessing$",
	},
	{
		Name: "session-behind-bind", Against: "a bind flow finished after its session was ended",
		File: "pendingauth/flow.go", Old: "if _, err := s.Sessions.Store.Session(ctx, flow.SessionID); err != nil {", New: "if _, err := s.Sessions.Store.Session(ctx, flow.SessionID); false && err != nil {",
		Package: "app", Test: "^TestAttackBindSessionFixation$/finished_after",
	},
	{
		Name: "contested-password", Against: "an address signed up by an attacker first, then by its owner",
		File: "session/signin.go", Old: "if user, err = s.dropContestedPassword(ctx, user, password); err != nil {", New: "if false {",
		Package: "app", Test: "^TestAttackPreRegisteredAddress$/signs_up",
	},
	{
		Name: "unproven-access", Against: "an address signed up by an attacker, recovered by its owner",
		File: "session/redeem.go", Old: "if user, err = s.dropUnprovenAccess(ctx, user); err != nil {", New: "if false {",
		Package: "app", Test: "^TestAttackPreRegisteredAddress$/recovers",
	},

	// Codes and second factors.
	{
		Name: "code-needs-verifier", Against: "a code stolen on its way to an SDK client",
		File: "session/authcode.go", Old: "if !found.Challenge.Matches(verifier) {", New: "if false {",
		Package: "app", Test: "^TestAttackAuthCode$/sqlite/with_another_verifier",
	},
	{
		Name: "totp-step-once", Against: "a code of an authenticator app used again",
		File: "store/factor.go", Old: ", mfafactor.LastStepLT(step)).", New: ").",
		Package: "app", Test: "^TestAttackTOTP$/sqlite/used_again",
	},

	// Where browsers are sent, and what they may ask for.
	{
		Name: "redirect-plain", Against: "redirects spelled with what browsers drop or turn",
		File: "session/redirect.go", Old: "|| strings.ContainsFunc(wish, isUnsafeInURL) {", New: "{",
		Package: "session", Test: "^TestAttackRedirects$",
	},
	{
		Name: "redirect-star-in-host", Against: "a redirect pattern's star taking what ends a host",
		File: "session/redirect.go", Old: "stars(host, `[^./?#@:\\[\\]]*`", New: "stars(host, `[^./]*`",
		Package: "session", Test: "^TestAttackRedirects$",
	},
	{
		Name: "redirect-dots", Against: "dots that lead out of an allowed folder",
		File: "session/redirect.go", Old: "if hasDotSegment(u.EscapedPath()) {", New: "if false {",
		Package: "session", Test: "^TestAttackRedirects$",
	},
	{
		Name: "redirect-checked", Against: "a redirect_to taken as it comes",
		File: "pendingauth/flow.go", Old: "RedirectTo: s.Sessions.Redirects.Resolve(start.RedirectTo)", New: "RedirectTo: start.RedirectTo",
		Package: "app", Test: "^TestAttackOpenRedirect$/our_own_pages",
	},
	{
		Name: "own-page-header", Against: "CSRF: a form of another site",
		File: "httpapi/cookie.go", Old: `if r.Header.Get(SessionHeader) != "cookie" {`, New: "if false {",
		Package: "app", Test: "^TestAttackCSRF$",
	},
	{
		Name: "own-page-origin", Against: "CSRF: a script of another origin",
		File: "httpapi/cookie.go", Old: "return err == nil && (u.Host == r.Host || u.Host == c.ExternalURL.Host)", New: "return err == nil && u != nil",
		Package: "app", Test: "^TestAttackCSRF$",
	},
	{
		Name: "own-page-fetch-metadata", Against: "CSRF: a request that says it is cross-site",
		File: "httpapi/cookie.go", Old: `site != "" && site != "same-origin" {`, New: `false && site != "" {`,
		Package: "app", Test: "^TestAttackCSRF$",
	},
	{
		Name: "own-pages-only", Against: "CSRF: a route of /api/v1 that reads a cookie unasked",
		File: "httpapi/console/own_page.go", Old: "if !cookies.FromOwnPage(r) {", New: "if false && !cookies.FromOwnPage(r) {",
		Package: "app", Test: "^TestAttackCSRF$",
	},

	// Who is mistaken for whom.
	{
		Name: "address-case", Against: "an address that differs by its case alone",
		File: "identity/email.go", Old: "local, domain := strings.ToLower(address[:at]), address[at+1:]", New: "local, domain := address[:at], address[at+1:]",
		Package: "app", Test: "^TestAttackLookAlikeAddress$/^KIM",
	},

	// Confirming access, second factors and passkeys.
	{
		Name: "recent-proof", Against: "a browser left open, or a stolen access token, at a sensitive change",
		File: "session/confirm.go", Old: "if !s.Now().Before(s.ConfirmedUntil(from)) {", New: "if false {",
		Package: "app", Test: "^TestAttackWithAnOpenBrowserAfterTheGrace$",
	},
	{
		Name: "recent-proof-of-sdk", Against: "the same, around our own pages: an identity unlinked through the SDK's route",
		File: "httpapi/gotrue/identities.go", Old: "err != nil {\n\t\treturn err\n\t}\n\tif _, err := s.Accounts.Unbind(",
		New:     "false && err != nil {\n\t\treturn err\n\t}\n\tif _, err := s.Accounts.Unbind(",
		Package: "app", Test: "^TestAttackWithAnOpenBrowserAfterTheGrace$",
	},
	{
		Name: "second-factor-shown", Against: "the password alone, at an account with a second factor",
		File: "session/confirm.go", Old: "if user.HasSecondFactor() && !from.HasSecondFactor() {", New: "if false {",
		Package: "app", Test: "^TestAttackWithThePasswordAloneOnAnAccountWithASecondFactor$",
	},
	{
		Name: "second-factor-confirms", Against: "the password and an open browser, to take the second factor away",
		File: "session/confirm.go", Old: "case user.HasSecondFactor():\n\t\treturn \"\", ErrProofUnavailable", New: "case false:\n\t\treturn \"\", ErrProofUnavailable",
		Package: "session", Test: "^TestConfirmAttacks$/^password_where/^sqlite$",
	},
	{
		Name: "factor-rests", Against: "guessing an authenticator app's code, one by one or all at once",
		File: "store/factor.go", Old: "mfafactor.Or(mfafactor.LockedUntilIsNil(), mfafactor.LockedUntilLTE(utc(at)))).AddFailures(1)",
		New:     "mfafactor.Or(mfafactor.LockedUntilIsNil(), mfafactor.LockedUntilNotNil())).AddFailures(1)",
		Package: "session", Test: "^TestTOTPAttacks$/^brute_force/^sqlite$",
	},
	{
		Name: "recovery-code-once", Against: "a recovery code used again",
		File: "store/recovery_code.go", Old: ", recoverycode.UsedAtIsNil()).SetUsedAt", New: ").SetUsedAt",
		Package: "session", Test: "^TestRecoveryCodesStandInForTheAppOnce$/^sqlite$",
	},
	{
		Name: "passkey-challenge-once", Against: "a passkey's answer replayed, or many at once",
		File: "store/passkey.go", Old: "n, err := client.Delete().Where(webauthnchallenge.ID(id)).Exec(ctx)", New: "n := 1",
		Package: "session", Test: "^TestPasskeyAttacks$/^an_answer_replayed$/^sqlite$",
	},
	{
		Name: "passkey-verifies-person", Against: "a security key left in the computer, to confirm access by a touch",
		File: "identity/passkeys.go", Old: "webauthn.WithUserVerification(protocol.VerificationRequired)", New: "webauthn.WithUserVerification(protocol.VerificationPreferred)",
		Package: "session", Test: "^TestPasskeyAttacks$/^a_touch_alone_confirms$/^sqlite$",
	},
	// Pictures, and links of clients.
	{
		Name: "avatar-address", Against: "SSRF: a picture's address on this machine, a private network, or rebound to one",
		File: "identity/picture/fetch.go", Old: "Control: guard.control, ", New: "",
		Package: "identity/picture", Test: "^TestAvatarAttackDNSRebinding$",
	},
	{
		Name: "avatar-redirect", Against: "SSRF: a redirect to another scheme or with a user name",
		File: "identity/picture/fetch.go", Old: "	return checkURL(r.URL)", New: "	return nil",
		Package: "identity/picture", Test: "^TestAvatarAttackRedirects$",
	},
	{
		Name: "avatar-endless", Against: "a picture without end",
		File: "identity/picture/fetch.go", Old: "io.LimitReader(answer.Body, MaxInput+1)", New: "answer.Body",
		Package: "identity/picture", Test: "^TestAvatarAttackAnswersThatHurt$",
	},
	{
		Name: "avatar-pixels", Against: "decompression bombs",
		File: "identity/picture/decode.go", Old: " || width*height > maxPixels", New: "",
		Package: "identity/picture", Test: "^TestAvatarAttackBombs$",
	},
	{
		Name: "avatar-scans", Against: "a progressive JPEG of endless scans",
		File: "identity/picture/decode.go", Old: "case width*height*passes > maxWork:", New: "case passes < 0:",
		Package: "identity/picture", Test: "^TestAvatarAttackBombs$",
	},
	{
		Name: "link-session", Against: "a link exchanged after the session that asked was ended",
		File: "pendingauth/link.go", Old: "if _, err := s.asker(ctx, user.ID, o.SessionID); err != nil {", New: "if _, err := s.asker(ctx, user.ID, o.SessionID); false && err != nil {",
		Package: "pendingauth", Test: "^TestAttackLink$/^sqlite$",
	},
	{
		Name: "link-owner", Against: "linking an identity that is another account's",
		File: "pendingauth/link.go", Old: "	if isKnown {\n", New: "	if false {\n",
		Package: "pendingauth", Test: "^TestAttackLink$/^sqlite$",
	},
}
