package providertest

import (
	"net/http"
	"net/url"
)

// Kind is what a simulator stands in for.
type Kind string

// Kinds.
const (
	OIDC    Kind = "oidc"
	Google  Kind = "google"
	GitHub  Kind = "github"
	LinuxDo Kind = "linuxdo"
	WeChat  Kind = "wechat"
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{OIDC, Google, GitHub, LinuxDo, WeChat} }

// protocol is how one kind speaks.
type protocol interface {
	routes(mux *http.ServeMux)
	// answer completes the callback's query for a decision.
	answer(request request, code string, allowed bool) url.Values
	// numericIDs reports whether people have whole numbers for names.
	numericIDs() bool
}

func (s *Simulator) newProtocol() protocol {
	switch s.kind {
	case GitHub:
		return github{s}
	case LinuxDo:
		return linuxdo{s}
	case WeChat:
		return wechat{s}
	}
	return oidc{s}
}

// StandsInFor is whom a simulator of this kind plays, for people.
func (k Kind) StandsInFor() string {
	switch k {
	case Google:
		return "Google"
	case GitHub:
		return "GitHub"
	case LinuxDo:
		return "LINUX DO Connect"
	case WeChat:
		return "微信 WeChat"
	}
	return "OpenID Connect"
}

// oauthAnswer is the callback of RFC 6749 section 4.1.2.
func oauthAnswer(r request, code string, allowed bool) url.Values {
	answer := url.Values{"state": {r.State}}
	if allowed {
		answer.Set("code", code)
		return answer
	}
	answer.Set("error", "access_denied")
	answer.Set("error_description", "The person cancelled (simulator)")
	return answer
}
