package testuser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tessera/fault"
)

const mailTimeout = 10 * time.Second

// MailAPI gets mailboxes for test users.
type MailAPI struct {
	cfg    MailAPIConfig
	client *http.Client
}

// NewMailAPI returns a client, or nil when no Mail API is configured. transport
// may be nil, for plain HTTP.
func NewMailAPI(cfg MailAPIConfig, transport http.RoundTripper) *MailAPI {
	if cfg.URL == "" {
		return nil
	}
	cfg.URL = strings.TrimRight(cfg.URL, "/")
	return &MailAPI{cfg: cfg, client: &http.Client{
		Transport: transport, Timeout: mailTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// key returns the key to use: the caller's own, else the configured one.
// Faults: ErrMailKeyMissing, and ErrValidation for what no header can carry.
func (m *MailAPI) key(own string) (string, error) {
	if own != "" {
		if strings.ContainsFunc(own, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "", fault.ErrValidation.On("mail_api_key", "must be printable ASCII without spaces")
		}
		return own, nil
	}
	if m.cfg.Key == "" {
		return "", ErrMailKeyMissing.On("mail_api_key", "is missing")
	}
	return m.cfg.Key, nil
}

// generate makes a mailbox called localPart and returns its address.
func (m *MailAPI) generate(ctx context.Context, key, localPart string) (string, error) {
	domain := m.cfg.Domain
	if domain == "" {
		var err error
		if domain, err = m.firstDomain(ctx, key); err != nil {
			return "", err
		}
	}
	var made struct {
		Email string `json:"email"`
	}
	err := m.call(ctx, key, http.MethodPost, "/api/emails/generate", map[string]any{
		"name": localPart, "expiryTime": m.cfg.Expiry.Milliseconds(), "domain": domain,
	}, &made)
	if err != nil {
		return "", err
	}
	email := strings.ToLower(strings.TrimSpace(made.Email))
	local, at, found := strings.Cut(email, "@")
	if !found || local == "" || !isDomain(at) || len(email) > 254 {
		return "", ErrMailAPIFailed.Saying("The Mail API answered without a usable address.")
	}
	return email, nil
}

// firstDomain asks which domains there are. The list comes as an array or as
// one string with commas.
func (m *MailAPI) firstDomain(ctx context.Context, key string) (string, error) {
	var config struct {
		EmailDomains domains `json:"emailDomains"`
		Domains      domains `json:"domains"`
	}
	if err := m.call(ctx, key, http.MethodGet, "/api/config", nil, &config); err != nil {
		return "", err
	}
	for _, domain := range append(config.EmailDomains, config.Domains...) {
		if isDomain(domain) {
			return domain, nil
		}
	}
	return "", ErrMailAPIFailed.Saying("The Mail API lists no domain; set test_users.mail_api.domain.")
}

type domains []string

// UnmarshalJSON implements json.Unmarshaler.
func (d *domains) UnmarshalJSON(data []byte) error {
	var joined string
	if json.Unmarshal(data, &joined) == nil {
		for domain := range strings.SplitSeq(joined, ",") {
			*d = append(*d, strings.ToLower(strings.TrimSpace(domain)))
		}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(d))
}

// errNameTaken is what the Mail API says of a mailbox that is there.
var errNameTaken = &refusal{status: http.StatusConflict, reason: "the mailbox is taken"}

func (m *MailAPI) call(ctx context.Context, key, method, path string, body, out any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, m.cfg.URL+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	if body == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-API-Key", key)
	status, header, answer, err := exchange(m.client, req)
	switch {
	case err != nil:
		return ErrMailAPIFailed.Saying("The Mail API did not answer.").Because(err)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return refusedKey(readRefusal(status, header, answer))
	case status == http.StatusConflict:
		return errNameTaken
	case status < 200 || status > 299:
		r := readRefusal(status, header, answer)
		return ErrMailAPIFailed.Saying("The Mail API answered %d: %s", status, r.reason).After(r.retryAfter)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return ErrMailAPIFailed.Saying("The Mail API answered %d with something that is not JSON.", status).Because(err)
	}
	return nil
}

func refusedKey(r *refusal) *fault.Fault {
	return ErrMailKeyRefused.Saying("The Mail API refused the key: %s", r.reason).
		On("mail_api_key", fmt.Sprintf("was refused with status %d", r.status))
}
