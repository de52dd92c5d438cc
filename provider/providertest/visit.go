package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// WeChatUserAgent is how WeChat's own browser names itself.
const WeChatUserAgent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0.50"

// Choice is what a visitor does on the consent page.
type Choice struct {
	Person    string  // the ID of one of People; "" = the first
	Else      *Person // somebody else instead
	Cancel    bool
	Fault     string // of those offered by hand
	UserAgent string
}

// Visit goes to an authorization URL as a browser without scripts does, decides
// on the consent page, and returns where it is sent: the callback's URL, which
// it does not open.
func Visit(ctx context.Context, authURL string, c Choice) (*url.URL, error) {
	client := &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	start, err := step(ctx, client, http.MethodGet, authURL, nil, c.UserAgent)
	if err != nil {
		return nil, err
	}
	if start.status != http.StatusSeeOther {
		return nil, fmt.Errorf("provider simulator: %d: %s", start.status, start.body)
	}
	page, err := step(ctx, client, http.MethodGet, start.location.String(), nil, c.UserAgent)
	if err != nil {
		return nil, err
	}
	if page.status != http.StatusOK || !strings.Contains(page.body, "<form") {
		return nil, fmt.Errorf("provider simulator: no consent page: %d: %s", page.status, page.body)
	}
	done, err := step(ctx, client, http.MethodPost, start.location.String(), c.form(), c.UserAgent)
	if err != nil {
		return nil, err
	}
	if done.location == nil {
		return nil, fmt.Errorf("provider simulator: no redirect: %d: %s", done.status, done.body)
	}
	return done.location, nil
}

func (c Choice) form() url.Values {
	form := url.Values{"decision": {"allow"}, "fault": {c.Fault}, "person": {c.Person}}
	if c.Person == "" {
		form.Set("person", People()[0].ID)
	}
	if p := c.Else; p != nil {
		form.Set("person", somebodyElse)
		form.Set("id", p.ID)
		form.Set("username", p.Username)
		form.Set("nickname", p.Nickname)
		form.Set("email", p.Email)
		if p.EmailVerified {
			form.Set("email_verified", "on")
		}
		if !p.NoAvatar {
			form.Set("avatar", "on")
		}
	}
	if c.Cancel {
		form.Set("decision", "cancel")
	}
	return form
}

type visited struct {
	status   int
	location *url.URL // nil = none
	body     string
}

func step(ctx context.Context, client *http.Client, method, address string, form url.Values, userAgent string) (visited, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return visited{}, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("User-Agent", userAgent)
	res, err := client.Do(req)
	if err != nil {
		return visited{}, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return visited{}, err
	}
	location, err := res.Location()
	if err != nil && !errors.Is(err, http.ErrNoLocation) {
		return visited{}, err
	}
	return visited{status: res.StatusCode, location: location, body: string(body)}, nil
}
