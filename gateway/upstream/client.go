package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tessera/gateway"
)

// Config is one upstream.
type Config struct {
	BaseURL    string `name:"base_url" doc:"Root of the API of an OpenAI-compatible server, as in https://api.openai.com/v1; empty = no model can be used."`
	APIKey     string `name:"api_key" secret:"true" doc:"Sent as a bearer token; empty = none."`
	Provider   string `default:"openai" doc:"What events call the operator of the server."`
	EndpointID string `name:"endpoint_id" default:"default" doc:"What events call this configuration."`

	ConnectTimeout   time.Duration `default:"10s" doc:"Longest wait for a connection, TLS included."`
	FirstByteTimeout time.Duration `default:"60s" doc:"Longest wait for the head of an answer."`
	IdleTimeout      time.Duration `default:"60s" doc:"Longest silence in the middle of a reply."`
	MaxEventBytes    int           `default:"1048576" unit:"bytes" doc:"Largest event of a reply."`
}

const (
	maxModelsBytes = 4 << 20
	maxErrorBytes  = 64 << 10
)

// Check reports everything that is wrong, each under the name of its field.
// What was given is not repeated: an address may hold a password.
func (c Config) Check(report func(field, message string)) {
	u, err := url.Parse(c.BaseURL)
	switch {
	case c.BaseURL == "":
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		report("base_url", "must be like https://api.openai.com/v1")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		report("base_url", "must not hold a user, a query or a fragment; the key has a field of its own")
	}
	if strings.ContainsFunc(c.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }) {
		report("api_key", "holds white space or characters that no header can")
	}
	for field, value := range map[string]time.Duration{
		"connect_timeout": c.ConnectTimeout, "first_byte_timeout": c.FirstByteTimeout, "idle_timeout": c.IdleTimeout,
		"max_event_bytes": time.Duration(c.MaxEventBytes),
	} {
		if value <= 0 {
			report(field, "must be more than 0")
		}
	}
}

func (c Config) validate() error {
	var errs []error
	c.Check(func(field, message string) { errs = append(errs, fmt.Errorf("upstream: %s %s", field, message)) })
	return errors.Join(errs...)
}

// Client is an OpenAI-compatible server. It is safe for concurrent use.
type Client struct {
	cfg  Config
	base string
	http *http.Client
}

var _ gateway.Upstream = (*Client)(nil)

// New returns a client with a connection pool of its own.
func New(cfg Config) (*Client, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: cfg.ConnectTimeout, KeepAlive: 30 * time.Second}
	return &Client{
		cfg: cfg, base: strings.TrimRight(cfg.BaseURL, "/"),
		http: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            dialer.DialContext,
				TLSHandshakeTimeout:    cfg.ConnectTimeout,
				ResponseHeaderTimeout:  cfg.FirstByteTimeout,
				ForceAttemptHTTP2:      true,
				MaxIdleConnsPerHost:    64,
				IdleConnTimeout:        90 * time.Second,
				DisableCompression:     true, // a compressed stream comes in lumps
				MaxResponseHeaderBytes: 64 << 10,
			},
		},
	}, nil
}

// Endpoint implements [gateway.Upstream].
func (c *Client) Endpoint() gateway.Endpoint {
	return gateway.Endpoint{ID: c.cfg.EndpointID, Provider: c.cfg.Provider}
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Models implements [gateway.Upstream].
func (c *Client) Models(ctx context.Context) ([]string, error) {
	res, err := c.send(ctx, http.MethodGet, "/models", nil, "", "application/json")
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := c.refused(res); err != nil {
		return nil, err
	}
	body, err := readAll(res.Body, maxModelsBytes)
	if err != nil {
		return nil, err
	}
	return modelNames(body)
}

func modelNames(body []byte) ([]string, error) {
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil || list.Data == nil {
		return nil, gateway.ErrUpstreamUnreadable.Because(fmt.Errorf("list of models: no JSON object with data: %w", errors.Join(err)))
	}
	names := make([]string, len(list.Data))
	for i, m := range list.Data {
		names[i] = m.ID
	}
	return names, nil
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, gateway.ErrUpstreamBrokeOff.Because(err)
	case int64(len(body)) > limit:
		return nil, gateway.ErrUpstreamUnreadable.Because(fmt.Errorf("more than %d bytes", limit))
	default:
		return body, nil
	}
}

// send makes a request and returns the answer, whatever its status.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader, requestID, accept string) (*http.Response, error) {
	if c.base == "" {
		return nil, gateway.ErrUpstreamNotConfigured
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("upstream request: %w", err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "tessera")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.cfg.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.cfg.APIKey)
	}
	if id := headerSafe(requestID); id != "" {
		req.Header.Set("X-Client-Request-Id", id)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unanswered(ctx, err)
	}
	return res, nil
}

// headerSafe is an id that came from outside, "" where no header can hold it.
func headerSafe(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return id
}

// unanswered names the reason why there is no answer.
func unanswered(ctx context.Context, err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err // without method and URL
	}
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("upstream call given up: %w", errors.Join(context.Cause(ctx), err))
	case isDial(err):
		return gateway.ErrUpstreamUnreachable.Because(err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return gateway.ErrUpstreamTimeout.Because(err)
	default:
		return gateway.ErrUpstreamUnreachable.Because(err)
	}
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
