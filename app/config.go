package app

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"tessera/app/config"
	"tessera/gateway"
	"tessera/gateway/upstream"
	"tessera/httpapi"
	"tessera/httpapi/console"
	"tessera/httpapi/gotrue"
	"tessera/identity"
	"tessera/identity/picture"
	"tessera/mail"
	"tessera/session"
	"tessera/session/token"
	"tessera/testuser"
)

// envPrefix begins every environment variable of ours.
const envPrefix = "TESSERA"

// reserved are variables under the prefix that are not settings.
var reserved = []string{"TESSERA_CONFIG", "TESSERA_VERSION", "TESSERA_URL", "TESSERA_TEST_REQUIRE_ALL"}

// Config is everything that an operator sets before the start.
type Config struct {
	Environment string `default:"production" doc:"production or development. In development a missing secret key is made and kept in the data directory."`
	DataDir     string `default:"data" doc:"Where the SQLite database is kept, and in development the secret key."`
	SecretKey   string `secret:"true" doc:"The key that seals what is stored and from which all other keys are derived: 32 random bytes in base64, as made by openssl rand -base64 32. Whoever loses it logs everybody out and cannot open what was sealed."`

	Site         SiteConfig
	HTTP         HTTPConfig
	Database     DatabaseConfig
	Coordination CoordinationConfig
	Auth         AuthConfig
	Supabase     SupabaseConfig
	Providers    ProvidersConfig
	Pictures     picture.Config
	API          APIConfig `name:"api"`
	Mail         mail.Config
	Gateway      GatewayConfig
	TestUsers    testuser.Config
	Metrics      MetricsConfig
	Log          LogConfig
	Tracing      TracingConfig
}

// SiteConfig is who we are to people.
type SiteConfig struct {
	Name        string `default:"Tessera" doc:"The site's name, in pages and mails."`
	ExternalURL string `name:"external_url" doc:"Where browsers reach this server, as https://id.example.com. Links in mails, the issuer of tokens and cookies follow from it. Empty: the address listened on, which suits one machine only."`
	AppURL      string `name:"app_url" doc:"Where flows end that name no target of their own. Empty: external_url."`
	// AllowedRedirects are for SDK clients; our own pages are always allowed.
	AllowedRedirects []string `doc:"Other URLs that a flow may end at, as https://app.example.com/** (* within a segment, ** across)."`
}

// HTTPConfig is how requests come in.
type HTTPConfig struct {
	Addr            string        `default:"127.0.0.1:8080" unit:"host:port" doc:"Where to listen. Port 0 takes a free one."`
	TrustedProxies  []string      `doc:"Addresses and CIDR blocks whose X-Forwarded-For and X-Forwarded-Proto are believed; loopback and private name those blocks."`
	MaxBodyBytes    int64         `default:"8388608" unit:"bytes" doc:"Largest request body of any route; most take less."`
	ReadTimeout     time.Duration `default:"30s" doc:"Longest time to read a request."`
	IdleTimeout     time.Duration `default:"2m" doc:"How long an idle connection is kept."`
	ShutdownTimeout time.Duration `default:"20s" doc:"How long requests may go on after the order to stop."`
}

// DatabaseConfig is where data is kept.
type DatabaseConfig struct {
	URL      string `name:"url" secret:"url" doc:"sqlite:PATH or postgres://user:password@host/name. Empty: sqlite in the data directory."`
	MaxConns int    `default:"16" doc:"Most connections to PostgreSQL."`
}

// CoordinationConfig is where replicas agree.
type CoordinationConfig struct {
	URL string `name:"url" secret:"url" doc:"redis://[:password@]host:port/db, for several replicas. Empty: in this process."`
}

// AuthConfig is who may sign in and how.
type AuthConfig struct {
	Mode              string          `default:"embedded" doc:"Where our pages sign in: embedded (this server) or supabase (the project of the section supabase)."`
	Accounts          identity.Config `inline:"true"`
	Sessions          session.Config  `inline:"true"`
	Surface           gotrue.Config   `inline:"true"`
	Passkeys          identity.PasskeyConfig
	LegacyHS256Secret string           `name:"legacy_hs256_secret" secret:"true" doc:"JWT secret of a Supabase project that moved here: its HS256 tokens and API keys stay valid."`
	Issuers           []IssuerSettings `doc:"Further issuers whose access tokens are accepted."`
}

// IssuerSettings is one trusted issuer.
type IssuerSettings struct {
	Issuer      string   `doc:"The exact iss of its tokens."`
	JWKSURL     string   `name:"jwks_url" doc:"Where its keys are. Empty: issuer with /.well-known/jwks.json."`
	Audiences   []string `doc:"Accepted aud values. Empty: authenticated."`
	Algorithms  []string `doc:"Accepted algorithms. Empty: ES256, RS256, EdDSA, and HS256 with a secret."`
	HS256Secret string   `name:"hs256_secret" secret:"true" doc:"Secret shared with an issuer that signs with HS256."`
}

// SupabaseConfig is a Supabase project beside or in place of our own accounts.
type SupabaseConfig struct {
	URL            string `name:"url" doc:"The project's URL, as https://abc.supabase.co. Its tokens are then trusted, in either mode."`
	AnonKey        string `doc:"The project's public (anon or publishable) key, given to pages in supabase mode."`
	JWTSecret      string `name:"jwt_secret" secret:"true" doc:"The project's legacy JWT secret, where it still signs with HS256."`
	ServiceRoleKey string `secret:"true" doc:"The project's service_role key, for test users in supabase mode only."`
}

// APIConfig is /api/v1.
type APIConfig struct {
	Limits console.RateLimits `name:"rate_limits"`
}

// GatewayConfig is access to models.
type GatewayConfig struct {
	Messages gateway.Config `inline:"true"`
	Upstream upstream.Config
}

