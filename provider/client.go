package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	callTimeout  = 10 * time.Second
	maxBodyBytes = 1 << 20
)

// Runtime is what the composition root gives to every adapter.
type Runtime struct {
	// Transport carries the calls; nil = Go's own. What a [Client] promises does
	// not depend on it.
	Transport http.RoundTripper
	Now       func() time.Time // required
	Log       *slog.Logger     // nil = nowhere
}

// Client makes an adapter's calls. See the package's documentation.
type Client struct {
	http    *http.Client
	timeout time.Duration
}

// NewClient returns a client over a runtime's transport.
func NewClient(rt Runtime) *Client {
	return &Client{
		timeout: callTimeout,
		http: &http.Client{
			Transport:     rt.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Call is one request to a provider.
type Call struct {
	URL    string
	Bearer string     // access token, "" = none
	Form   url.Values // nil = GET, else POST
	// User and Password are the client's, for HTTP Basic (RFC 6749 section 2.3.1).
	User, Password string
	Accept         string // "" = application/json
}

// Answer is what came back: a status below 500 and a JSON text.
type Answer struct {
	Status int
	Body   []byte
}

// Do makes a call. An answer that is a server error, too many requests, or none at
// all is ErrUnreachable; a redirect, HTML or a body over the limit is ErrRefused.
// What a client error means is the caller's to say.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := call.request(ctx)
	if err != nil {
		return Answer{}, ErrRefused.Because(errorf("the endpoint is not a URL"))
	}
	where := req.Method + " " + req.URL.Scheme + "://" + req.URL.Host + req.URL.Path
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, ErrUnreachable.Because(errorf("%s: %w", where, withoutURL(err)))
	}
	defer func() { _ = res.Body.Close() }()
	switch kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); {
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return Answer{}, ErrUnreachable.Because(errorf("%s: status %d", where, res.StatusCode))
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return Answer{}, ErrRefused.Because(errorf("%s: status %d, a redirect", where, res.StatusCode))
	case strings.HasSuffix(kind, "html"):
		return Answer{}, ErrRefused.Because(errorf("%s: status %d, HTML instead of JSON", where, res.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBodyBytes+1))
	if err != nil {
		return Answer{}, ErrUnreachable.Because(errorf("%s: %w", where, withoutURL(err)))
	}
	if len(body) > maxBodyBytes {
		return Answer{}, ErrRefused.Because(errorf("%s: more than %d bytes", where, maxBodyBytes))
	}
	return Answer{Status: res.StatusCode, Body: body}, nil
}

func (c Call) request(ctx context.Context) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if c.Form != nil {
		method, body = http.MethodPost, strings.NewReader(c.Form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL, body)
	if err != nil {
		return nil, err
	}
	if c.Form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	accept := c.Accept
	if accept == "" {
		accept = "application/json"
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "tessera") // GitHub refuses calls without one
	if c.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.Bearer)
	}
	if c.User != "" {
		req.SetBasicAuth(url.QueryEscape(c.User), url.QueryEscape(c.Password))
	}
	return req, nil
}

// withoutURL takes the URL out of an error: its query may hold a secret.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// Object makes a call whose answer must be 200 and a JSON object. Faults:
// ErrUnreachable, ErrRefused.
func (c *Client) Object(ctx context.Context, call Call) (Object, error) {
	answer, err := c.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, ErrRefused.Because(errorf("status %d", answer.Status))
	}
	return DecodeObject(answer.Body)
}

// List is Object for an array of objects; other items are left out.
func (c *Client) List(ctx context.Context, call Call) ([]Object, error) {
	answer, err := c.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, ErrRefused.Because(errorf("status %d", answer.Status))
	}
	value, err := decodeJSON(answer.Body)
	if err != nil {
		return nil, err
	}
	items, ok := value.([]any)
	if !ok {
		return nil, ErrRefused.Because(errorf("the answer is not a JSON array"))
	}
	var list []Object
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			list = append(list, object)
		}
	}
	return list, nil
}

// Object is a JSON object of foreign origin. Its names are compared exactly,
// unlike those of a struct's fields in encoding/json, for which "SUB" would do
// as "sub". Numbers are json.Number.
type Object map[string]any

// DecodeObject reads one JSON object. Fault: ErrRefused.
func DecodeObject(body []byte) (Object, error) {
	value, err := decodeJSON(body)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, ErrRefused.Because(errorf("the answer is not a JSON object"))
	}
	return object, nil
}

func decodeJSON(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, ErrRefused.Because(errorf("the answer is not JSON"))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrRefused.Because(errorf("something follows the JSON value"))
	}
	return value, nil
}

// Text returns a string member, "" for all else.
func (o Object) Text(name string) string {
	s, _ := o[name].(string)
	return s
}

// Truth returns a boolean member; "true" counts, as some providers write it.
func (o Object) Truth(name string) bool {
	switch v := o[name].(type) {
	case bool:
		return v
	case string:
		return v == "true"
	}
	return false
}

// ID returns a positive whole number, written as a number or as digits, in
// decimal; "" for all else. It must not go through a float: ids pass 2^53.
func (o Object) ID(name string) string {
	var digits string
	switch v := o[name].(type) {
	case json.Number:
		digits = v.String()
	case string:
		digits = v
	}
	if digits == "" || len(digits) > 19 || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

// Pick returns the named members that are a truth value, a number or a short
// text: what is kept of a profile is what is listed, so that no token or key
// that a provider adds to it comes along.
func (o Object) Pick(names ...string) map[string]any {
	picked := map[string]any{}
	for _, name := range names {
		switch v := o[name].(type) {
		case bool, json.Number:
			picked[name] = v
		case string:
			if v != "" && len(v) <= maxURLBytes {
				picked[name] = v
			}
		}
	}
	return picked
}
