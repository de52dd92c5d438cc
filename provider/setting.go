package provider

import (
	"net"
	"net/url"

	"tessera/fault"
)

// Report names a setting that cannot be used, as package config hands it to a
// Check method.
type Report func(field, message string)

// Checked runs a config's rules for a constructor: nil, or a validation fault
// that names every field.
func Checked(check func(report func(field, message string))) error {
	refused := fault.ErrValidation
	check(func(field, message string) { refused = refused.On(field, message) })
	if len(refused.Fields) > 0 {
		return refused
	}
	return nil
}

// CheckURL reports an address that is not https, or http on this machine.
func (r Report) CheckURL(field, raw string) {
	if message := urlProblem(raw); message != "" {
		r(field, message)
	}
}

// CheckPair reports a client id without a secret, or the other way round.
func (r Report) CheckPair(idField, id, secretField, secret string) {
	if id == "" && secret != "" {
		r(idField, "is required with "+secretField)
	}
	if id != "" && secret == "" {
		r(secretField, "is required with "+idField)
	}
}

// Required reports a setting that is missing.
func (r Report) Required(field, value string) {
	if value == "" {
		r(field, "is required")
	}
}

func urlProblem(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return "must be an absolute URL"
	case u.User != nil || u.Fragment != "" || u.RawQuery != "":
		return "must be a URL without user, query or fragment"
	case u.Scheme == "https", u.Scheme == "http" && IsLoopback(u.Hostname()):
		return ""
	}
	return "must begin with https:// (http:// is for this machine only)"
}

// IsLoopback reports whether a host name means this machine.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