// LoadConfig reads the configuration: defaults, then the file (the argument, or
// TESSERA_CONFIG), then the environment. Its error lists all problems.
func LoadConfig(file string, environ []string) (Config, error) {
	if file == "" {
		for _, pair := range environ {
			if value, ok := strings.CutPrefix(pair, envPrefix+"_CONFIG="); ok {
				file = value
			}
		}
	}
	var c Config
	err := config.Load(&c, config.Source{Prefix: envPrefix, File: file, Environ: environ, Reserved: reserved})
	return c, err
}

// Check implements the rules that concern the whole.
func (c *Config) Check(report func(field, message string)) {
	if c.Environment != "production" && c.Environment != "development" {
		report("environment", "must be production or development")
	}
	if c.DataDir == "" {
		report("data_dir", "must not be empty")
	}
	if c.Auth.Mode == modeSupabase {
		if c.Supabase.URL == "" {
			report("supabase.url", "must be set in supabase mode")
		}
		if c.Supabase.AnonKey == "" {
			report("supabase.anon_key", "must be set in supabase mode")
		}
	}
}

const (
	modeEmbedded = "embedded"
	modeSupabase = "supabase"
)

// Check implements the rules of this section.
func (c *SiteConfig) Check(report func(field, message string)) {
	if strings.TrimSpace(c.Name) == "" || strings.ContainsAny(c.Name, "\r\n") {
		report("name", "must be one line of text")
	}
	if c.ExternalURL != "" && !isOrigin(c.ExternalURL) {
		report("external_url", "must be an http or https URL without path, query or user, as https://id.example.com")
	}
	if c.AppURL != "" && !isWebURL(c.AppURL) {
		report("app_url", "must be an http or https URL")
	}
	if _, err := session.NewRedirects("http://localhost", "http://localhost", c.AllowedRedirects, false); err != nil {
		report("allowed_redirects", err.Error())
	}
}

// Check implements the rules of this section.
func (c *HTTPConfig) Check(report func(field, message string)) {
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		report("addr", "must be HOST:PORT, as 127.0.0.1:8080")
	}
	if _, err := httpapi.ParseProxies(c.TrustedProxies); err != nil {
		report("trusted_proxies", err.Error())
	}
	if c.MaxBodyBytes < 1<<20 {
		report("max_body_bytes", "must be 1048576 at least")
	}
	for field, d := range map[string]time.Duration{
		"read_timeout": c.ReadTimeout, "idle_timeout": c.IdleTimeout, "shutdown_timeout": c.ShutdownTimeout,
	} {
		if d < time.Second {
			report(field, "must be 1s at least")
		}
	}
}

// Check implements the rules of this section.
func (c *DatabaseConfig) Check(report func(field, message string)) {
	scheme, _, _ := strings.Cut(c.URL, ":")
	if c.URL != "" && scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql" {
		report("url", "must be sqlite:PATH or postgres://...")
	}
	if c.MaxConns < 2 {
		report("max_conns", "must be 2 at least")
	}
}

// Check implements the rules of this section.
func (c *AuthConfig) Check(report func(field, message string)) {
	if c.Mode != modeEmbedded && c.Mode != modeSupabase {
		report("mode", "must be embedded or supabase")
	}
	if c.Accounts.PasswordMinLength < 6 {
		report("password_min_length", "must be 6 at least")
	}
	if c.Accounts.PasswordHashWait < time.Second || c.Accounts.PasswordHashWait > 5*time.Minute {
		report("password_hash_wait", "must be between 1s and 5m")
	}
	if c.Sessions.AccessTTL < time.Minute || c.Sessions.AccessTTL > 24*time.Hour {
		report("access_token_ttl", "must be between 1m and 24h")
	}
	if c.Sessions.ReauthenticateAfter < 0 {
		report("reauthenticate_after", "must be 0s or more")
	}
	if c.LegacyHS256Secret != "" && len(c.LegacyHS256Secret) < 32 {
		report("legacy_hs256_secret", "must have 32 bytes at least")
	}
}

// Check implements the rules of this section.
func (c *SupabaseConfig) Check(report func(field, message string)) {
	if c.URL != "" && !isOrigin(c.URL) {
		report("url", "must be the project's URL without a path, as https://abc.supabase.co")
	}
	if c.URL == "" && (c.AnonKey != "" || c.JWTSecret != "" || c.ServiceRoleKey != "") {
		report("url", "must be set when the project's keys are")
	}
}

func isOrigin(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && isWebURL(raw) && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

func isWebURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// databaseURL is the configured one, or the file in the data directory.
func (c Config) databaseURL() string {
	if c.Database.URL != "" {
		return c.Database.URL
	}
	return "sqlite:" + filepath.Join(c.DataDir, "tessera.db")
}

// trustedIssuers are those of the list and the Supabase project.
func (c Config) trustedIssuers() []token.IssuerConfig {
	var out []token.IssuerConfig
	if c.Supabase.URL != "" {
		out = append(out, token.SupabaseIssuer(c.Supabase.URL, c.Supabase.JWTSecret))
	}
	for _, i := range c.Auth.Issuers {
		out = append(out, token.IssuerConfig{
			Issuer: i.Issuer, JWKSURL: i.JWKSURL, Audiences: i.Audiences, Algorithms: i.Algorithms, HS256Secret: i.HS256Secret,
		})
	}
	return out
}

// secrets are the configured values that must not reach a log.
func (c *Config) secrets() []string {
	var out []string
	for _, f := range config.Fields(envPrefix, c) {
		if f.Secret {
			out = append(out, f.Text())
		}
	}
	for _, i := range c.Auth.Issuers {
		out = append(out, i.HS256Secret)
	}
	return out
}
