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

// Config is one upstream. A zero duration or size takes the default.
type Config struct {
	// BaseURL is the root of its API, as in https://api.openai.com/v1.
	BaseURL string
	// APIKey is sent as a bearer token; "" = none. Secret.
	APIKey string
	// Provider names the operator of the server in events. Default "openai".
	Provider string
	// EndpointID names this configuration in events. Default "default".
	EndpointID string
	// ConnectTimeout bounds the connection, TLS included. Default 10 s.
	ConnectTimeout time.Duration
	// FirstByteTimeout bounds the wait for the answer's header. Default 60 s.
	FirstByteTimeout time.Duration
	// IdleTimeout bounds a silence in the middle of a reply. Default 60 s.
	IdleTimeout time.Duration
	// MaxEventBytes bounds one event of a reply. Default 1 MiB.
	MaxEventBytes int
}

const (
	maxModelsBytes = 4 << 20
	maxErrorBytes  = 64 << 10
)

func (c Config) withDefaults() Config {
	if c.Provider == "" {
		c.Provider = "openai"
	}
	if c.EndpointID == "" {
		c.EndpointID = "default"
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	if c.FirstByteTimeout == 0 {
		c.FirstByteTimeout = time.Minute
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = time.Minute
	}
	if c.MaxEventBytes == 0 {
		c.MaxEventBytes = 1 << 20
	}
	return c
}

// Validate reports everything that is wrong with the configuration at once.
func (c Config) Validate() error {
	var errs []error
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		// What was given may hold a password: it is not repeated.
		errs = append(errs, errors.New("upstream: base url: want one like https://api.openai.com/v1"))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		errs = append(errs, errors.New("upstream: base url: no user, query or fragment; the key has a field of its own"))
	}
	if strings.ContainsFunc(c.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }) {
		errs = append(errs, errors.New("upstream: api key: holds white space or characters that no header can"))
	}
	if c.ConnectTimeout < 0 || c.FirstByteTimeout < 0 || c.IdleTimeout < 0 || c.MaxEventBytes < 0 {
		errs = append(errs, errors.New("upstream: a timeout or size is negative"))
	}
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
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
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
