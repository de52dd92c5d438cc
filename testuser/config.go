package testuser

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config is what an operator decides about test users.
type Config struct {
	Enabled    Switch        `name:"enabled" doc:"Offer test users to administrators: on, off, or auto, which is on except in production." default:"auto"`
	Prefixes   []string      `name:"prefixes" doc:"Names that test users may begin with; a number follows." default:"gymbro-test"`
	MailDomain string        `name:"mail_domain" doc:"Domain of test users' addresses where no Mail API is configured. Nobody should receive mail there." default:"test.tessera.example"`
	MailAPI    MailAPIConfig `name:"mail_api" doc:"A service that gives test users real mailboxes."`
}

// MailAPIConfig says where test users get mailboxes.
type MailAPIConfig struct {
	URL    string        `name:"url" doc:"Base URL of the Mail API, without /api; empty = test users get addresses at mail_domain." default:""`
	Key    string        `name:"key" doc:"X-API-Key for it; a call may bring its own." secret:"true" default:""`
	Domain string        `name:"domain" doc:"Preferred domain of mailboxes; empty = the first that the Mail API lists." default:""`
	Expiry time.Duration `name:"expiry" doc:"Life of a mailbox." default:"1h"`
}

// Check reports what is wrong with the configuration.
func (c Config) Check(report func(field, message string)) {
	if len(c.Prefixes) == 0 {
		report("prefixes", "must name at least one prefix")
	}
	for _, prefix := range c.Prefixes {
		if !isPrefix(prefix) {
			report("prefixes", fmt.Sprintf("%q must be lower-case letters and digits, joined by -, at most 40", prefix))
		}
	}
	if !isDomain(c.MailDomain) {
		report("mail_domain", fmt.Sprintf("%q is not a domain", c.MailDomain))
	}
	if c.MailAPI.URL != "" {
		u, err := url.Parse(c.MailAPI.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
			report("mail_api.url", "must be an http or https URL without user and password")
		}
	}
	if c.MailAPI.Expiry < 0 {
		report("mail_api.expiry", "must not be negative")
	}
}

// Switch is on, off, or auto.
type Switch string

// Positions of a switch.
const (
	Auto Switch = "auto"
	On   Switch = "on"
	Off  Switch = "off"
)

// UnmarshalText reads on, off and auto, and true and false for the first two.
func (s *Switch) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "on", "true":
		*s = On
	case "off", "false":
		*s = Off
	case "auto", "":
		*s = Auto
	default:
		return fmt.Errorf("want on, off or auto; got %q", text)
	}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (s Switch) MarshalText() ([]byte, error) { return []byte(s), nil }

// IsOn reports the position, where auto means on except in production.
func (s Switch) IsOn(isProduction bool) bool {
	return s == On || s != Off && !isProduction
}
