package testuser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tessera/fault"
)

const (
	authTimeout   = 15 * time.Second
	maxAnswer     = 4 << 20 // bytes; a page of users is the longest
	usersPerPage  = 200
	maxUserPages  = 50
	maxReasonText = 300 // characters of somebody else's words that we repeat
)

// markKey is the member of app_metadata that marks an account made here. Users
// cannot write app_metadata, so nobody gives the mark to themselves.
const markKey = "tessera_test_user"

// AuthServerConfig says where the auth server is and how to speak to it.
type AuthServerConfig struct {
	// URL is where GoTrue's API is: our own external URL, or the project's,
	// with /auth/v1.
	URL            string
	AnonKey        string
	ServiceRoleKey string // "" = not configured
	// Transport carries the calls; nil = HTTP. In embedded mode it leads to our
	// own router without leaving the process.
	Transport http.RoundTripper
	Now       func() time.Time
}

// AuthServer speaks GoTrue's HTTP API, the same for this server and for a
// Supabase project.
type AuthServer struct {
	cfg    AuthServerConfig
	client *http.Client
}

// NewAuthServer returns a client.
func NewAuthServer(cfg AuthServerConfig) *AuthServer {
	cfg.URL = strings.TrimRight(cfg.URL, "/")
	return &AuthServer{cfg: cfg, client: &http.Client{
		Transport: cfg.Transport, Timeout: authTimeout,
		// An API does not redirect; following one would carry the key along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// HasServiceRoleKey reports whether the admin API can be called.
func (a *AuthServer) HasServiceRoleKey() bool { return a.cfg.ServiceRoleKey != "" }

// account is a user at the auth server.
type account struct {
	ID          string         `json:"id"`
	Email       string         `json:"email"`
	AppMetadata map[string]any `json:"app_metadata"`
}

// isFor reports whether the account was made here, for this test user.
func (a account) isFor(username string) bool { return a.AppMetadata[markKey] == username }

// tokens is a session as the auth server answers one.
type tokens struct {
	AccessToken  string  `json:"access_token"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    int64   `json:"expires_in"`
	ExpiresAt    int64   `json:"expires_at"`
	RefreshToken string  `json:"refresh_token"`
	User         account `json:"user"`
}

// refusal is an answer of the auth server that is not a success.
type refusal struct {
	status     int
	code       string // GoTrue's error code, "" = none
	reason     string
	retryAfter time.Duration
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.reason) }

// createAccount makes an account with a confirmed address, marked as ours.
func (a *AuthServer) createAccount(ctx context.Context, username, email, password string) (account, error) {
	var made account
	err := a.call(ctx, http.MethodPost, "/admin/users", a.cfg.ServiceRoleKey, map[string]any{
		"email": email, "password": password, "email_confirm": true,
		"user_metadata": map[string]any{"username": username},
		"app_metadata":  map[string]any{markKey: username},
	}, &made)
	return made, err
}

// setPassword gives an account another password and returns the account.
func (a *AuthServer) setPassword(ctx context.Context, id, password string) (account, error) {
	var changed account
	err := a.call(ctx, http.MethodPut, "/admin/users/"+url.PathEscape(id), a.cfg.ServiceRoleKey,
		map[string]any{"password": password, "email_confirm": true}, &changed)
	return changed, err
}

// findByEmail looks through the list of users, newest first, for an address.
func (a *AuthServer) findByEmail(ctx context.Context, email string) (account, bool, error) {
	for page := 1; page <= maxUserPages; page++ {
		var list struct {
			Users []account `json:"users"`
		}
		path := fmt.Sprintf("/admin/users?page=%d&per_page=%d", page, usersPerPage)
		if err := a.call(ctx, http.MethodGet, path, a.cfg.ServiceRoleKey, nil, &list); err != nil {
			return account{}, false, err
		}
		for _, u := range list.Users {
			if strings.EqualFold(u.Email, email) {
				return u, true, nil
			}
		}
		if len(list.Users) < usersPerPage {
			break
		}
	}
	return account{}, false, nil
}

// signIn is the password grant, what any user does.
func (a *AuthServer) signIn(ctx context.Context, email, password string) (tokens, error) {
	var got tokens
	err := a.call(ctx, http.MethodPost, "/token?grant_type=password", a.cfg.AnonKey,
		map[string]any{"email": email, "password": password}, &got)
	return got, err
}

// signInAnonymously makes an anonymous user and signs it in.
func (a *AuthServer) signInAnonymously(ctx context.Context) (tokens, error) {
	var got tokens
	err := a.call(ctx, http.MethodPost, "/signup", a.cfg.AnonKey, map[string]any{"data": map[string]any{}}, &got)
	return got, err
}

// call sends one request with a key and reads its answer into out. A refusal of
// the server comes back as *refusal.
func (a *AuthServer) call(ctx context.Context, method, path, key string, body, out any) error {
	var payload io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.cfg.URL+path, payload)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Supabase-Api-Version", "2024-01-01")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("apikey", key)
		req.Header.Set("Authorization", "Bearer "+key)
	}
	status, header, answer, err := exchange(a.client, req)
	if err != nil {
		return ErrAuthServerUnreachable.Because(err)
	}
	if status < 200 || status > 299 {
		return readRefusal(status, header, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return ErrAuthServerRefused.Saying("The auth server answered %d with something that is not JSON.", status).Because(err)
	}
	return nil
}

// exchange sends a request and reads the whole, bounded answer.
func exchange(client *http.Client, req *http.Request) (status int, header http.Header, answer []byte, err error) {
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	return res.StatusCode, res.Header, answer, err
}

// readRefusal finds code and reason in either version of GoTrue's error body,
// in OAuth's, and in a gateway's.
func readRefusal(status int, header http.Header, answer []byte) *refusal {
	r := &refusal{status: status}
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		r.retryAfter = time.Duration(seconds) * time.Second
	}
	var body struct {
		Code             any    `json:"code"` // a number in the older version
		ErrorCode        string `json:"error_code"`
		Msg              string `json:"msg"`
		Message          string `json:"message"`
		Error            string `json:"error"`
		ErrorDescription string `json:"error_description"`
	}
	if json.Unmarshal(answer, &body) == nil {
		r.code = body.ErrorCode
		if text, isText := body.Code.(string); isText && r.code == "" {
			r.code = text
		}
		for _, text := range []string{body.Msg, body.Message, body.ErrorDescription, body.Error} {
			if r.reason = plain(text); r.reason != "" {
				return r
			}
		}
	}
	r.reason = http.StatusText(status) + ", without a reason in JSON"
	return r
}

// plain is somebody else's text as one short line.
func plain(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > maxReasonText {
		runes = append(runes[:maxReasonText], '…')
	}
	return string(runes)
}

// refusalOf returns the auth server's refusal behind err, nil when err is
// something else or has been turned into a fault already.
func refusalOf(err error) *refusal {
	var f *fault.Fault
	if errors.As(err, &f) {
		return nil
	}
	var r *refusal
	errors.As(err, &r)
	return r
}

// isMissing reports whether the auth server knows no such account.
func isMissing(err error) bool {
	r := refusalOf(err)
	return r != nil && (r.status == http.StatusNotFound || r.code == "user_not_found")
}

// isAddressTaken reports whether an account has the address already.
func isAddressTaken(err error) bool {
	r := refusalOf(err)
	return r != nil && (r.code == "email_exists" || r.code == "user_already_exists")
}

// isWrongPassword reports whether somebody set another password in between.
func isWrongPassword(err error) bool {
	r := refusalOf(err)
	return r != nil && r.code == "invalid_credentials"
}

// shown turns what the auth server said into a fault that says what to do.
func shown(err error, doing string) error {
	r := refusalOf(err)
	if r == nil {
		return err
	}
	if doing != doingSignIn && (r.status == http.StatusUnauthorized || r.status == http.StatusForbidden) {
		return ErrServiceRoleKeyRefused.Saying("The auth server refused the service role key: %s", r.reason).Because(err)
	}
	return ErrAuthServerRefused.Saying("The auth server refused %s: %s (%s)", doing, r.reason, r.label()).
		Because(err).After(r.retryAfter)
}

func (r *refusal) label() string {
	if r.code != "" {
		return r.code
	}
	return fmt.Sprintf("status %d", r.status)
}
