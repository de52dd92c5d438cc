package providertest

import (
	"net/http"
	"net/url"
	"strconv"
)

// github is github.com and its API in one.
type github struct{ *Simulator }

func (p github) numericIDs() bool { return true }

func (p github) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login/oauth/authorize", p.authorizePlain)
	mux.HandleFunc("POST /login/oauth/access_token", p.machine("token", p.chosenByCode, p.token))
	mux.HandleFunc("GET /user", p.machine("userinfo", p.chosenByToken, p.user))
	mux.HandleFunc("GET /user/emails", p.machine("emails", p.chosenByToken, p.emails))
}

// authorizePlain is the authorization endpoint of the OAuth 2.0 kinds.
func (s *Simulator) authorizePlain(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case !s.knownRedirect(q.Get("client_id"), q.Get("redirect_uri")):
		s.refusePage(w, r, "client_id or redirect_uri is not registered here")
	case s.kind == LinuxDo && q.Get("response_type") != "code":
		s.refusePage(w, r, "response_type must be code")
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		s.refusePage(w, r, "code_challenge_method must be S256")
	default:
		s.ask(w, r, request{
			AppID: q.Get("client_id"), RedirectURI: q.Get("redirect_uri"), State: q.Get("state"),
			Challenge: q.Get("code_challenge"), Scope: q.Get("scope"),
		})
	}
}

func (p github) answer(r request, code string, allowed bool) url.Values {
	return oauthAnswer(r, code, allowed)
}

// token answers errors with status 200, as GitHub does, and in a form unless
// JSON is asked for.
func (p github) token(w http.ResponseWriter, r *http.Request, in ills) {
	if !p.authenticated(r) || in.has("client_refused") {
		writeJSON(w, http.StatusOK, map[string]string{"error": "incorrect_client_credentials", "error_description": "The client_id and/or client_secret passed are incorrect."})
		return
	}
	g, token, ok := p.redeem(r, in)
	if !ok {
		writeJSON(w, http.StatusOK, map[string]string{"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."})
		return
	}
	if r.Header.Get("Accept") != "application/json" {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		_, _ = w.Write([]byte(url.Values{"access_token": {token}, "token_type": {"bearer"}}.Encode()))
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": token, "token_type": tokenType(in), "scope": g.Scope})
}

func (p github) user(w http.ResponseWriter, r *http.Request, in ills) {
	g, found := p.desk.byToken(bearer(r))
	if !found || r.UserAgent() == "" {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		return
	}
	user := map[string]any{
		"id": number(g.person.ID), "login": g.person.Username, "name": g.person.Nickname,
		"avatar_url": p.avatarURL(g.person), "type": "User", "email": nil,
		"html_url": p.URL() + "/" + g.person.Username,
	}
	if g.person.Nickname == "" {
		user["name"] = nil
	}
	if in.has("id_missing") {
		delete(user, "id")
	}
	if in.has("hostile_profile") {
		user["name"], user["avatar_url"] = hostileName, hostileURL
	}
	writeJSON(w, http.StatusOK, user)
}

func (p github) emails(w http.ResponseWriter, r *http.Request, in ills) {
	g, found := p.desk.byToken(bearer(r))
	if !found {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		return
	}
	list := []map[string]any{{"email": g.person.ID + "+" + g.person.Username + "@users.noreply.example.com", "primary": false, "verified": true, "visibility": nil}}
	address := g.person.Email
	if in.has("hostile_profile") {
		address = hostileEmail
	}
	if address != "" {
		list = append(list, map[string]any{"email": address, "primary": true, "verified": g.person.EmailVerified, "visibility": "private"})
	}
	writeJSON(w, http.StatusOK, list)
}

// number is an id as JSON writes one; the consent page let digits pass only.
func number(id string) any {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return id
	}
	return n
}
