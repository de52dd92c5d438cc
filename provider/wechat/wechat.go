package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"tessera/provider"
)

// Type is the adapter's name.
const Type = "wechat"

// Provider signs people in with WeChat. It is safe for concurrent use.
type Provider struct {
	config Config
	client *provider.Client
}

// New returns the provider. Fault: a validation fault that names the settings.
func New(config Config, rt provider.Runtime) (*Provider, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config.OpenURL, config.APIURL = strings.TrimSuffix(config.OpenURL, "/"), strings.TrimSuffix(config.APIURL, "/")
	return &Provider{config: config, client: provider.NewClient(rt)}, nil
}

// Channels returns the channels that are configured.
func (p *Provider) Channels() []string {
	var channels []string
	for _, channel := range []string{ChannelMP, ChannelOpen} {
		if _, err := p.config.app(channel); err == nil {
			channels = append(channels, channel)
		}
	}
	return channels
}

// ChannelFor returns the channel for a browser: WeChat's own says so in its
// User-Agent.
func ChannelFor(userAgent string) string {
	if strings.Contains(userAgent, "MicroMessenger/") {
		return ChannelMP
	}
	return ChannelOpen
}

// AuthURL returns where the browser goes: start.Channel is "mp" or "open".
// Fault: ErrChannelOff.
func (p *Provider) AuthURL(_ context.Context, start provider.Start) (string, error) {
	if err := start.Check(); err != nil {
		return "", err
	}
	a, err := p.config.app(start.Channel)
	if err != nil {
		return "", err
	}
	// Written out, since the order is WeChat's and url.Values has its own.
	return a.page + "?appid=" + url.QueryEscape(a.id) + "&redirect_uri=" + url.QueryEscape(start.RedirectURI) +
		"&response_type=code&scope=" + a.scope + "&state=" + start.State + "#wechat_redirect", nil
}

// Exchange redeems the code and reads who came. Faults: ErrDenied,
// ErrUnreachable, ErrRefused, ErrCredentials, ErrUntrusted, ErrUnionIDMissing,
// ErrSnapshotUser, ErrChannelOff.
func (p *Provider) Exchange(ctx context.Context, back provider.Return) (provider.Person, error) {
	none := provider.Person{}
	a, err := p.config.app(back.Channel)
	if err != nil {
		return none, err
	}
	if !back.Query.Has("code") && !back.Query.Has("error") {
		return none, provider.ErrDenied.Because(fmt.Errorf("wechat: the callback has no code"))
	}
	code, err := back.Code()
	if err != nil {
		return none, err
	}
	token, err := p.call(ctx, "/sns/oauth2/access_token", url.Values{
		"appid": {a.id}, "secret": {a.secret}, "code": {code}, "grant_type": {"authorization_code"},
	})
	if err != nil {
		return none, err
	}
	if isSnapshot(token) {
		return none, ErrSnapshotUser
	}
	user, err := p.call(ctx, "/sns/userinfo", url.Values{
		"access_token": {token.Text("access_token")}, "openid": {token.Text("openid")}, "lang": {"zh_CN"},
	})
	if err != nil {
		return none, err
	}
	person, err := personOf(token, user, provider.Channel{Name: back.Channel, AppID: a.id})
	if err != nil {
		return none, err
	}
	return person.Vetted()
}

func isSnapshot(token provider.Object) bool {
	return token["is_snapshotuser"] == json.Number("1") || token.Truth("is_snapshotuser")
}

// personOf puts together what both calls said. Faults: ErrUntrusted when they
// contradict each other, ErrUnionIDMissing.
func personOf(token, user provider.Object, channel provider.Channel) (provider.Person, error) {
	channel.Subject = token.Text("openid")
	if channel.Subject == "" || user.Text("openid") != channel.Subject {
		return provider.Person{}, provider.ErrUntrusted.Because(fmt.Errorf("wechat: the two answers speak of different openids"))
	}
	unionID := user.Text("unionid")
	if first := token.Text("unionid"); first != "" {
		if unionID != "" && unionID != first {
			return provider.Person{}, provider.ErrUntrusted.Because(fmt.Errorf("wechat: the two answers speak of different unionids"))
		}
		unionID = first
	}
	if unionID == "" {
		return provider.Person{}, ErrUnionIDMissing
	}
	return provider.Person{
		Subject: unionID, Nickname: user.Text("nickname"), AvatarURL: user.Text("headimgurl"),
		Channels: []provider.Channel{channel}, Claims: map[string]any{"channel": channel.Name},
	}, nil
}

// call asks WeChat's API. Faults: ErrUnreachable, ErrRefused, ErrCredentials.
func (p *Provider) call(ctx context.Context, path string, query url.Values) (provider.Object, error) {
	answer, err := p.client.Object(ctx, provider.Call{URL: p.config.APIURL + path + "?" + query.Encode()})
	if err != nil {
		return nil, err
	}
	return answer, answerFault(answer)
}

// apiError is an errcode of WeChat's. Its errmsg is not kept: it may repeat
// what was sent.
type apiError struct{ code string }

func (e apiError) Error() string { return "wechat: errcode " + e.code }

// Codes of WeChat's that mean something of their own to us; all others are a refusal.
var (
	busyCodes       = map[string]bool{"-1": true, "45009": true, "45011": true} // busy; too often
	credentialCodes = map[string]bool{"40001": true, "40013": true, "40125": true, "41002": true, "41004": true}
	badCodeCodes    = map[string]bool{"40029": true, "40163": true, "41008": true} // of the code itself
)

func answerFault(answer provider.Object) error {
	number, there := answer["errcode"]
	if !there || number == json.Number("0") {
		return nil
	}
	cause := apiError{fmt.Sprintf("%.20v", number)}
	switch {
	case busyCodes[cause.code]:
		return provider.ErrUnreachable.Because(cause)
	case credentialCodes[cause.code]:
		return provider.ErrCredentials.Because(cause)
	}
	return provider.ErrRefused.Because(cause)
}
