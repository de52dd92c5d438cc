package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"tessera/provider"
)

// Check tries the credentials of each app. What WeChat says of a code that it
// never gave tells whether it knows the app and its secret.
func (p *Provider) Check(ctx context.Context, redirectURI string) error {
	var found []error
	for _, finding := range p.Examine(ctx, redirectURI) {
		if finding.Err != nil {
			found = append(found, fmt.Errorf("%s: %w", finding.Step, finding.Err))
		}
	}
	return errors.Join(found...)
}

// Examine is Check, app by app.
func (p *Provider) Examine(ctx context.Context, _ string) []provider.Finding {
	var findings []provider.Finding
	for _, channel := range p.Channels() {
		findings = append(findings, provider.Finding{
			Step: provider.StepCredentials + "_" + channel, Err: p.checkChannel(ctx, channel),
		})
	}
	return findings
}

func (p *Provider) checkChannel(ctx context.Context, channel string) error {
	a, err := p.config.app(channel)
	if err != nil {
		return err
	}
	_, err = p.call(ctx, "/sns/oauth2/access_token", url.Values{
		"appid": {a.id}, "secret": {a.secret}, "code": {"0000000000000000"}, "grant_type": {"authorization_code"},
	})
	var refused apiError
	switch {
	case err == nil:
		return provider.ErrUntrusted.Because(fmt.Errorf("wechat: a code was taken that nobody was given"))
	case errors.As(err, &refused) && badCodeCodes[refused.code]:
		return nil
	}
	return err
}
