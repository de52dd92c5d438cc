package wechat

import (
	"tessera/fault"
	"tessera/provider"
)

// Channels of the provider.
const (
	ChannelMP   = "mp"   // inside WeChat's browser
	ChannelOpen = "open" // a QR code elsewhere
)

// Config is our one or two apps. Both must be bound to one open platform account.
type Config struct {
	OpenAppID     string `name:"open_app_id" doc:"AppID of the website application (网站应用), for QR codes; empty switches the channel off."`
	OpenAppSecret string `name:"open_app_secret" secret:"true" doc:"AppSecret of the website application."`
	MPAppID       string `name:"mp_app_id" doc:"AppID of the service account (公众号), for WeChat's own browser; empty switches the channel off."`
	MPAppSecret   string `name:"mp_app_secret" secret:"true" doc:"AppSecret of the service account."`
	OpenURL       string `name:"open_url" doc:"Where people confirm." default:"https://open.weixin.qq.com"`
	APIURL        string `name:"api_url" doc:"WeChat's API." default:"https://api.weixin.qq.com"`
}

// Check reports what cannot be used. An empty section is a provider that is off.
func (c Config) Check(report func(field, message string)) {
	r := provider.Report(report)
	if c.isOff() {
		return
	}
	r.CheckPair("open_app_id", c.OpenAppID, "open_app_secret", c.OpenAppSecret)
	r.CheckPair("mp_app_id", c.MPAppID, "mp_app_secret", c.MPAppSecret)
	r.CheckURL("open_url", c.OpenURL)
	r.CheckURL("api_url", c.APIURL)
}

func (c Config) isOff() bool {
	return c.OpenAppID == "" && c.OpenAppSecret == "" && c.MPAppID == "" && c.MPAppSecret == ""
}

// app is one of our apps with what WeChat has for its kind.
type app struct {
	id, secret  string
	page, scope string
}

// app returns the app of a channel. Fault: ErrChannelOff.
func (c Config) app(channel string) (app, error) {
	var a app
	switch channel {
	case ChannelMP:
		a = app{c.MPAppID, c.MPAppSecret, c.OpenURL + "/connect/oauth2/authorize", "snsapi_userinfo"}
	case ChannelOpen:
		a = app{c.OpenAppID, c.OpenAppSecret, c.OpenURL + "/connect/qrconnect", "snsapi_login"}
	}
	if a.id == "" {
		return app{}, ErrChannelOff
	}
	return a, nil
}

// check is Check for a provider that is to be used.
func (c Config) check() error {
	if c.isOff() {
		return fault.ErrValidation.On("open_app_id", "is required, or mp_app_id").On("mp_app_id", "is required, or open_app_id")
	}
	return provider.Checked(c.Check)
}
