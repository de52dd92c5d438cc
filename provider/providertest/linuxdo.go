package providertest

import (
	"net/http"
	"net/url"
	"strings"
)

// linuxdo is LINUX DO Connect.
type linuxdo struct{ *Simulator }

func (p linuxdo) numericIDs() bool { return true }

func (p linuxdo) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /oauth2/authorize", p.authorizePlain)
	mux.HandleFunc("POST /oauth2/token", p.machine("token", p.chosenByCode, p.token))
	mux.HandleFunc("GET /api/user", p.machine("userinfo", p.chosenByToken, p.user))
	mux.HandleFunc("GET /user_avatar/{size}/{name}", serveAvatar)
}

func (p linuxdo) answer(r request, code string, allowed bool) url.Values {
	return oauthAnswer(r, code, allowed)
}

func (p linuxdo) token(w http.ResponseWriter, r *http.Request, in ills) {
	if !p.authenticated(r) || in.has("client_refused") {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	_, token, ok := p.redeem(r, in)
	if !ok {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": token, "token_type": tokenType(in), "expires_in": int(lifetime.Seconds())})
}

func (p linuxdo) user(w http.ResponseWriter, r *http.Request, in ills) {
	g, found := p.desk.byToken(bearer(r))
	if !found {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "unauthorized"})
		return
	}
	// A path without a host, as Discourse also writes it.
	template := "/user_avatar/{size}/" + opaque("avatar", g.person.ID) + ".png"
	if g.person.NoAvatar {
		template = ""
	}
	user := map[string]any{
		"id": number(g.person.ID), "sub": g.person.ID, "username": g.person.Username, "name": g.person.Nickname,
		"avatar_template": template, "active": true, "trust_level": 2, "silenced": false,
		"external_ids": nil, "api_key": "a secret that must not be kept",
	}
	if in.has("id_missing") {
		delete(user, "id")
	}
	if in.has("hostile_profile") {
		user["name"], user["avatar_template"] = hostileName, hostileURL
		user["username"] = strings.Repeat("u", 5000)
	}
	writeJSON(w, http.StatusOK, user)
}
