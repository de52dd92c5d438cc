package providertest

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

// oidc is an OpenID Connect issuer; Google's is one.
type oidc struct{ *Simulator }

func (p oidc) numericIDs() bool { return false }

func (p oidc) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /.well-known/openid-configuration", p.machine("discovery", nobody, p.discovery))
	mux.HandleFunc("GET /jwks", p.machine("jwks", nobody, p.jwks))
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.machine("token", p.chosenByCode, p.token))
	mux.HandleFunc("GET /userinfo", p.machine("userinfo", p.chosenByToken, p.userInfo))
	// Where tokens with tricks in their headers point: nobody should come.
	mux.HandleFunc("GET /attacker/jwks", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"keys": []any{p.keys.attacker.jwk("attacker")}})
	})
}

func (p oidc) discovery(w http.ResponseWriter, _ *http.Request, in ills) {
	base := p.URL()
	document := map[string]any{
		"issuer":                                         base,
		"authorization_endpoint":                         base + "/authorize",
		"token_endpoint":                                 base + "/token",
		"userinfo_endpoint":                              base + "/userinfo",
		"jwks_uri":                                       base + "/jwks",
		"response_types_supported":                       []string{"code"},
		"subject_types_supported":                        []string{"public"},
		"scopes_supported":                               []string{"openid", "profile", "email"},
		"id_token_signing_alg_values_supported":          []string{p.keys.alg},
		"code_challenge_methods_supported":               []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post"},
		"authorization_response_iss_parameter_supported": !p.silent,
	}
	if in.has("discovery_other_issuer") {
		document["issuer"] = base + "/other"
	}
	if in.has("discovery_plain_http") {
		document["token_endpoint"] = "http://login.example.com/token"
	}
	if in.has("discovery_weak_algs") {
		document["id_token_signing_alg_values_supported"] = []string{"HS256", "none"}
	}
	writeJSON(w, http.StatusOK, document)
}

func (p oidc) jwks(w http.ResponseWriter, _ *http.Request, in ills) {
	writeJSON(w, http.StatusOK, map[string]any{"keys": p.keys.published(in)})
}

func (p oidc) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	refuse := func(why string) { p.refusePage(w, r, why) }
	if !p.knownRedirect(q.Get("client_id"), q.Get("redirect_uri")) {
		refuse("client_id or redirect_uri is not registered here")
		return
	}
	switch {
	case q.Get("response_type") != "code":
		refuse("response_type must be code")
	case !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		refuse("scope must hold openid")
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		refuse("PKCE with S256 is required")
	case q.Get("nonce") == "" || q.Get("state") == "":
		refuse("state and nonce are required")
	default:
		p.ask(w, r, request{
			AppID: q.Get("client_id"), RedirectURI: q.Get("redirect_uri"), State: q.Get("state"),
			Nonce: q.Get("nonce"), Challenge: q.Get("code_challenge"), Scope: q.Get("scope"),
		})
	}
}

func (p oidc) answer(r request, code string, allowed bool) url.Values {
	answer := oauthAnswer(r, code, allowed)
	in := p.faults.with("")
	if !p.silent && !in.has("callback_iss_missing") {
		answer.Set("iss", p.URL())
	}
	if in.has("callback_iss_wrong") {
		answer.Set("iss", "https://attacker.example.com")
	}
	return answer
}

func (p oidc) token(w http.ResponseWriter, r *http.Request, in ills) {
	if !p.authenticated(r) || in.has("client_refused") {
		w.Header().Set("WWW-Authenticate", `Basic realm="simulator"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	g, token, ok := p.redeem(r, in)
	if !ok {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	answer := map[string]any{"access_token": token, "token_type": tokenType(in), "expires_in": int(lifetime.Seconds()), "scope": g.Scope}
	if idToken := p.idToken(g, token, r.PostFormValue("code"), in); idToken != "" {
		answer["id_token"] = idToken
	}
	writeJSON(w, http.StatusOK, answer)
}

// profile are a person's claims.
func (p oidc) profile(person Person, in ills) map[string]any {
	claims := map[string]any{
		"name": person.Nickname, "preferred_username": person.Username,
		"email": person.Email, "email_verified": person.EmailVerified, "picture": p.avatarURL(person),
	}
	if in.has("hostile_profile") {
		claims["name"], claims["picture"], claims["email"] = hostileName, hostileURL, hostileEmail
	}
	for name, value := range claims {
		if value == "" || value == false && person.Email == "" {
			delete(claims, name)
		}
	}
	return claims
}

// What a person might type into a profile to trouble those who show it.
const (
	hostileName  = "<img src=x onerror=alert(1)>\u202e\x00\x1b[31m\nSecond line"
	hostileURL   = "javascript:alert(1)"
	hostileEmail = "a@b.example\r\nBcc: everybody@example.com"
)

func (p oidc) userInfo(w http.ResponseWriter, r *http.Request, in ills) {
	g, found := p.desk.byToken(bearer(r))
	if !found {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := p.profile(g.person, in)
	claims["sub"] = p.subject(g.person)
	if in.has("userinfo_sub_wrong") {
		claims["sub"] = p.subject(Person{ID: "somebody-else"})
	}
	if in.has("id_missing") {
		delete(claims, "sub")
	}
	writeJSON(w, http.StatusOK, claims)
}

// subject is a person's sub; Google's are numbers as text.
func (p oidc) subject(person Person) string {
	if p.kind == Google {
		return "1000000000000000" + person.ID
	}
	return "sim-" + person.ID
}

func tokenType(in ills) string {
	if in.has("token_type_other") {
		return "mac"
	}
	return "bearer"
}

// authenticated checks the client at a token endpoint, in HTTP Basic or the body.
func (s *Simulator) authenticated(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	app, known := s.app(id)
	return known && subtle.ConstantTimeCompare([]byte(secret), []byte(app.Secret)) == 1 && (r.PostFormValue("client_id") == "" || r.PostFormValue("client_id") == id)
}

func (s *Simulator) redeem(r *http.Request, in ills) (*grant, string, bool) {
	id, _, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
	} else {
		id = r.PostFormValue("client_id")
	}
	if in.has("code_refused") || r.PostFormValue("grant_type") != "authorization_code" {
		return nil, "", false
	}
	return s.desk.redeem(redemption{
		appID: id, code: r.PostFormValue("code"), verifier: r.PostFormValue("code_verifier"), redirectURI: r.PostFormValue("redirect_uri"),
	}, in)
}

func (s *Simulator) knownRedirect(appID, redirectURI string) bool {
	app, known := s.app(appID)
	if !known || redirectURI == "" {
		return false
	}
	for _, uri := range app.RedirectURIs {
		if uri == redirectURI {
			return true
		}
	}
	return false
}
