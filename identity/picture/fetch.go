package picture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Config is what an operator decides about fetching pictures.
type Config struct {
	// AllowedAddresses are exact: an address and its port, no names.
	AllowedAddresses []string      `doc:"Addresses beside public ones that pictures may be fetched from, as 10.0.0.7:443: a login provider on a network of your own. Users can then have this server ask them."`
	FetchTimeout     time.Duration `default:"5s" doc:"Longest time to fetch a picture, redirects included."`
}

// Check reports what cannot be used.
func (c *Config) Check(report func(field, message string)) {
	for _, raw := range c.AllowedAddresses {
		if _, err := netip.ParseAddrPort(raw); err != nil {
			report("allowed_addresses", fmt.Sprintf("%q must be an IP address and a port, as 10.0.0.7:443", raw))
		}
	}
	if c.FetchTimeout < time.Second || c.FetchTimeout > time.Minute {
		report("fetch_timeout", "must be between 1s and 1m")
	}
}

const (
	maxRedirects = 3
	maxURL       = 2048
)

var errRedirects = errors.New("picture: more than three redirects")

// Fetcher fetches pictures from addresses that strangers name. See the
// package's documentation. It is safe for concurrent use.
type Fetcher struct {
	encoder *Encoder
	client  *http.Client
	timeout time.Duration
}

// NewFetcher returns a fetcher for checked settings.
func NewFetcher(config Config, encoder *Encoder) *Fetcher {
	return newFetcher(config, encoder, ssrf.New(), nil)
}

// newFetcher is NewFetcher with another guard and resolver, for tests.
func newFetcher(config Config, encoder *Encoder, public *ssrf.Guardian, resolver *net.Resolver) *Fetcher {
	guard := guard{public: public}
	for _, raw := range config.AllowedAddresses {
		if at, err := netip.ParseAddrPort(raw); err == nil {
			guard.allowed = append(guard.allowed, at)
		}
	}
	dialer := &net.Dialer{Timeout: config.FetchTimeout, Control: guard.control, Resolver: resolver}
	return &Fetcher{encoder: encoder, timeout: config.FetchTimeout, client: &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would connect for us, unguarded
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    config.FetchTimeout,
			MaxResponseHeaderBytes: 32 << 10,
			DisableKeepAlives:      true,
			DisableCompression:     true,
		},
	}}
}

// guard decides about the address that is about to be connected to.
type guard struct {
	public  *ssrf.Guardian
	allowed []netip.AddrPort
}

// control is a net.Dialer's Control.
func (g guard) control(network, address string, conn syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err == nil && slices.Contains(g.allowed, at) {
		return nil
	}
	return g.public.Safe(network, address, conn)
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errRedirects
	}
	r.Header.Del("Referer")
	return checkURL(r.URL)
}

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Opaque != "", u.Hostname() == "":
		return ErrAddress.Saying("The address must begin with https:// or http://.")
	case u.User != nil:
		return ErrAddress.Saying("The address must not hold a user name.")
	}
	return nil
}

// Fetch gets the picture at an address and encodes it. Faults: ErrAddress,
// ErrUnreachable, and those of Encoder.Encode.
func (f *Fetcher) Fetch(ctx context.Context, address string) (Picture, error) {
	raw, err := f.get(ctx, address)
	if err != nil {
		return Picture{}, err
	}
	return f.encoder.Encode(ctx, raw)
}

func (f *Fetcher) get(ctx context.Context, address string) ([]byte, error) {
	if len(address) > maxURL {
		return nil, ErrAddress.Saying("The address is longer than %d bytes.", maxURL)
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return nil, ErrAddress // not because of err, which repeats the address
	}
	if err := checkURL(u); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, ErrAddress
	}
	r.Header.Set("Accept", "image/webp, image/png, image/jpeg, image/gif")
	r.Header.Set("User-Agent", "tessera")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, failure(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := checkAnswer(answer); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, MaxInput+1))
	if err != nil {
		return nil, failure(err)
	}
	if len(raw) > MaxInput {
		return nil, ErrTooLarge
	}
	return raw, nil
}

func checkAnswer(answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return ErrUnreachable.Saying("The picture could not be fetched: its server answered %d.", answer.StatusCode)
	}
	if answer.ContentLength > MaxInput {
		return ErrTooLarge
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch {
	case kind == "", kind == "application/octet-stream", kind == "binary/octet-stream", strings.HasPrefix(kind, "image/"):
		return nil
	}
	return ErrFormat.Saying("What is at the address says that it is %.60q and not a picture.", kind)
}

// failure is the fault of a call that failed. URLs stay out of it: a query may
// hold a key.
func failure(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case errors.Is(err, ErrAddress):
		return err
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return ErrAddress.Because(err)
	}
	return ErrUnreachable.Because(err)
}
