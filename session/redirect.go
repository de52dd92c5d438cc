package session

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Redirects decides where a browser may be sent after a flow. Nothing else
// does. It is fixed configuration: safe for concurrent use.
type Redirects struct {
	external *url.URL // our own public origin
	site     *url.URL // where flows go without a wish of their own
	allowed  []*regexp.Regexp
	pages    bool
}

// NewRedirects returns the checker. externalURL is our own public URL, siteURL
// the app's (may be ours too). patterns are allow-listed URLs in which "*"
// stands for any part of a segment and "**" for anything, within the host or
// the path where it stands; hasPages says that
// our own web pages are there to take up mail links.
func NewRedirects(externalURL, siteURL string, patterns []string, hasPages bool) (*Redirects, error) {
	r := &Redirects{pages: hasPages}
	var err error
	if r.external, err = parseOrigin(externalURL); err != nil {
		return nil, fmt.Errorf("external url: %w", err)
	}
	if r.site, err = parseOrigin(siteURL); err != nil {
		return nil, fmt.Errorf("site url: %w", err)
	}
	for _, p := range patterns {
		re, err := globPattern(p)
		if err != nil {
			return nil, fmt.Errorf("redirect pattern %q: %w", p, err)
		}
		r.allowed = append(r.allowed, re)
	}
	return r, nil
}

func parseOrigin(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is not an http(s) URL", raw)
	}
	return u, nil
}

// globPattern compiles an allow-list entry. "." and "/" separate segments, so
// that https://*.example.com does not match https://evil.com/x.example.com. In
// the host no star matches what would end it: else https://3627734734?.example.com
// (an address in one number, and a query) would be a host of example.com.
func globPattern(glob string) (*regexp.Regexp, error) {
	scheme, rest, ok := strings.Cut(glob, "://")
	if !ok {
		return nil, errors.New("want scheme://host/path")
	}
	host, path := rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		host, path = rest[:slash], rest[slash:]
	}
	return regexp.Compile("^" + stars(scheme, `[^./:?#]*`, `[^./:?#]*`) + "://" +
		stars(host, `[^./?#@:\[\]]*`, `[^/?#@:\[\]]*`) + stars(path, `[^./?#]*`, `.*`) + "$")
}

// stars turns "*" and "**" into what they match, and quotes the rest.
func stars(glob, one, two string) string {
	var b strings.Builder
	for rest := glob; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**"):
			b.WriteString(two)
			rest = rest[2:]
		case rest[0] == '*':
			b.WriteString(one)
			rest = rest[1:]
		default:
			next := strings.IndexByte(rest, '*')
			if next < 0 {
				next = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:next]))
			rest = rest[next:]
		}
	}
	return b.String()
}

// Resolve returns where to go for what a client asked: the wish itself where
// it is allowed, and the site otherwise. It never fails: client libraries send
// addresses outside the list and expect to be served.
func (r *Redirects) Resolve(wish string) string {
	if target, ok := r.Check(wish); ok {
		return target
	}
	return r.site.String()
}

// Check reports whether a wish is allowed, and returns it in absolute form. A
// wish is a route of our own ("/home") or an absolute URL of the site's
// origin, of ours, or on the allow-list.
func (r *Redirects) Check(wish string) (string, bool) {
	if wish == "" || len(wish) > 2048 || strings.ContainsFunc(wish, isUnsafeInURL) {
		return "", false
	}
	if strings.HasPrefix(wish, "/") {
		route, ok := ownRoute(wish)
		if !ok {
			return "", false
		}
		return r.base() + route, true
	}
	u, err := url.Parse(wish)
	if err != nil || u.Scheme == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	u.Fragment, u.RawFragment = "", ""
	if sameOrigin(u, r.external) || sameOrigin(u, r.site) {
		return u.String(), true
	}
	if u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "vbscript" || u.Scheme == "file" {
		return "", false
	}
	if hasDotSegment(u.EscapedPath()) {
		return "", false
	}
	for _, re := range r.allowed {
		if re.MatchString(u.String()) {
			return u.String(), true
		}
	}
	return "", false
}

// hasDotSegment finds what would lead out of the folder that a pattern allows:
// browsers resolve "..", spelled with percent signs too, after we have looked.
func hasDotSegment(escapedPath string) bool {
	for segment := range strings.SplitSeq(escapedPath, "/") {
		plain := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
		if plain == "." || plain == ".." {
			return true
		}
	}
	return false
}

// isUnsafeInURL finds what browsers drop or turn into something else:
// controls, spaces, backslashes, and letters that are not ASCII.
func isUnsafeInURL(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f }

// ownRoute normalises a route of our own pages. "//host" and "/\host" are
// other hosts to a browser.
func ownRoute(wish string) (string, bool) {
	u, err := url.Parse(wish)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return "", false
	}
	decoded := u.Path
	if strings.HasPrefix(decoded, "//") || strings.ContainsFunc(decoded, func(c rune) bool { return c < ' ' || c == '\\' }) {
		return "", false
	}
	route := (&url.URL{Path: path.Clean(decoded), RawQuery: u.RawQuery}).String()
	return route, strings.HasPrefix(route, "/") && !strings.HasPrefix(route, "//")
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// IsOurs reports whether an allowed target is one of our own pages.
func (r *Redirects) IsOurs(target string) bool {
	u, err := url.Parse(target)
	return err == nil && sameOrigin(u, r.external)
}

// MailLink is the link that a mail holds. For flows that our own pages began
// it opens them; for others, a plain page of ours with one button. Either
// way, opening it consumes nothing.
func (r *Redirects) MailLink(tok string, kind Kind, redirectTo string, isPKCE bool) string {
	if r.pages && !isPKCE && r.IsOurs(redirectTo) {
		u, err := url.Parse(redirectTo)
		if err == nil {
			return r.base() + "/auth/confirm?" + query("token_hash", tok, "type", linkTypeOf(kind), "next", (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String())
		}
	}
	return r.VerifyLink(tok, linkTypeOf(kind), redirectTo)
}

// VerifyLink is the link that GoTrue's clients and templates know.
func (r *Redirects) VerifyLink(tok, linkType, redirectTo string) string {
	return r.base() + "/auth/v1/verify?" + query("token", tok, "type", linkType, "redirect_to", redirectTo)
}

func (r *Redirects) base() string { return r.external.Scheme + "://" + r.external.Host }

// linkTypeOf is the type that clients know a kind by.
func linkTypeOf(kind Kind) string {
	if kind == KindEmailChangeCurrent || kind == KindEmailChangeNew {
		return "email_change"
	}
	return string(kind)
}

// With returns target with the pairs added to its query.
func (r *Redirects) With(target string, pairs ...string) string {
	u, err := url.Parse(target)
	if err != nil {
		return r.site.String()
	}
	values := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	u.RawQuery = values.Encode()
	return u.String()
}
