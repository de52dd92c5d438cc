package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tessera/app/config"
)

type level string

func (l *level) UnmarshalText(b []byte) error { *l = level("<" + string(b) + ">"); return nil }
func (l level) String() string                { return strings.Trim(string(l), "<>") }

type issuer struct {
	URL    string `doc:"Its issuer."`
	Secret string `secret:"true" doc:"Its shared secret."`
	Leeway int    `default:"30" unit:"seconds" doc:"Clock skew."`
}

type limits struct {
	Burst int `default:"3" doc:"How many."`
}

type httpSection struct {
	Limits limits `inline:"true"`

	Addr    string        `default:"127.0.0.1:8080" doc:"Where to listen."`
	Timeout time.Duration `default:"10s" doc:"Longest wait."`
	Proxies []string      `doc:"Whom to believe."`
}

func (h httpSection) Check(report func(field, message string)) {
	if h.Timeout < time.Second {
		report("timeout", "must be 1s at least")
	}
}

type tree struct {
	SecretKey   string `secret:"true" doc:"The key."`
	ExternalURL string `name:"external_url" doc:"Our address."`
	HTTP        httpSection
	Debug       bool     `default:"false" doc:"More logs."`
	Database    string   `secret:"url" default:"sqlite:x.db" doc:"Where data is."`
	Level       level    `default:"info" doc:"Log level."`
	Issuers     []issuer `doc:"Whom we trust."`
}

func load(t *testing.T, yaml string, env ...string) (tree, error) {
	t.Helper()
	source := config.Source{Prefix: "APP", Environ: env, Reserved: []string{"APP_CONFIG"}}
	if yaml != "" {
		source.File = filepath.Join(t.TempDir(), "app.yaml")
		if err := os.WriteFile(source.File, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var into tree
	err := config.Load(&into, source)
	return into, err
}

func TestOrder(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(secret, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := load(t, `
external_url: http://file
http:
  addr: 0.0.0.0:1
  burst: 4
  proxies: [a, b]
level: warn
issuers:
  - url: https://one
    secret: s
`, "APP_HTTP_ADDR=0.0.0.0:2", "APP_SECRET_KEY_FILE="+secret, "APP_CONFIG=x", "OTHER=1", "APP_DEBUG=1")
	if err != nil {
		t.Fatal(err)
	}
	if got.HTTP.Addr != "0.0.0.0:2" || got.HTTP.Timeout != 10*time.Second || got.HTTP.Limits.Burst != 4 || len(got.HTTP.Proxies) != 2 ||
		got.ExternalURL != "http://file" || got.SecretKey != "from-a-file" || !got.Debug || got.Level != "<warn>" ||
		len(got.Issuers) != 1 || got.Issuers[0].Leeway != 30 {
		t.Errorf("got %+v", got)
	}
	got, err = load(t, "", `APP_ISSUERS=[{"url":"https://two","leeway":5}]`, "APP_HTTP_PROXIES=a, b,")
	if err != nil || len(got.Issuers) != 1 || got.Issuers[0].URL != "https://two" || got.Issuers[0].Leeway != 5 || len(got.HTTP.Proxies) != 2 {
		t.Errorf("%v: %+v", err, got)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := load(t, `
secret_kay: x
http:
  addr: [1]
  timeout: 1ms
  timeout: 2s
debug: maybe
issuers:
  - leeway: soon
    nonsense: 1
`, "APP_HTTP_ADR=x", "APP_SECRET_KEY=a", "APP_SECRET_KEY_FILE=/nowhere", "APP_HTTP_ADDR_FILE=/x", "APP_HTTP_TIMEOUT=soon")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"app.yaml:2: secret_kay: no setting has this name",
		"app.yaml:4: http.addr: must be a single value",
		"app.yaml:6: http.timeout: is set twice",
		"app.yaml:7: debug: must be true or false",
		"issuers[0]:9: leeway: must be a whole number",
		"issuers[0]:10: nonsense: no setting has this name",
		"APP_HTTP_ADR: no setting has this name; is APP_HTTP_ADDR meant?",
		"APP_SECRET_KEY_FILE: APP_SECRET_KEY is set as well: set one of them",
		"APP_HTTP_ADDR_FILE: only a secret is read from a file of its own: set APP_HTTP_ADDR itself",
		"APP_HTTP_TIMEOUT: must be a duration, as in 30s, 10m or 1h",
		"APP_HTTP_TIMEOUT: must be 1s at least",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%s", want, err)
		}
	}
	if _, err := load(t, "- a\n"); err == nil || !strings.Contains(err.Error(), "must be a section") {
		t.Errorf("a list as the file: %v", err)
	}
	if _, err := load(t, ":\n\t:"); err == nil || !strings.Contains(err.Error(), "not valid YAML") {
		t.Errorf("broken YAML: %v", err)
	}
}

func TestPrintHidesSecretsAndReadsBack(t *testing.T) {
	got, err := load(t, "", "APP_SECRET_KEY=hunter2", "APP_DATABASE=postgres://u:hunter2@h/db",
		`APP_ISSUERS=[{"url":"https://two","secret":"hunter2"}]`, "APP_EXTERNAL_URL=true")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := config.WriteYAML(&b, &got); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hunter2") || !strings.Contains(b.String(), "postgres://u:xxxxx@h/db") {
		t.Errorf("printed:\n%s", b.String())
	}
	again, err := load(t, b.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if again.HTTP.Timeout != got.HTTP.Timeout || again.HTTP.Limits.Burst != 3 || again.ExternalURL != "true" || again.Level != got.Level {
		t.Errorf("read back %+v", again)
	}
}

func TestMarkdownNamesEveryField(t *testing.T) {
	var b strings.Builder
	var of tree
	if err := config.WriteMarkdown(&b, "APP", &of); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"`APP_HTTP_ADDR`", "`issuers[].leeway`", "## http", "`APP_SECRET_KEY_FILE` may name a file"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("missing %s in\n%s", want, b.String())
		}
	}
}
