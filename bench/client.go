package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client talks to the measured server.
type client struct {
	opts options
	http *http.Client
}

func newClient(opts options) *client {
	most := 0
	for _, n := range opts.Concurrency {
		most = max(most, n)
	}
	return &client{opts: opts, http: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: 2 * most, MaxConnsPerHost: 2 * most, DisableCompression: true},
	}}
}

// user is somebody to sign in. Each worker has its own.
type user struct {
	email, password string
	session         session
}

// session is what GoTrue answers to a sign-in.
type session struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

// statusError is an answer that a scenario did not expect.
type statusError struct {
	what   string
	status int
	body   string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s answered %d: %.300s", e.what, e.status, e.body)
}

// call sends a request and decodes the answer into out, if that is not nil.
func (c *client) call(ctx context.Context, method, path, bearer string, body, out any) error {
	resp, err := c.open(ctx, method, path, bearer, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// The body is read to its end, so that the connection is used again.
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// open sends a request and returns an answer with a status of 2xx.
func (c *client) open(ctx context.Context, method, path, bearer string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.opts.URL+path, reader)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.opts.AnonKey != "" {
		req.Header.Set("apikey", c.opts.AnonKey)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, &statusError{what: method + " " + path, status: resp.StatusCode, body: string(answer)}
	}
	return resp, nil
}

func (c *client) auth(path string) string { return trimRoot(c.opts.AuthPath) + path }
func (c *client) api(path string) string  { return trimRoot(c.opts.APIPath) + path }

func trimRoot(path string) string {
	if path == "/" {
		return ""
	}
	return path
}

// newUser makes a user that can sign in with its password.
func (c *client) newUser(ctx context.Context) (*user, error) {
	u := &user{email: "bench-" + rand.Text() + "@example.com", password: rand.Text()}
	credentials := map[string]any{"email": u.email, "password": u.password}
	if c.opts.ServiceRoleKey == "" {
		if err := c.call(ctx, http.MethodPost, c.auth("/signup"), "", credentials, &u.session); err != nil {
			return nil, err
		}
		if u.session.AccessToken == "" {
			return nil, fmt.Errorf("sign-up needs a confirmation here: give -service-role-key")
		}
		return u, nil
	}
	credentials["email_confirm"] = true
	if err := c.call(ctx, http.MethodPost, c.auth("/admin/users"), c.opts.ServiceRoleKey, credentials, nil); err != nil {
		return nil, err
	}
	return u, c.login(ctx, u)
}

func (c *client) login(ctx context.Context, u *user) error {
	return c.call(ctx, http.MethodPost, c.auth("/token?grant_type=password"), "",
		map[string]any{"email": u.email, "password": u.password}, &u.session)
}

func (c *client) refresh(ctx context.Context, u *user) error {
	return c.call(ctx, http.MethodPost, c.auth("/token?grant_type=refresh_token"), "",
		map[string]any{"refresh_token": u.session.RefreshToken}, &u.session)
}
