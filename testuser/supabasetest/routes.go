package supabasetest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// counted answers a fault that was set, and else lets the call through.
func (p *Project) counted(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		fault := p.fault
		p.mu.Unlock()
		switch {
		case fault != nil:
			fault(w)
		case r.Header.Get("apikey") == "":
			refuse(w, http.StatusUnauthorized, "", "No API key found in request") // the gateway's words
		default:
			next(w, r)
		}
	}
}

func (p *Project) admin(next http.HandlerFunc) http.HandlerFunc {
	return p.counted(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+p.ServiceRoleKey {
			refuse(w, http.StatusForbidden, "not_admin", "User not allowed")
			return
		}
		next(w, r)
	})
}

type userBody struct {
	Email        string         `json:"email"`
	Password     string         `json:"password"`
	AppMetadata  map[string]any `json:"app_metadata"`
	UserMetadata map[string]any `json:"user_metadata"`
}

func (p *Project) create(w http.ResponseWriter, r *http.Request) {
	body, ok := read[userBody](w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls["create"]++
	if p.byEmail(body.Email) != nil {
		refuse(w, http.StatusUnprocessableEntity, "email_exists", "A user with this email address has already been registered")
		return
	}
	write(w, view(p.add(&user{
		email: body.Email, password: body.Password, appMetadata: body.AppMetadata, userMetadata: body.UserMetadata,
	})))
}

func (p *Project) list(w http.ResponseWriter, r *http.Request) {
	number := func(name string, fallback int) int {
		if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil && n > 0 {
			return n
		}
		return fallback
	}
	page, perPage := number("page", 1), number("per_page", 50)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls["list"]++
	users := []map[string]any{}
	for i := len(p.users) - 1 - (page-1)*perPage; i >= 0 && len(users) < perPage; i-- { // newest first
		users = append(users, view(p.users[i]))
	}
	write(w, map[string]any{"users": users, "aud": "authenticated"})
}

func (p *Project) update(w http.ResponseWriter, r *http.Request) {
	body, ok := read[userBody](w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls["update"]++
	for _, u := range p.users {
		if u.id == r.PathValue("id") {
			if body.Password != "" {
				u.password = body.Password
			}
			write(w, view(u))
			return
		}
	}
	refuse(w, http.StatusNotFound, "user_not_found", "User not found")
}

func (p *Project) token(w http.ResponseWriter, r *http.Request) {
	body, ok := read[userBody](w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls["token"]++
	u := p.byEmail(body.Email)
	if r.URL.Query().Get("grant_type") != "password" || u == nil || u.password != body.Password {
		refuse(w, http.StatusBadRequest, "invalid_credentials", "Invalid login credentials")
		return
	}
	write(w, p.session(u))
}

func (p *Project) signup(w http.ResponseWriter, r *http.Request) {
	if _, ok := read[userBody](w, r); !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls["signup"]++
	if p.noGuest {
		refuse(w, http.StatusUnprocessableEntity, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
		return
	}
	write(w, p.session(p.add(&user{isAnonymous: true})))
}

// session signs the user in. The caller holds the lock of the project, not the
// issuer's.
func (p *Project) session(u *user) map[string]any {
	now := p.now()
	changes := map[string]any{"email": u.email, "is_anonymous": u.isAnonymous}
	if u.isAnonymous {
		changes["app_metadata"], changes["user_metadata"] = map[string]any{}, map[string]any{}
	}
	return map[string]any{
		"access_token": p.Token(u.id, now, changes), "token_type": "bearer",
		"expires_in": 3600, "expires_at": now.Add(time.Hour).Unix(), "refresh_token": "simulated-" + u.id, "user": view(u),
	}
}

func view(u *user) map[string]any {
	return map[string]any{
		"id": u.id, "aud": "authenticated", "role": "authenticated", "email": u.email, "phone": "",
		"app_metadata": u.appMetadata, "user_metadata": u.userMetadata, "is_anonymous": u.isAnonymous, "created_at": u.createdAt,
	}
}

func read[T any](w http.ResponseWriter, r *http.Request) (body T, ok bool) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, "bad_json", "Could not parse request body as JSON")
		return body, false
	}
	return body, true
}

func write(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Supabase-Api-Version", "2024-01-01")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": message})
}
