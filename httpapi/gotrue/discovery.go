package gotrue

import (
	"net/http"

	"tessera/httpapi"
)

// keyAge is how long clients may keep our public keys. The key that will sign
// next is published long before it does (see token.KeyRing).
const keyAge = "public, max-age=600"

// health answers GET /health.
func (s *Surface) health(w http.ResponseWriter, _ *http.Request) error {
	return httpapi.WriteJSON(w, http.StatusOK, map[string]string{
		"version": s.Version, "name": "Tessera", "description": "Tessera is a user registration and authentication API",
	})
}

// knownProviders are the providers that GoTrue names, on or off; clients read
// the list.
var knownProviders = []string{
	"apple", "azure", "bitbucket", "discord", "facebook", "snapchat", "figma", "fly", "github", "gitlab", "google",
	"keycloak", "kakao", "linkedin", "linkedin_oidc", "notion", "spotify", "slack", "slack_oidc", "workos", "twitch",
	"twitter", "phone", "zoom",
}

// settings answers GET /settings.
func (s *Surface) settings(w http.ResponseWriter, _ *http.Request) error {
	external := map[string]bool{"email": true, "anonymous_users": s.Accounts.Config.Anonymous}
	for _, name := range knownProviders {
		external[name] = false
	}
	for _, name := range s.Sources() {
		external[name] = true
	}
	return httpapi.WriteJSON(w, http.StatusOK, map[string]any{
		"external":           external,
		"disable_signup":     s.Accounts.Config.DisableSignup,
		"mailer_autoconfirm": s.Accounts.Config.Autoconfirm,
		"phone_autoconfirm":  false,
		"sms_provider":       "",
		"saml_enabled":       false,
		"passkeys_enabled":   s.Sessions.Passkeys.IsOn(),
	})
}

// jwks answers GET /.well-known/jwks.json (RFC 7517).
func (s *Surface) jwks(w http.ResponseWriter, r *http.Request) error {
	body, err := s.Keys.JWKS(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", keyAge)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
	return nil
}

// openIDConfiguration answers GET /.well-known/openid-configuration (OpenID
// Connect Discovery 1.0). The endpoints of an authorization server are named
// as GoTrue names them and answer that they are not enabled.
func (s *Surface) openIDConfiguration(w http.ResponseWriter, _ *http.Request) error {
	issuer := s.Sessions.Issuer
	w.Header().Set("Cache-Control", keyAge)
	return httpapi.WriteJSON(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/oauth/authorize",
		"token_endpoint":                        issuer + "/oauth/token",
		"jwks_uri":                              issuer + "/.well-known/jwks.json",
		"userinfo_endpoint":                     issuer + "/oauth/userinfo",
		"scopes_supported":                      []string{"openid", "profile", "email", "phone", "offline_access"},
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "ES256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"claims_supported": []string{
			"sub", "aud", "iss", "exp", "iat", "auth_time", "nonce", "email", "email_verified", "phone_number",
			"phone_number_verified", "name", "picture", "preferred_username", "updated_at",
		},
		"code_challenge_methods_supported": []string{"S256", "plain"},
	})
}

// oauthServerDisabled answers for the OAuth 2.1 server that we are not.
func (s *Surface) oauthServerDisabled(http.ResponseWriter, *http.Request) error {
	return errFeatureDisabled
}
