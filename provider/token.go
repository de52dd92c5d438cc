package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// TokenCall is one authorization code to redeem (RFC 6749 section 4.1.3).
type TokenCall struct {
	Endpoint     string
	ClientID     string
	ClientSecret string // "" = a public client
	InBody       bool   // name the client in the body instead of HTTP Basic
	Code         string
	Verifier     string
	RedirectURI  string
}

// Token redeems a code for the provider's token answer, in which there is an
// access_token of type Bearer. Faults: ErrUnreachable, ErrRefused,
// ErrCredentials when it is the client and not the code that is refused.
func (c *Client) Token(ctx context.Context, t TokenCall) (Object, error) {
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {t.Code},
		"redirect_uri":  {t.RedirectURI},
		"code_verifier": {t.Verifier},
	}
	call := Call{URL: t.Endpoint, Form: form}
	if t.InBody || t.ClientSecret == "" {
		form.Set("client_id", t.ClientID)
		if t.ClientSecret != "" {
			form.Set("client_secret", t.ClientSecret)
		}
	} else {
		call.User, call.Password = t.ClientID, t.ClientSecret
	}
	answer, err := c.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	return tokenAnswer(answer)
}

func tokenAnswer(answer Answer) (Object, error) {
	object, err := DecodeObject(answer.Body)
	if err != nil {
		if answer.Status == http.StatusUnauthorized {
			return nil, ErrCredentials.Because(errorf("status %d", answer.Status))
		}
		return nil, err
	}
	// GitHub answers 200 with an error inside, so the error comes first.
	if code := object.Text("error"); code != "" {
		return nil, tokenRefusal(code)
	}
	if answer.Status < 200 || answer.Status > 299 {
		return nil, ErrRefused.Because(errorf("the token endpoint answered status %d", answer.Status))
	}
	if object.Text("access_token") == "" {
		return nil, ErrRefused.Because(errorf("the token answer has no access_token"))
	}
	if kind := object.Text("token_type"); !strings.EqualFold(kind, "Bearer") {
		return nil, ErrRefused.Because(errorf("the token is of type %s, not Bearer", clip(kind)))
	}
	return object, nil
}

// tokenRefusal is the fault of a token endpoint's error code. Nobody is asked
// anything there, so nothing of it is a person's refusal.
func tokenRefusal(code string) error {
	cause := grantError{code}
	switch code {
	case "invalid_client", "unauthorized_client", "incorrect_client_credentials":
		return ErrCredentials.Because(cause)
	case "server_error", "temporarily_unavailable":
		return ErrUnreachable.Because(cause)
	}
	return ErrRefused.Because(cause)
}

// grantError is an error code of a token endpoint.
type grantError struct{ code string }

func (e grantError) Error() string { return "provider: token endpoint: error code " + clip(e.code) }

// Probe presents a code that nobody was given, and returns nil when the
// provider finds fault with the code alone. Faults: as of [Client.Token].
func (c *Client) Probe(ctx context.Context, t TokenCall) error {
	t.Code, t.Verifier = "0000000000000000", strings.Repeat("0", 43)
	_, err := c.Token(ctx, t)
	var refused grantError
	switch {
	case err == nil:
		return ErrUntrusted.Because(errorf("the token endpoint took a code that nobody was given"))
	case errors.As(err, &refused) && (refused.code == "invalid_grant" || refused.code == "bad_verification_code"):
		return nil
	}
	return err
}
