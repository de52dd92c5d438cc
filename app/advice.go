package app

import (
	"net"
	"strings"
)

// advice is what an operator should know about settings that work, and perhaps
// not as they think.
func advice(c Config, listening net.Addr) []string {
	var out []string
	host, _, _ := net.SplitHostPort(listening.String())
	ip := net.ParseIP(host)
	if c.Site.ExternalURL == "" && (ip == nil || !ip.IsLoopback()) {
		out = append(out, "site.external_url is not set: links in mails and the issuer of tokens name "+
			"this machine only, and setting it later ends every session")
	}
	if strings.HasPrefix(c.Site.ExternalURL, "http://") && c.Environment == "production" && !isLoopbackURL(c.Site.ExternalURL) {
		out = append(out, "site.external_url is plain http: passwords and tokens can be read on the way")
	}
	if !c.Mail.Enabled() && !c.Auth.Accounts.Autoconfirm && c.Auth.Mode == modeEmbedded {
		out = append(out, "mail.host is not set: sign-ups and password resets are refused; "+
			"set it, or auth.autoconfirm where addresses need no proof")
	}
	if c.Coordination.URL == "" && strings.HasPrefix(c.databaseURL(), "postgres") {
		out = append(out, "coordination.url is not set: run one replica only, for limits and streams are counted in this process")
	}
	if c.Gateway.Upstream.BaseURL == "" {
		out = append(out, "gateway.upstream.base_url is not set: no model can be used")
	}
	return out
}

func isLoopbackURL(raw string) bool {
	host := strings.TrimPrefix(raw, "http://")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
